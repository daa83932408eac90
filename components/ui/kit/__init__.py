"""What all pages share: shell, shortlist, permalinks, downloads."""

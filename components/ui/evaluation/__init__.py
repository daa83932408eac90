"""The evaluation page's parts."""

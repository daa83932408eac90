"""Serving Basewise to others: docs/hosting.md."""

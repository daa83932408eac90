"""Basewise's parts. Imports point one way: see tests/unit/test_imports.py."""

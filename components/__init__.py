"""Basewise's parts. Imports point one way: pyproject.toml has the layers."""

__version__ = "1.1.0"

"""Choices in the URL: each parameter has one meaning on all pages."""

import importlib
from collections import defaultdict
from pathlib import Path

from components.ui import permalinks
from components.ui.permalinks import Parameter


def test_no_two_choices_share_a_name():
    # They would share a visit's memory too: one page would read the other's value.
    owners: defaultdict[str, set[int]] = defaultdict(set)
    for file in Path(permalinks.__file__).parent.glob("*.py"):
        for value in vars(importlib.import_module(f"components.ui.{file.stem}")).values():
            if isinstance(value, Parameter):
                owners[value.name].add(id(value))
    assert owners
    assert not [name for name, found in owners.items() if len(found) > 1]

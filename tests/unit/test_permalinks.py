"""Choices in the URL: each parameter has one meaning on all pages."""

import importlib
import pkgutil
from collections import defaultdict

import components.ui
from components.ui.kit.permalinks import Parameter


def test_no_two_choices_share_a_name():
    # They would share a visit's memory too: one page would read the other's value.
    owners: defaultdict[str, set[int]] = defaultdict(set)
    for module in pkgutil.walk_packages(components.ui.__path__, "components.ui."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Parameter):
                owners[value.name].add(id(value))
    assert owners
    assert not [name for name, found in owners.items() if len(found) > 1]

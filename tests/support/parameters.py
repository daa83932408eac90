"""What a link may say: the names of all query parameters."""

import importlib
import pkgutil
from collections import defaultdict
from functools import cache

import components.ui
from components.ui.kit.permalinks import Parameter


@cache
def parameters() -> dict[str, list[Parameter]]:
    """The choices that live in the address, by name; each name has one."""
    found: defaultdict[str, list[Parameter]] = defaultdict(list)
    for module in pkgutil.walk_packages(components.ui.__path__, "components.ui."):
        for value in vars(importlib.import_module(module.name)).values():
            listed = value.values() if isinstance(value, dict) else [value]
            for one in listed:
                if isinstance(one, Parameter) and not any(
                    one is known for known in found[one.name]
                ):
                    found[one.name].append(one)
    return dict(found)

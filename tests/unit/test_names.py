"""Names in the code."""

import ast
from pathlib import Path

from benchmarks.serving import REPOSITORY

MODULES = sorted((REPOSITORY / "components").rglob("*.py"))


# Those that are so named already: no more of them.
SO_NAMED = {
    "components/evaluation/evaluate.py",
    "components/evaluation/intervals.py",
    "components/evaluation/readings.py",
    "components/evaluation/work.py",
    "components/ui/evaluation/results.py",
}


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def test_no_more_functions_are_named_as_their_module():
    # `from package import name` would mean the one or the other, by what was imported before.
    assert MODULES
    alike = [
        str(path.relative_to(REPOSITORY)) for path in MODULES if path.stem in functions_of(path)
    ]
    assert set(alike) <= SO_NAMED

"""Names in the code."""

import ast
from pathlib import Path

from benchmarks.serving import REPOSITORY

MODULES = sorted((REPOSITORY / "components").rglob("*.py"))


# The stable entry point for one model and one item.
EXCEPTION = "components/evaluation/evaluate.py"


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, kinds)}


def test_no_function_is_named_as_its_module():
    # `from package import name` would mean the one or the other, by what was imported before.
    assert MODULES
    alike = [
        str(path.relative_to(REPOSITORY)) for path in MODULES if path.stem in functions_of(path)
    ]
    assert alike == [EXCEPTION]

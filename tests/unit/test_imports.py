"""What import-linter (`make lint`) can't say: what a page loads when it runs, and app.py."""

import ast
import subprocess
import sys

import pytest

from benchmarks.serving import REPOSITORY


def test_the_home_page_imports_the_ui_alone():
    tree = ast.parse((REPOSITORY / "app.py").read_text(encoding="utf-8"))
    imported = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported
    assert all(name.startswith("components.ui.") for name in imported)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]


def loaded_by(code: str) -> set[str]:
    """The top-level modules that are loaded once `code` has run in a fresh process."""
    printed = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in printed.stdout.splitlines()[-1].split()}


@pytest.mark.slow
def test_opening_the_leaderboard_imports_neither_torch_nor_transformers():
    code = """
from streamlit.testing.v1 import AppTest
at = AppTest.from_file("app.py")
at.switch_page("pages/leaderboard.py").run(timeout=60)
assert not at.exception, at.exception
assert at.title[0].value == "Leaderboard"
assert len(at.dataframe[0].value) > 100
"""
    assert not loaded_by(code) & {"torch", "transformers"}


def test_the_registry_imports_nothing_heavy():
    code = "from components.registry import load_registry; load_registry()"
    heavy = {"torch", "transformers", "streamlit", "pandas", "huggingface_hub"}
    assert not loaded_by(code) & heavy

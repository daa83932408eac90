"""The house's rule: imports point one way, only the ui room knows Streamlit."""

import ast
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
COMPONENTS = REPOSITORY / "components"
# A room may import itself and those before it. Rooms of one rank do not import each other.
RANKS = (
    {"errors"},
    {"control", "settings"},
    {"registry"},
    {"assets"},
    {"tokenization"},
    {"numbers"},
    {"pricing", "leaderboard"},
    {"engines"},
    {"evaluation"},
    {"charts"},
    {"ui"},
)


def rank(room: str) -> int:
    return next(index for index, rooms in enumerate(RANKS) if room in rooms)


def imported_modules(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(file: Path) -> str:
    return file.relative_to(COMPONENTS).parts[0].removesuffix(".py")


def modules() -> list[Path]:
    return [file for file in COMPONENTS.rglob("*.py") if file != COMPONENTS / "__init__.py"]


def test_every_room_is_ranked():
    rooms = {room_of(file) for file in modules()}
    assert rooms == set().union(*RANKS)


def test_imports_point_one_way():
    violations = []
    for file in modules():
        room = room_of(file)
        for name in imported_modules(file):
            if not name.startswith("components."):
                continue
            other = name.split(".")[1]
            if other != room and rank(other) >= rank(room):
                violations.append(f"{file.relative_to(REPOSITORY)} imports {name}")
    assert not violations


def test_only_the_ui_imports_streamlit():
    offenders = [
        str(file.relative_to(REPOSITORY))
        for file in modules()
        if room_of(file) != "ui"
        and any(name.split(".")[0] == "streamlit" for name in imported_modules(file))
    ]
    assert not offenders


def test_pages_only_import_the_ui():
    for file in [REPOSITORY / "app.py", *sorted((REPOSITORY / "pages").glob("*.py"))]:
        for name in imported_modules(file):
            allowed = name.split(".")[0] == "streamlit" or name.startswith("components.ui.")
            assert allowed, f"{file.name} imports {name}"


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

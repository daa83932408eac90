"""One version, wherever it is written."""

import re
import tomllib

from benchmarks.serving import REPOSITORY
from components import __version__


def test_pyproject_has_the_version_that_the_code_has():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__


def test_the_changelogs_newest_entry_is_this_version():
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    assert entries[0] == "Unreleased"
    assert entries[1] == __version__

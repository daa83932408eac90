"""Every package that is required is explained, with its licence, and none that is not."""

import re
from importlib.metadata import metadata

import pytest

from benchmarks.serving import REPOSITORY
from components.isolation.fork_server import IMPORTS

DOCUMENT = (REPOSITORY / "docs" / "dependencies.md").read_text(encoding="utf-8")
APP, DEVELOPMENT = DOCUMENT.split("## The app")[1].split("## Development")


def required(name: str) -> list[str]:
    lines = (REPOSITORY / name).read_text(encoding="utf-8").splitlines()
    return [found.group() for line in lines if (found := re.match(r"[A-Za-z0-9][\w.-]*", line))]


def explained(part: str) -> dict[str, tuple[str, str]]:
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return {name: (why, licence) for name, why, licence in rows if name != "package"}


@pytest.mark.parametrize(
    ("file", "part"), [("requirements.txt", APP), ("requirements-dev.txt", DEVELOPMENT)]
)
def test_each_requirement_is_explained_in_the_order_of_its_file(file, part):
    assert list(explained(part)) == required(file)
    assert all(why and licence for why, licence in explained(part).values())


@pytest.mark.parametrize("name", [*explained(APP), *explained(DEVELOPMENT)])
def test_a_licence_is_the_one_that_the_package_states(name):
    licence = (explained(APP) | explained(DEVELOPMENT))[name][1]
    stated = metadata(name)
    said = " ".join(
        [
            *(stated.get_all("License-Expression") or []),
            *((text or "")[:2000] for text in stated.get_all("License") or []),
            *(kind for kind in stated.get_all("Classifier") or [] if kind.startswith("License")),
        ]
    )
    if not said:
        pytest.skip("the package states none in its metadata")
    family = re.match(r"(Apache|MIT|BSD|MPL)", licence)
    assert family
    assert family.group() in said


def test_what_the_servers_that_fork_import_is_required():
    imported = {name.split(".")[0] for names in IMPORTS.values() for name in names}
    named = {name.replace("-", "_") for name in required("requirements.txt")}
    assert imported <= named


def test_exact_versions_are_pinned_of_all_that_is_required():
    pinned = {
        re.sub(r"[-_.]+", "-", line.split("==")[0]).lower()
        for line in (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    wanted = [*required("requirements.txt"), *required("requirements-dev.txt")]
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in wanted} <= pinned

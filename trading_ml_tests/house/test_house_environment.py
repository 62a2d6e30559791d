"""The environment: everything pinned and hashed, one name for the code location, one way to run the tests."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture(scope="module")
def pins(root: Path) -> list[str]:
    """The entries of requirements.txt, one logical line each, comments gone."""
    lines = [line for line in (root / "requirements.txt").read_text().splitlines() if not line.lstrip().startswith("#")]
    return [" ".join(entry.split()) for entry in "\n".join(lines).replace("\\\n", " ").splitlines() if entry.strip()]


@pytest.fixture(scope="module")
def pyproject(root: Path) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text())


def test_every_pin_is_exact_and_hashed(pins: list[str]) -> None:
    for entry in pins:
        assert re.match(r"^[A-Za-z0-9._-]+(\[[\w,-]+\])?==[^ ]+ ", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry


def test_the_pins_answer_the_project_file(pins: list[str], pyproject: dict) -> None:
    pinned: dict[str, list[str]] = {}
    for entry in pins:
        name, _, rest = entry.partition("==")
        pinned.setdefault(canonicalize_name(name.partition("[")[0]), []).append(rest.split()[0])
    for line in [*pyproject["project"]["dependencies"], *pyproject["dependency-groups"]["dev"]]:
        wanted = Requirement(line)
        versions = pinned.get(canonicalize_name(wanted.name), [])
        assert versions, f"{line}: not in requirements.txt; make requirements"
        assert all(wanted.specifier.contains(version) for version in versions), f"{line}: pinned {versions}"


def test_the_code_location_has_one_name(root: Path, pyproject: dict) -> None:
    (location,) = yaml.safe_load((root / "workspace.yaml").read_text())["load_from"]
    module = {"module_name": "trading_ml.definitions", "location_name": "trading_ml"}
    assert location["python_module"] == module
    assert pyproject["tool"]["dg"]["project"]["code_location_name"] == module["location_name"]
    assert pyproject["tool"]["dg"]["project"]["code_location_target_module"] == module["module_name"]


def test_dagster_tells_nobody_and_stays_below_the_data_root(root: Path) -> None:
    instance = yaml.safe_load((root / "dagster.yaml").read_text())
    assert instance["telemetry"] == {"enabled": False}
    assert instance["nux"] == {"enabled": False}
    assert instance["storage"]["sqlite"]["base_dir"].startswith("data/dagster")


def test_ci_runs_what_the_readme_says(root: Path) -> None:
    script = (root / ".ci" / "run").read_text()
    readme = (root / "README.md").read_text()
    for command in ("make lint", "make test", "dagster definitions validate"):
        assert command in script
    for command in ("make demo", "make test"):
        assert command in readme

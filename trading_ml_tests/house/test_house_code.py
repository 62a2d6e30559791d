"""Rules of the house that no linter of ours checks: rooms and floors, words, imports, no pickle."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNSAFE_KEYWORDS = {("allow_pickle", True), ("safe_mode", False), ("allow_dangerous_deserialization", True)}
UNSAFE_CALLS = {"eval", "exec", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system"}
AVOIDED = re.compile(r"(?:^|_|(?<=[a-z]))(?:utils?|helpers?|manager|common|misc)(?:$|_|(?=[A-Z]))", re.IGNORECASE)


@pytest.fixture(scope="module")
def trees(sources: dict[str, str]) -> dict[str, ast.Module]:
    return {name: ast.parse(text, name) for name, text in sources.items()}


@pytest.fixture(scope="module")
def floors(root: Path) -> dict[str, bool]:
    """Every placed name, and whether it may still be missing."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    names = [name.strip() for layer in layers for name in layer.split("|")]
    return {name.strip("()"): name.startswith("(") for name in names}


def rooms(root: Path) -> set[str]:
    """Folders and modules directly inside the package."""
    package = root / "trading_ml"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    return folders | {path.stem for path in package.glob("*.py")} - {"__init__"}


def nodes(trees: dict[str, ast.Module], *kinds: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    for name, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, kinds):
                yield f"{name}:{getattr(node, 'lineno', 0)}", node


def imported(node: ast.AST) -> set[str]:
    """Top-level packages that an import statement names."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return {(node.module or "").partition(".")[0]} if isinstance(node, ast.ImportFrom) and not node.level else set()


def test_every_room_has_its_floor_and_every_floor_its_room(root: Path, floors: dict[str, bool]) -> None:
    here = rooms(root)
    assert here <= set(floors)
    assert {name for name, optional in floors.items() if not optional} <= here


def test_every_room_has_its_tests(root: Path) -> None:
    for room in sorted((root / "trading_ml").glob("*/__init__.py")):
        tests = root / "trading_ml_tests" / room.parent.name
        assert list(tests.glob("test_*.py")), f"{room.parent.name} has no tests"


def test_tests_mirror_the_package(root: Path) -> None:
    others = {"contracts", "golden", "integration", "house"}
    folders = {path.name for path in (root / "trading_ml_tests").iterdir() if any(path.glob("*.py"))}
    assert folders - others <= rooms(root)


def test_nothing_unpickles_or_evaluates(trees: dict[str, ast.Module]) -> None:
    found = [at for at, node in nodes(trees, ast.Import, ast.ImportFrom) if imported(node) & UNSAFE_MODULES]
    for at, node in nodes(trees, ast.Call):
        assert isinstance(node, ast.Call)
        keywords = {(k.arg, k.value.value) for k in node.keywords if isinstance(k.value, ast.Constant)}
        if ast.unparse(node.func) in UNSAFE_CALLS or keywords & UNSAFE_KEYWORDS:
            found.append(at)
    assert not found


def test_annotations_are_postponed_except_where_dagster_reads_them(trees: dict[str, ast.Module]) -> None:
    postponed = {
        at.partition(":")[0]
        for at, node in nodes(trees, ast.ImportFrom)
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    }
    for name, tree in trees.items():
        annotated = any(isinstance(node, ast.FunctionDef | ast.AnnAssign | ast.ClassDef) for node in ast.walk(tree))
        if name.startswith("trading_ml/defs/"):
            assert name not in postponed, f"{name}: Dagster's config needs real annotations"
        elif annotated:
            assert name in postponed, f"{name}: from __future__ import annotations is missing"


def test_the_entry_of_the_code_location_stays_small(sources: dict[str, str]) -> None:
    assert len(sources["trading_ml/definitions.py"].splitlines()) <= 15


def test_names_say_what_things_are(trees: dict[str, ast.Module]) -> None:
    named = [(name, Path(name).stem) for name in trees]
    for at, node in nodes(trees, ast.FunctionDef, ast.ClassDef):
        assert isinstance(node, ast.FunctionDef | ast.ClassDef)
        named.append((at, node.name))
    assert not [f"{at} {name}" for at, name in named if AVOIDED.search(name)]

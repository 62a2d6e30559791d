"""Loading: the code location and the command line start without the heavy libraries."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("tensorflow", "keras", "mlflow", "matplotlib", "sklearn", "numba")
LISTS = "import sys, json; print(json.dumps([name for name in {names} if name in sys.modules]))"


def loaded(statement: str, names: tuple[str, ...], root: Path, data: Path) -> list[str]:
    """Which of `names` a fresh interpreter has imported after `statement`."""
    ran = subprocess.run(
        [sys.executable, "-c", f"{statement}\n{LISTS.format(names=names)}"],
        cwd=root, env={**os.environ, "TRADING_ML_DATA": str(data)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(ran.stdout.splitlines()[-1])


def test_the_code_location_loads_nothing_heavy(root: Path, tmp_path: Path) -> None:
    assert loaded("import trading_ml.definitions", HEAVY, root, tmp_path) == []


def test_the_command_line_starts_without_dagster(root: Path, tmp_path: Path) -> None:
    assert loaded("import trading_ml.cli", (*HEAVY, "dagster"), root, tmp_path) == []


@pytest.mark.parametrize(
    "room", ["core", "adapters", "ticks", "bars", "features", "labels", "datasets", "models", "registry", "lineage"]
)
def test_domain_rooms_import_without_dagster(room: str, root: Path, tmp_path: Path) -> None:
    assert loaded(f"import trading_ml.{room}", (*HEAVY, "dagster"), root, tmp_path) == []


def test_the_code_location_loads_within_three_cpu_seconds(root: Path, tmp_path: Path) -> None:
    def spent() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        loaded("import trading_ml.definitions", (), root, tmp_path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(spent() for _ in range(3)) <= 3.0

"""Two ingests at once into a root that neither knows yet: nothing is corrupt, lost or doubled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from trading_ml.core.digest import file_digest
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.ticks import merge, uploads

HEAD = "#RIC,Date-Time,Type,Price,Volume\n"
ROOMS = ("ticks", "uploads", "quarantine")


def _raw(folder: Path) -> list[Path]:
    """Four files of two instruments that overlap in days, and in part in rows; the first holds the oldest day."""
    paths = []
    for number, years in enumerate(((1998, 2024), (2023, 2024), (2023, 2024), (2024, 2025))):
        rows = [
            f"{symbol}.L,{year}-01-0{2 + (number + n) % 3}T10:{n:02}:00Z,{'Trade' if n % 7 else 'Odd'},{9 + n},1"
            for symbol in ("ABC", "XYZ")
            for year in years
            for n in range(20)
        ]
        paths.append(folder / f"{number}.csv")
        paths[-1].write_text(HEAD + "\n".join(rows) + "\n")
    return paths


def _start(root: Path, *paths: Path) -> subprocess.Popen[str]:
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "TRADING_ML_DATA": str(root)}
    command = [sys.executable, "-m", "trading_ml.cli", "ingest", *map(str, paths), "--json"]
    return subprocess.Popen(
        command, env=env, cwd=root.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _digests(root: Path) -> dict[str, str]:
    found = [path for room in ROOMS for path in sorted((root / room).rglob("*")) if path.is_file()]
    return {str(path.relative_to(root)): file_digest(path) for path in found}


def test_two_ingests_at_once_give_what_one_after_the_other_gives(tmp_path: Path) -> None:
    first, second, third, fourth = _raw(tmp_path)
    both = [_start(tmp_path / "both", first, second, third), _start(tmp_path / "both", fourth, third, second)]
    for process in both:
        _, said = process.communicate(timeout=240)
        assert process.returncode == 0, said
    calm = Lake(tmp_path / "calm")
    for path in (first, second, third, fourth):
        uploads.parse(calm, uploads.announce(calm, path).id)
    for cell in merge.stale(calm):
        merge.build(calm, instrument(cell.instrument), cell.date, cell.kind)
    assert _digests(tmp_path / "both") == _digests(calm.root)
    assert not merge.stale(Lake(tmp_path / "both"))
    assert not list((tmp_path / "both" / "tmp").glob("*"))

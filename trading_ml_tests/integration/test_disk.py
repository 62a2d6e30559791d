"""A disk that is full and a folder that is read-only: one clear line, nothing half written, and a rerun completes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from trading_ml.adapters.simulated import MarketParams, write
from trading_ml.core.digest import file_digest
from trading_ml.core.errors import NotWritten
from trading_ml.core.lake import Lake
from trading_ml.ticks import uploads

_INGEST = """
import resource, signal, sys
from pathlib import Path
from trading_ml.core.errors import TradingError
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.ticks import merge, uploads

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the kernel then answers EFBIG, as it would ENOSPC
if int(sys.argv[3]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
lake = Lake(Path(sys.argv[1]))
try:
    known = uploads.announce(lake, Path(sys.argv[2]))
    for cell in uploads.parse(lake, known.id).touched:
        merge.build(lake, instrument(cell.instrument), cell.date, cell.kind)
except TradingError as refusal:
    sys.exit(f"{type(refusal).__name__}: {refusal}")
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    params = MarketParams(symbols=("ALFA",), start=date(2024, 1, 2), end=date(2024, 1, 5))
    return write(tmp_path_factory.mktemp("raw"), params)[0].path


@pytest.fixture(scope="module")
def whole(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What an undisturbed ingest leaves."""
    root = tmp_path_factory.mktemp("whole")
    assert _ingest(root, raw).returncode == 0
    return _published(root)


def _ingest(root: Path, raw: Path, most: int = 0) -> subprocess.CompletedProcess[str]:
    """Ingest in a process of its own, no file of which may grow beyond `most` bytes."""
    command = [sys.executable, "-c", _INGEST, str(root), str(raw), str(most)]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def _published(root: Path) -> dict[str, str]:
    rooms = ("uploads", "quarantine", "ticks")
    files = [path for room in rooms for path in (root / room).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): file_digest(path) for path in files}


@pytest.mark.parametrize("most", [100, 5_000, 84_000, 100_000])
def test_a_full_disk_is_told_in_one_line_and_a_rerun_completes(
    tmp_path: Path, raw: Path, whole: dict[str, str], most: int
) -> None:
    failed = _ingest(tmp_path, raw, most)
    assert failed.returncode
    assert len(failed.stderr.splitlines()) == 1, failed.stderr
    assert f"NotWritten: {tmp_path}: cannot be written (File too large); make room" in failed.stderr
    left = _published(tmp_path)
    assert left.items() <= whole.items()
    assert not list((tmp_path / "tmp").glob("*"))
    assert _ingest(tmp_path, raw).returncode == 0
    assert _published(tmp_path) == whole


def test_a_read_only_folder_is_told_in_one_line(tmp_path: Path, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated, because nothing is read-only to root."""

    def refuse(path: str, *_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(NotWritten, match="cannot be written") as refusal:
        uploads.announce(Lake(tmp_path / "data"), raw)
    assert len(str(refusal.value).splitlines()) == 1
    assert not list(tmp_path.iterdir())

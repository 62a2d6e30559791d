"""Reading goes on where a killed or stopped process left it, and gives the same bytes."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from trading_ml import adapters
from trading_ml.adapters import Chunk, RawFile, lseg
from trading_ml.core.errors import BadFile
from trading_ml.core.lake import Lake
from trading_ml.ticks import checkpoint, parsing, parts, quarantine, records, uploads

LOT = 400
_PARSE = """
import os, sys
from pathlib import Path
from trading_ml.adapters import delimited
from trading_ml.core.lake import Lake
from trading_ml.ticks import parts, uploads

parts.FLUSH_ROWS, dies = int(sys.argv[3]), int(sys.argv[4])
delimited.read.__defaults__ = (None, 8 << 10)  # many blocks in a small file
written = []

def counted(publish):
    def call(*told, **more):
        written.append(told)
        if len(written) == dies:
            os.kill(os.getpid(), 9)
        return publish(*told, **more)
    return call

Lake.write_parquet, Lake.write_bytes = counted(Lake.write_parquet), counted(Lake.write_bytes)
uploads.parse(Lake(Path(sys.argv[1])), sys.argv[2])
print(len(written))
"""


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two instruments, three days, trades among quotes, a broken line now and then."""
    lines = ["#RIC,Date-Time,Type,Price,Volume,Bid Price,Bid Size,Ask Price,Ask Size"]
    for n in range(6_000):
        stamp = f"{'ABC' if n % 3 else 'XYZ'}.L,2024-03-0{1 + n // 2_000}T08:{n // 60 % 60:02}:{n % 60:02}Z"
        told = "Quote,,,9.5,1,9.75,2" if n % 5 == 0 else f"Trade,{9 + n % 7}.5,{1 + n % 11},,,,"
        lines.append(f"{stamp},{told}" if n % 97 else f"{stamp},Trade,none,1,,,,")
    path = tmp_path_factory.mktemp("raw") / "mixed.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n", mtime=0))
    return path


def _parse(lake: Lake, upload: str, dies: int = 0) -> subprocess.CompletedProcess[str]:
    """Read in a process of its own that kills itself just before it publishes for the n-th time."""
    command = [sys.executable, "-c", _PARSE, str(lake.root), upload, str(LOT), str(dies)]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)


def _files(lake: Lake) -> dict[str, bytes]:
    rooms = ("uploads", "quarantine", "reading")
    return {str(path.relative_to(lake.root)): path.read_bytes() for room in rooms
            for path in sorted(lake.path(room).rglob("*")) if path.is_file()}  # fmt: skip


def test_a_killed_reading_goes_on_and_gives_the_same_bytes(tmp_path: Path, raw: Path) -> None:
    calm, killed = Lake(tmp_path / "calm"), Lake(tmp_path / "killed")
    upload = uploads.announce(calm, raw).id
    uploads.announce(killed, raw)
    steps = int(_parse(calm, upload).stdout)
    done = list[int]()
    for dies in (3, 9, 2, steps // 3, steps // 4):
        assert _parse(killed, upload, dies).returncode == -9
        state = killed.path("reading", upload, "checkpoint.json")
        done.append(checkpoint.Checkpoint.model_validate_json(state.read_bytes()).rows if state.exists() else 0)
    assert done == sorted(done)
    assert done[-1] > LOT
    last = _parse(killed, upload)
    assert int(last.stdout) < steps - 10, last.stderr
    assert _files(killed) == _files(calm)
    assert records.parsed(killed, upload).rows == 6_000  # pyright: ignore[reportOptionalMemberAccess]


def test_lines_that_were_read_are_not_parsed_again(raw: Path) -> None:
    whole = list(lseg.ADAPTER.read(RawFile(raw, "0" * 64), None))
    end = max(chunk.end for chunk in whole)
    assert end == 6_001
    assert list(lseg.ADAPTER.read(RawFile(raw, "0" * 64, after=end), None)) == []
    assert len(list(lseg.ADAPTER.read(RawFile(raw, "0" * 64, after=end - 1), None))) == 2
    assert [chunk.last for chunk in whole] == [False, True]


@pytest.mark.parametrize("spoilt", ["recipe", "file"])
def test_what_is_of_no_use_is_read_anew(lake: Lake, raw: Path, spoilt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FLUSH_ROWS", LOT)
    monkeypatch.setattr(quarantine, "HELD_BYTES", 1)
    upload = uploads.announce(lake, raw)
    bench = checkpoint.Bench.of(lake, upload.id)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(parsing, "publish", stop)
        during.setattr(parts.PartWriter, "_flush", _saving(parts.PartWriter._flush))
        with pytest.raises(KeyboardInterrupt):
            uploads.parse(lake, upload.id)
    assert (bench.folder / "checkpoint.json").is_file()
    if spoilt == "recipe":
        monkeypatch.setitem(adapters.ADAPTERS, "lseg", replace(lseg.ADAPTER, declaration="edited"))
    else:
        next(bench.parts.rglob("*.parquet")).unlink()
    assert uploads.parse(lake, upload.id).rows == 6_000
    assert not bench.folder.exists()


def _saving(flush):
    """Every lot is followed by a checkpoint, the last one too."""

    def call(writer: parts.PartWriter, more: bool = True) -> None:
        flush(writer, True)

    return call


def test_a_file_that_breaks_off_leaves_nothing(lake: Lake, raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(file: RawFile, symbol: str | None) -> Iterator[Chunk]:
        yield from lseg.read(file, symbol)
        raise BadFile(file.path, "breaks off")

    monkeypatch.setattr(parts, "FLUSH_ROWS", 1)
    monkeypatch.setitem(adapters.ADAPTERS, "lseg", replace(lseg.ADAPTER, read=broken))
    upload = uploads.announce(lake, raw)
    with pytest.raises(BadFile, match="breaks off"):
        uploads.parse(lake, upload.id)
    assert not lake.path("reading", upload.id).exists()

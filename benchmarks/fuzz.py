"""`python -m benchmarks.fuzz --inputs 100000`: spoiled real files of every format, told from the fit ones or refused.

An input passes when reading it ends in an error of ours or in an account in which every line is there once, kept or
in quarantine. Each is made of its number alone: `--only NUMBER` makes and reads it again. Beside that, once: a gz
bomb, one line of a gigabyte, and links that lead nowhere, in circles and out of the folder.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import traceback
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

from benchmarks.mutations import flip, mutated, packed, splice, truncate
from trading_ml import adapters
from trading_ml.adapters import ADAPTERS, Chunk, RawFile
from trading_ml.core.errors import TradingError
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.ticks import account, merge, uploads

LINES = 60
"""Lines kept of a real file: enough for every kind of row, few enough for thousands of inputs a minute."""
WHOLE = 40
"""One input in so many also goes all the way into ticks."""
MOST_MIB = 1500
"""Resident memory that no run may exceed."""
_COLUMNAR = (".parquet", ".feather")
_Caught = (Exception, pl.exceptions.PanicException)


class Seed(NamedTuple):
    """The beginning of a real file, and the adapter it is of."""

    adapter: str
    name: str
    text: bytes
    """Its first lines, or a small table of the same columns."""

    @property
    def columnar(self) -> bool:
        """Whether it is a table with its types."""
        return self.name.endswith(_COLUMNAR)


class Failure(NamedTuple):
    """An input that did not pass, and what came of it."""

    number: int
    seed: Seed
    told: str


def seeds(folder: Path, simulated: Path) -> list[Seed]:
    """Up to four real files of each adapter in `folder`, the smallest first; the simulated one's are made."""
    from datetime import date

    from trading_ml.adapters.simulated import MarketParams, write

    params = MarketParams(symbols=("ALFA",), start=date(2024, 1, 2), end=date(2024, 1, 4), trades_per_minute=2)
    paths = [written.path for written in write(simulated, params)]
    paths += sorted((p for p in folder.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    found, taken = [], Counter[str]()
    for path in paths:
        try:
            adapter, _ = adapters.detect(path)
        except TradingError:
            continue
        if taken[adapter.name] < 4:
            taken[adapter.name] += 1
            found.append(Seed(adapter.name, path.name.removesuffix(".gz"), _beginning(path)))
    return found


def run(given: list[Seed], numbers: Iterator[int] | range, folder: Path) -> Iterator[Failure | str]:
    """For each number what came of its input: a failure, or how it passed (`read`, `refused`)."""
    by_adapter = sorted({seed.adapter for seed in given})
    for number in numbers:
        rng = random.Random(number)
        name = by_adapter[number % len(by_adapter)]
        seed = rng.choice([seed for seed in given if seed.adapter == name])
        path, complete = _written(seed, folder / f"input{number}", rng)
        try:
            yield _read(seed, path, complete, rng, folder / "lake")
        except TradingError:
            yield "refused"
        except _Caught as caught:
            yield Failure(number, seed, "".join(traceback.format_exception(caught)))
            continue
        path.unlink(missing_ok=True)
        path.parent.rmdir()


def chunks_of(adapter: str, path: Path) -> Iterator[Chunk]:
    """What an adapter reads of a file."""
    return ADAPTERS[adapter].read(RawFile.of(path), None)


def _beginning(path: Path) -> bytes:
    if path.suffix in _COLUMNAR:
        return _small_table(path)
    file = RawFile(path, "")
    block = next(file.blocks(member=file.members[0]))
    return b"".join(block.splitlines(keepends=True)[:LINES])


def _small_table(path: Path) -> bytes:
    sink = pa.BufferOutputStream()
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            pq.write_table(file.read().slice(0, LINES), sink)
    else:
        feather.write_feather(feather.read_table(path).slice(0, LINES), sink)
    return sink.getvalue().to_pybytes()


def _written(seed: Seed, folder: Path, rng: random.Random) -> tuple[Path, bool]:
    """The input as a file, and whether all its lines have to be accounted for."""
    folder.mkdir(parents=True)
    path = folder / seed.name
    if seed.columnar:
        content, complete = rng.choice((flip, flip, truncate, splice))(seed.text, rng), False
    else:
        content, complete = packed(mutated(seed.text, rng), seed.name, rng)
    path.write_bytes(content)
    return path, complete


def _read(seed: Seed, path: Path, complete: bool, rng: random.Random, lake: Path) -> str:
    """Read an input by its own adapter, ask which one it fits, and now and then take it all the way."""
    with suppress(TradingError):
        adapters.detect(path)
    if rng.randrange(WHOLE) == 0:
        _ingest(Lake(lake), path, seed.adapter)
    _accounted(seed.adapter, path, complete)
    return "read"


def _accounted(adapter: str, path: Path, complete: bool) -> None:
    """Every row of a chunk is kept or quarantined, every line of the file is in one chunk, and only once a kind."""
    kept: dict[str, list[int]] = {}
    refused: list[int] = []
    for chunk in chunks_of(adapter, path):
        assert chunk.rows == chunk.frame.height + chunk.quarantine.height, "a chunk does not add up"
        kept.setdefault(chunk.kind, []).extend(chunk.frame["row"])
        refused.extend(chunk.quarantine["row"])
    found = [*refused, *(row for rows in kept.values() for row in rows)]
    assert len(refused) == len(set(refused)), "a line is twice in quarantine"
    assert all(len(rows) == len(set(rows)) for rows in kept.values()), "a line is twice a row"
    assert not set(refused).intersection(*kept.values()) if len(kept) == 1 else True, "a line is kept and refused"
    if complete:
        lines = _line_count(path)
        assert set(found) in (set(range(1, lines + 1)), set(range(2, lines + 1))), (
            f"{lines} lines, rows {sorted(found)}"
        )


def _line_count(path: Path) -> int:
    """Counted without the code under test."""
    raw = path.read_bytes()
    if raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
    elif raw.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            raw = archive.read(archive.namelist()[0])
    return raw.count(b"\n") + (not raw.endswith(b"\n"))


def _ingest(lake: Lake, path: Path, adapter: str) -> None:
    known = uploads.announce(lake, path, adapter)
    cells = uploads.parse(lake, known.id).touched
    for name, kind in {(cell.instrument, cell.kind) for cell in cells}:
        days = [cell.date for cell in cells if (cell.instrument, cell.kind) == (name, kind)]
        merge.build_dates(lake, instrument(name), days, kind)
    account.summary(lake, known.id)


# Of the process itself: `ru_maxrss` of a child begins with what its parent held when it was forked.
_READ = """
import re, sys
from pathlib import Path
from trading_ml.adapters import ADAPTERS, RawFile
from trading_ml.core.errors import TradingError
try:
    rows = sum(chunk.rows for chunk in ADAPTERS[sys.argv[1]].read(RawFile(Path(sys.argv[2]), "0" * 64), None))
except TradingError as refusal:
    rows = str(refusal)[:150]
print(rows, int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def extremes(given: list[Seed], folder: Path, gibibytes: float = 1.0) -> Iterator[str]:
    """Bombs: a gz of one line, of nothing but line ends and of zeros behind each format's first lines; and links."""
    firsts = {seed.adapter: seed for seed in given if not seed.columnar}
    size = int(gibibytes * 2**30)
    for seed, (what, unit) in zip(
        [*firsts.values()], [("one line", b"7"), ("line ends", b"\n"), ("zeros", b"\0")] * len(firsts), strict=False
    ):
        path = folder / f"{seed.name}.gz"
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(seed.text)
            for _ in range(size // 2**20):
                file.write(unit * 2**20)
        command = [sys.executable, "-c", _READ, seed.adapter, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told, peak = (done.stdout.strip() or "traceback 0").rsplit(" ", 1)
        assert done.returncode == 0, f"{seed.adapter}, {what}: {done.stderr[-2000:]}"
        assert int(peak) < MOST_MIB, f"{seed.adapter}, {what}: {peak} MiB"
        packed_in = path.stat().st_size >> 20
        yield f"{seed.adapter}, {gibibytes:g} GiB of {what} in {packed_in} MiB of gz: {told}, peak {peak} MiB"
        path.unlink()
    yield from _links(next(iter(firsts.values())), folder)


def _links(seed: Seed, folder: Path) -> Iterator[str]:
    (inside := folder / "inside").mkdir()
    (folder / seed.name).write_bytes(seed.text)
    for what, target in (("nowhere", "missing"), ("in a circle", "circle"), ("out of the folder", f"../{seed.name}")):
        link = inside / target.split("/")[-1]
        link = inside / "circle" if target == "circle" else link.with_name(f"link_{link.name}")
        link.symlink_to(target)
        try:
            yield f"a link {what}: {len(list(chunks_of(seed.adapter, link)))} chunks"
        except TradingError as refusal:
            yield f"a link {what}: {str(refusal).rpartition(os.sep)[2]}"


def main(words: list[str] | None = None) -> int:
    """Fuzz; 1 where an input failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (%(default)s)")
    parser.add_argument("--only", type=int, help="the one input of this number, kept for a look at it")
    parser.add_argument(
        "--extremes", type=float, default=1.0, help="size of the bombs in GiB, 0 for none (%(default)s)"
    )
    asked = parser.parse_args(words)
    folder = Path(tempfile.mkdtemp(prefix="fuzz_"))
    given = seeds(Settings().market_data.resolve(), folder / "simulated")
    print(f"{len(given)} files of {len({seed.adapter for seed in given})} of {len(ADAPTERS)} adapters")
    if asked.extremes and asked.only is None:
        print(*extremes(given, folder, asked.extremes), sep="\n", flush=True)
    numbers = (
        range(asked.first, asked.first + asked.inputs) if asked.only is None else range(asked.only, asked.only + 1)
    )
    ways, failures, begun = Counter[str](), [], perf_counter()
    for outcome in run(given, numbers, folder):
        if isinstance(outcome, Failure):
            failures.append(outcome)
            print(f"input {outcome.number} of {outcome.seed.adapter} ({outcome.seed.name}): {outcome.told}", flush=True)
        ways["failed" if isinstance(outcome, Failure) else outcome] += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({**ways, "seconds": round(perf_counter() - begun), "peak_mib": peak, "folder": str(folder)}))
    return int(bool(failures) or peak > MOST_MIB)


if __name__ == "__main__":
    sys.exit(main())

"""The lake: one root folder, one way to write into it, so that a reader never sees half a file.

A `Table` holds one Parquet file per instrument and date. The file's footer carries its receipt (what it was
made from, facts, the digest of its bytes), so data and receipt appear in one atomic rename.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from trading_ml.core.digest import canonical
from trading_ml.core.errors import NoData, NotWritten
from trading_ml.core.instruments import key_of, name_of, pick

ROW_GROUP = 131_072
_FOOTER = b"trading_ml"
_COUNTERS = ("seq", "row", "sample")
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


@dataclass(frozen=True)
class Receipt:
    """What a published file is: its rows, the digest of its bytes, what it was made from, and facts."""

    rows: int
    digest: str
    inputs: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Lake:
    """Everything under one root folder; two roots never meet."""

    root: Path

    def path(self, *parts: str) -> Path:
        """A path below the root."""
        return self.root.joinpath(*parts)

    def table(self, *parts: str) -> Table:
        """The table in folder `parts`, for example `lake.table("bars", "1m")`."""
        return Table(self, parts)

    @contextmanager
    def lock(self, *parts: str, wait: bool = True) -> Iterator[bool]:
        """Exclusive right to write `parts`, across processes; the kernel frees it when the holder dies.

        Gives whether the block has it: always, unless it is not to `wait` for another holder.
        """
        path = self.path("locks", "~".join(parts).replace("/", "~") + ".lock")
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("w")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A private folder for unfinished work, removed at the end; `sweep` removes what a killed process left.

        Raises:
            NotWritten: when the disk is full or read-only; what was published before is untouched.
        """
        folder = self.path("tmp", f"{os.getpid()}-{uuid.uuid4().hex[:8]}")
        with self._writing():
            folder.mkdir(parents=True)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Whatever keeps this root from being written is told in one line."""
        try:
            yield
        except OSError as cause:
            if cause.errno not in _UNWRITABLE:
                raise
            fix = "make room, or permit writing there, and run again"
            raise NotWritten(self.root, f"cannot be written ({cause.strerror})", fix) from cause

    def sweep(self) -> int:
        """Remove unfinished work of processes that no longer live; returns how many folders went."""
        dead = [p for p in self.path("tmp").glob("*-*") if not _alive(int(p.name.split("-")[0]))]
        for folder in dead:
            shutil.rmtree(folder, ignore_errors=True)
        return len(dead)

    def write_bytes(self, path: Path, content: bytes) -> None:
        """Publish `content` at `path` in one atomic rename."""
        with self.staging() as folder:
            (folder / "new").write_bytes(content)
            publish(folder / "new", path)

    def write_json(self, path: Path, value: Any) -> None:
        """Publish `value` as readable, key-sorted JSON."""
        text = json.dumps(json.loads(canonical(value)), indent=1, sort_keys=True)
        self.write_bytes(path, text.encode() + b"\n")

    def write_parquet(
        self, path: Path, frame: pl.DataFrame, inputs: str = "", facts: Mapping | None = None, light: bool = False
    ) -> Receipt:
        """Publish `frame` at `path` with its receipt in the footer; equal content gives equal bytes.

        `light` is for what is read whole and seldom: a third less work, a twentieth more bytes, no bounds to skip by.
        """
        with self.staging() as folder:
            receipt = _write(folder / "new", frame, inputs, facts or {}, light)
            publish(folder / "new", path)
        return receipt


@dataclass(frozen=True)
class Table:
    """One Parquet file per instrument and date, below one folder of the lake."""

    lake: Lake
    parts: tuple[str, ...]

    def path(self, instrument: str, day: date) -> Path:
        """Where the partition of `instrument` (`SOURCE:SYMBOL`) and `day` lies."""
        return self.lake.path(*self.parts, key_of(instrument), f"{day.isoformat()}.parquet")

    def instruments(self) -> list[str]:
        """Names of the instruments that have at least one partition."""
        found = self.lake.path(*self.parts).glob("*@*")
        return sorted(name_of(path.name) for path in found if any(map(_is_partition, os.scandir(path))))

    def pick(self, name: str) -> str:
        """Resolve a full name or a bare symbol among the instruments of this table."""
        return pick(name, self.instruments())

    def dates(self, instrument: str) -> list[date]:
        """Published dates of an instrument, ascending."""
        folder = self.lake.path(*self.parts, key_of(instrument))
        return sorted(date.fromisoformat(p.stem) for p in folder.glob("*.parquet"))

    def receipt(self, instrument: str, day: date) -> Receipt | None:
        """The receipt of a partition, or None where it is not published."""
        return receipt_of(self.path(instrument, day))

    def is_current(self, instrument: str, day: date, inputs: str) -> bool:
        """Whether the partition was made from exactly `inputs`."""
        receipt = self.receipt(instrument, day)
        return receipt is not None and receipt.inputs == inputs

    def scan(self, instrument: str, day: date) -> pl.LazyFrame:
        """The rows of one partition, of which only what a query needs is read when it is collected.

        The file is opened here, once: a partition published later cannot mix with this one.

        Raises:
            NoData: when the partition is not published.
        """
        try:
            with self.path(instrument, day).open("rb") as file:
                return pl.scan_parquet(file)
        except FileNotFoundError:
            what = f"{'/'.join(self.parts)} {instrument} {day}"
            raise NoData(what, "is not there", "ingest or build it first") from None

    def read(self, instrument: str, day: date, columns: list[str] | None = None) -> pl.DataFrame:
        """The rows of one partition in memory; see `scan`."""
        rows = self.scan(instrument, day)
        return (rows.select(columns) if columns else rows).collect().rechunk()

    def write(
        self, instrument: str, day: date, frame: pl.DataFrame, inputs: str, facts: Mapping | None = None
    ) -> Receipt:
        """Publish one partition."""
        return self.lake.write_parquet(self.path(instrument, day), frame, inputs, facts)

    def remove(self, instrument: str, day: date) -> None:
        """Withdraw one partition, where its inputs are gone."""
        self.path(instrument, day).unlink(missing_ok=True)


def publish(staged: Path, final: Path) -> None:
    """Move a finished file or folder to its final name: durable first, then visible at once."""
    final.parent.mkdir(parents=True, exist_ok=True)
    for path in [staged, *staged.rglob("*")] if staged.is_dir() else [staged]:
        handle = os.open(path, os.O_RDONLY)
        with suppress(OSError):
            os.fsync(handle)
        os.close(handle)
    staged.replace(final)


def receipt_of(path: Path) -> Receipt | None:
    """The receipt in the footer of a Parquet file this lake wrote, or None where there is no such file."""
    try:
        footer = pq.read_metadata(path)
    except FileNotFoundError:
        return None
    kept = (footer.metadata or {}).get(_FOOTER)
    if kept is None:
        return None
    return Receipt(rows=footer.num_rows, **json.loads(kept))


def _is_partition(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(".parquet")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class _Hashed:
    """A file sink that hashes what passes, so the digest can go into the footer that follows the rows."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.sha = file, hashlib.sha256()
        self.closed = False

    def write(self, block: bytes) -> int:
        self.sha.update(block)
        return self._file.write(block)

    def tell(self) -> int:
        return self._file.tell()

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self.closed = True


def _rises(field: pa.Field) -> bool:
    """Whether a column mostly rises in small steps: times, and integers that count."""
    return pa.types.is_timestamp(field.type) or (field.name in _COUNTERS and pa.types.is_integer(field.type))


def _arrow(frame: pl.DataFrame) -> pa.Table:
    """A frame as it is written: a column without a null says so, which spares writer and readers a level a value."""
    table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    full = [field.name for field in table.schema if not (table[field.name].null_count or pa.types.is_null(field.type))]
    schema = pa.schema(field.with_nullable(field.name not in full) for field in table.schema)
    return pa.Table.from_arrays(table.columns, schema=schema)


def _looked_up(table: pa.Table) -> list[str]:
    """Columns by whose bounds a reader may skip row groups: times, counters, words; nobody looks for exact prices."""
    return [field.name for field in table.schema if not pa.types.is_floating(field.type)]


def _write(path: Path, frame: pl.DataFrame, inputs: str, facts: Mapping[str, Any], light: bool = False) -> Receipt:
    table = _arrow(frame)
    delta = {field.name: "DELTA_BINARY_PACKED" for field in table.schema if _rises(field)}
    plain = [name for name in table.column_names if name not in delta]
    with path.open("wb") as file:
        sink = _Hashed(file)
        writer = pq.ParquetWriter(
            sink, table.schema, compression="lz4" if light else "zstd", compression_level=None if light else 1,
            use_dictionary=plain, column_encoding=delta or None,  # pyright: ignore[reportArgumentType]
            write_statistics=not light and _looked_up(table),  # pyright: ignore[reportArgumentType]
        )  # fmt: skip
        writer.write_table(table, row_group_size=ROW_GROUP)
        sha = sink.sha.copy()
        sha.update(str(table.schema.remove_metadata()).encode())
        kept = {"digest": sha.hexdigest(), "inputs": inputs, "facts": json.loads(canonical(facts))}
        writer.add_key_value_metadata({_FOOTER.decode(): canonical(kept)})
        writer.close()
    return Receipt(rows=table.num_rows, **kept)


__all__ = ["ROW_GROUP", "Lake", "Receipt", "Table", "publish", "receipt_of"]

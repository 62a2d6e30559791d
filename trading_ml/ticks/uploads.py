"""Uploads: a raw file is announced (checked, nothing kept of it yet), then parsed into parts by instrument and date.

Both are idempotent and safe to kill: a file is named by the digest of its bytes, and what was read of it becomes
visible in one rename, that of `parsed.json`.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from trading_ml import adapters
from trading_ml.adapters import Adapter, RawFile, head
from trading_ml.core.errors import BadFile, NoData
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.ticks import parsing, records
from trading_ml.ticks.records import Cell, Parsed, Upload

VERIFY_BYTES = 32 << 20
"""Files up to this size are read to their end before they are accepted."""


class UploadReceipt(Parsed):
    """What `parse` gave, and the cells whose ticks it may have changed."""

    touched: tuple[Cell, ...]
    """Cells the upload is in, and cells it was in before it was read another way."""


@dataclass(frozen=True)
class Status:
    """Where an upload stands."""

    upload: Upload
    state: Literal["announced", "parsed"]
    """`announced` while it has to be read (again), then `parsed`."""
    parsed: Parsed | None
    """What is published of it, be it of an older recipe."""

    @property
    def touched(self) -> tuple[Cell, ...]:
        """The cells it is in."""
        return tuple(part.cell for part in self.parsed.partitions) if self.parsed else ()


def announce(lake: Lake, path: Path, adapter: str | None = None, symbol: str | None = None) -> Upload:
    """Make a raw file known, if it can be read as what it is said to be: `check`, then `record`."""
    return record(lake, check(path, adapter, symbol))


def check(path: Path, adapter: str | None = None, symbol: str | None = None) -> Upload:
    """Look whether a raw file can be read; writes nothing.

    Of files larger than `VERIFY_BYTES` only the beginning is read.

    Args:
        path: The file: plain text, gz, or a zip (of several files where its format has such).
        adapter: Name of its format or of a mapping beside it, or a mapping's file; recognised by its first lines
            where not given.
        symbol: Symbol of all its rows, replacing what the file says.

    Raises:
        BadFile: when it is missing, a directory, empty, truncated, or of another format than `adapter`.
        Unknown: when there is no such adapter.
        BadParams: when `symbol` is empty, or a mapping is wrong.
    """
    path = path.absolute()
    raw, size = RawFile.of(path), path.stat().st_size
    if size <= VERIFY_BYTES:
        _read_through(raw)
    found = _adapter_of(path, adapter)
    if len(raw.members) > 1 and not found.archives:
        raise BadFile(path, f"is a zip of {len(raw.members)} files, not of one", "unpack it and give its files")
    if symbol is not None:
        instrument(f"{found.source}:{symbol}")
    told = {"path": str(path), "name": path.name, "adapter": found.name, "symbol": symbol}
    return Upload(**told, sha256=raw.sha256, bytes=size, mapping=_own_mapping(found))


def check_all(paths: Iterable[Path], adapter: str | None = None, symbol: str | None = None) -> list[Upload]:
    """Check several files at once, in as many threads as the settings allow; of bad ones the first is told."""
    with ThreadPoolExecutor(Settings().workers) as pool:
        return list(pool.map(lambda path: check(path, adapter, symbol), paths))


def record(lake: Lake, upload: Upload) -> Upload:
    """Write down a checked upload. The same bytes are the same upload wherever they lie.

    Of several announcements the last says where the file is and how to read it.
    """
    with lake.lock("uploads", upload.id):
        if records.announced(lake, upload.id) != upload:
            lake.write_json(lake.path("uploads", upload.id, "upload.json"), upload)
    return upload


def parse(lake: Lake, upload_id: str, progress: parsing.Watcher | None = None) -> UploadReceipt:
    """Read an upload into parts, unless it was read by the same recipe before.

    Memory does not grow with the file. The parts of an older recipe are replaced; a killed run leaves either the
    old state or the new one.

    Args:
        lake: Where the upload is.
        upload_id: First 16 hex digits of its sha256.
        progress: Told how far the reading is; by default whoever listens to `core.progress`.

    Raises:
        NoData: when the upload is not known.
        BadFile: when the file is gone, has changed, or breaks off.
        AccountingError: when the adapter lost or invented rows.
    """
    with lake.lock("uploads", upload_id):
        upload = records.announced(lake, upload_id)
        if upload is None:
            raise NoData(f"upload {upload_id}", "is not known", "ingest its file")
        old = records.parsed(lake, upload_id)
        new = old if old and parsing.is_current(lake, upload, old) else parsing.read(lake, upload, progress)
        parsing.drop_replaced(lake, upload, new)
        records.unindex(lake, upload_id, old.zones.keys() - new.zones.keys() if old else ())
    touched = {part.cell for parsed in (old, new) if parsed for part in parsed.partitions}
    return UploadReceipt(**dict(new), touched=tuple(sorted(touched)))


def ledger(lake: Lake) -> list[Status]:
    """Every upload and where it stands, ordered by id."""
    return [_status(lake, upload) for upload in records.known(lake)]


def quarantine(lake: Lake, upload_id: str) -> pl.DataFrame:
    """Rows of an upload that are no ticks: row (line of the file), reason, text.

    Raises:
        NoData: when the upload was not parsed.
    """
    path = records.quarantine_path(lake, upload_id)
    if not path.exists():
        raise NoData(f"upload {upload_id}", "was not parsed", "ingest its file")
    return pl.read_parquet(path)


def _status(lake: Lake, upload: Upload) -> Status:
    parsed = records.parsed(lake, upload.id)
    current = parsed is not None and parsing.is_current(lake, upload, parsed)
    return Status(upload, "parsed" if current else "announced", parsed)


def _read_through(raw: RawFile) -> None:
    blank = [block.isspace() for member in raw.members for block in raw.blocks(member=member)]
    if all(blank):
        raise BadFile(raw.path, "is empty", "fetch it again")


def _adapter_of(path: Path, name: str | None) -> Adapter:
    if name is None:
        return adapters.detect(path)[0]
    own = [adapter for adapter in adapters.beside(path) if adapter.name == name]
    start, chosen = head(path), own[0] if own else adapters.get(name)
    if chosen.fits(start, path.name):
        return chosen
    fits = [f"{other.name} ({why})" for other in adapters.ADAPTERS.values() if (why := other.fits(start, path.name))]
    fix = f"it looks like {' or '.join(fits)}" if fits else "its first lines are of no known format"
    raise BadFile(path, f"is not of the {chosen.name} format", fix)


def _own_mapping(adapter: Adapter) -> dict[str, Any] | None:
    """The mapping of an adapter that is none of the known ones."""
    if adapter is adapters.ADAPTERS.get(adapter.name) or adapter.declaration is None:
        return None
    return adapter.declaration.model_dump(mode="json", exclude_defaults=True)

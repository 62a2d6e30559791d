"""Reading an upload: adapter's chunks into parts, all of it staged and then published in one rename."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic

from trading_ml import adapters
from trading_ml.adapters import Adapter, Chunk, csv
from trading_ml.adapters.raw import RawFile
from trading_ml.core import progress
from trading_ml.core.digest import digest
from trading_ml.core.errors import AccountingError, BadFile
from trading_ml.core.lake import Lake, publish
from trading_ml.ticks import parts, quarantine, records
from trading_ml.ticks.cells import zones_of
from trading_ml.ticks.checkpoint import Bench, Checkpoint
from trading_ml.ticks.parts import PartWriter
from trading_ml.ticks.records import Parsed, Upload, parts_folder, quarantine_path

Watcher = Callable[[int, int, int], None]
"""Told of the file's bytes read, its bytes in total, and rows while a file is read."""


def is_current(lake: Lake, upload: Upload, parsed: Parsed) -> bool:
    """Whether reading the upload again would give what is there: same adapter code, symbol and zones."""
    readable = (upload.mapping or upload.adapter in adapters.ADAPTERS) and parts_folder(lake, upload, parsed).exists()
    return bool(readable) and parsed.recipe == _recipe(upload) and parsed.zones == zones_of(parsed.zones)


def read(lake: Lake, upload: Upload, watch: Watcher | None = None) -> Parsed:
    """Read the file of an upload and publish its parts, its quarantine and, as the last thing, `parsed.json`.

    The caller holds the upload's lock. What a killed or stopped reading left is not read again. Parts lie in a folder
    named after their content, so those of an older reading stay whole until `parsed.json` names the new ones.

    Raises:
        BadFile: when the file is gone, has changed since it was announced, or breaks off.
        AccountingError: when the adapter lost or invented rows.
    """
    if RawFile.of(Path(upload.path)).sha256 != upload.sha256:
        raise BadFile(upload.path, "has changed since it was announced", "ingest it again")
    bench = Bench.of(lake, upload.id)
    try:
        parsed = _published(lake, upload, bench, watch or _Reporter(upload))
    except (BadFile, AccountingError):
        bench.clear()
        raise
    records.index(lake, upload.id, parsed.zones)
    lake.write_json(lake.path("uploads", upload.id, "parsed.json"), parsed)
    bench.clear()
    return parsed


def _published(lake: Lake, upload: Upload, bench: Bench, watch: Watcher) -> Parsed:
    """Read what is still to be read, and move all that was written to where it is found."""
    start = bench.load(digest(_recipe(upload), parts.FLUSH_ROWS, quarantine.HELD_BYTES))
    with lake.staging() as aside:
        with PartWriter(bench, adapter_of(upload).source, start) as writer:
            for chunk in _chunks(upload, start, watch):
                writer.add(chunk)
            partitions = writer.finish()
        folder = digest([part.model_dump(mode="json") for part in partitions])[:12]
        final = lake.path("uploads", upload.id, "parts", folder)
        bench.parts.mkdir(parents=True, exist_ok=True)
        if not final.exists():
            publish(bench.parts, final)
        if quarantine.join(bench.lots(writer.lots), aside / "rows") != sum(writer.quarantined.values()):
            raise AccountingError(upload.path, "lost quarantined rows on the way", "ingest it again")
        publish(aside / "rows", quarantine_path(lake, upload.id))
    return Parsed(
        rows=writer.rows,
        quarantined=writer.quarantined,
        recipe=_recipe(upload),
        zones=writer.zones,
        partitions=partitions,
        folder=folder,
    )


def adapter_of(upload: Upload) -> Adapter:
    """What reads the upload: a known adapter, or one made of the mapping it came with.

    Raises:
        Unknown: when nothing here can read it any more. BadParams: when its mapping is not one any more.
    """
    if upload.mapping is None:
        return adapters.get(upload.adapter)
    return csv.adapter(csv.parse(upload.mapping, f"upload {upload.id}, mapping"))


def drop_replaced(lake: Lake, upload: Upload, parsed: Parsed) -> None:
    """Remove parts that `parsed` no longer names: an older reading's, or a killed one's."""
    for folder in lake.path("uploads", upload.id, "parts").iterdir():
        if folder.name != parsed.folder:
            shutil.rmtree(folder)


def _recipe(upload: Upload) -> str:
    return digest(upload.adapter, adapter_of(upload).recipe, upload.symbol)


def _chunks(upload: Upload, start: Checkpoint, watch: Watcher) -> Iterator[Chunk]:
    """The chunks of an upload; of those that a checkpoint has, as few as its adapter needs to read on from there."""
    taken, rows = deque([0], maxlen=1), start.rows
    after = 0 if upload.symbol else start.line  # one symbol for all is refused when there were several before
    raw = RawFile(Path(upload.path), upload.sha256, after, taken.append)
    for chunk in adapter_of(upload).read(raw, upload.symbol):
        rows += chunk.rows if chunk.end > start.line else 0
        yield chunk
        watch(taken[0], upload.bytes, rows)
    watch(upload.bytes, upload.bytes, rows)


class _Reporter:
    """Tells whoever listens to `core.progress` how far a reading is, how fast, and when it will end."""

    def __init__(self, upload: Upload) -> None:
        self._what = f"read {upload.name}"
        self._first: tuple[float, int, int] | None = None

    def __call__(self, done: int, total: int, rows: int) -> None:
        now = monotonic()
        self._first = self._first or (now, done, rows)
        seconds, more = now - self._first[0], rows - self._first[2]
        note = f"{done / 2**20:,.0f} of {total / 2**20:,.0f} MiB, {rows:,} rows"
        if seconds > 0 and done > self._first[1]:
            left = timedelta(seconds=round(seconds * (total - done) / (done - self._first[1])))
            note += f", {more / seconds:,.0f} rows/s, {left} left"
        progress.report(self._what, done, total, note)

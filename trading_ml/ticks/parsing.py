"""Reading an upload: adapter's chunks into parts, all of it staged and then published in one rename."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trading_ml import adapters
from trading_ml.adapters import Adapter, Chunk, csv
from trading_ml.adapters.raw import BLOCK, RawFile
from trading_ml.core import progress
from trading_ml.core.digest import digest
from trading_ml.core.errors import BadFile
from trading_ml.core.lake import Lake, publish
from trading_ml.ticks import records
from trading_ml.ticks.parts import PartWriter, zones_of
from trading_ml.ticks.quarantine import QuarantineWriter
from trading_ml.ticks.records import Parsed, Upload, parts_folder, quarantine_path

Watcher = Callable[[int, int, int], None]
"""Told of bytes done, bytes in total (decompressed) and rows while a file is read."""


def is_current(lake: Lake, upload: Upload, parsed: Parsed) -> bool:
    """Whether reading the upload again would give what is there: same adapter code, symbol and zones."""
    readable = (upload.mapping or upload.adapter in adapters.ADAPTERS) and parts_folder(lake, upload, parsed).exists()
    return bool(readable) and parsed.recipe == _recipe(upload) and parsed.zones == zones_of(parsed.zones)


def read(lake: Lake, upload: Upload, watch: Watcher | None = None) -> Parsed:
    """Read the file of an upload and publish its parts, its quarantine and, as the last thing, `parsed.json`.

    The caller holds the upload's lock. Parts lie in a folder named after their content, so those of an older
    reading stay whole until `parsed.json` names the new ones.

    Raises:
        BadFile: when the file is gone, has changed since it was announced, or breaks off.
        AccountingError: when the adapter lost or invented rows.
    """
    raw, adapter = RawFile.of(Path(upload.path)), adapter_of(upload)
    if raw.sha256 != upload.sha256:
        raise BadFile(upload.path, "has changed since it was announced", "ingest it again")
    with lake.staging() as stage, lake.staging() as aside:
        with (
            QuarantineWriter(aside / "rows") as quarantine,
            PartWriter(lake, stage, adapter.source, quarantine) as writer,
        ):
            for rows in _chunks(adapter, upload, watch or _reporter(upload)):
                writer.add(rows)
            partitions = writer.finish()
        folder = digest([part.model_dump(mode="json") for part in partitions])[:12]
        records.index(lake, upload.id, writer.zones)
        final = lake.path("uploads", upload.id, "parts", folder)
        if not final.exists():
            publish(stage, final)
        publish(aside / "rows", quarantine_path(lake, upload.id))
    parsed = Parsed(
        rows=writer.rows,
        quarantined=dict(sorted(quarantine.problems.items())),
        recipe=_recipe(upload),
        zones=writer.zones,
        partitions=partitions,
        folder=folder,
    )
    lake.write_json(lake.path("uploads", upload.id, "parsed.json"), parsed)
    return parsed


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


def _chunks(adapter: Adapter, upload: Upload, watch: Watcher) -> Iterator[Chunk]:
    path, passed, rows = Path(upload.path), [0], 0
    total = _text_bytes(path)
    for chunk in adapter.read(_Watched(path, upload.sha256, passed.append), upload.symbol):
        rows += chunk.rows
        yield chunk
        watch(min(sum(passed), total), total, rows)


def _reporter(upload: Upload) -> Watcher:
    return lambda done, total, _rows: progress.report(f"read {upload.name}", done, total)


def _text_bytes(path: Path) -> int:
    """Decompressed size, for progress only: a gz says that of its last member, modulo 4 GiB, in its last bytes."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return size
        file.seek(-4, 2)
        return max(size, int.from_bytes(file.read(4), "little"))


@dataclass(frozen=True)
class _Watched(RawFile):
    """A raw file that tells how many bytes were taken from it."""

    taken: Callable[[int], None]

    def blocks(self, size: int = BLOCK, member: str | None = None) -> Iterator[bytes]:
        """The file's blocks."""
        for block in super().blocks(size, member):
            self.taken(len(block))
            yield block

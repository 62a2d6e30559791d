"""What the lake writes down about an upload: what was announced, and what reading it gave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import polars as pl

from trading_ml.adapters.contract import known_of, schema_of
from trading_ml.core.instruments import key_of, name_of
from trading_ml.core.lake import Lake
from trading_ml.core.params import Params

P = TypeVar("P", bound=Params)


class Cell(NamedTuple):
    """The ticks of one kind, instrument (`SOURCE:SYMBOL`) and local date: the unit that is merged and rebuilt.

    Of bars from files it is a month or a year (see `cells`), under its first date.
    """

    kind: str
    instrument: str
    date: dt.date


class Upload(Params):
    """One raw file known to the system, and how to read it; `uploads/<id>/upload.json`.

    Example:
        >>> upload = Upload(path="/f.csv", name="f.csv", adapter="lseg", symbol=None, sha256="0" * 63 + "a", bytes=1)
        >>> upload.id, upload.number
        ('0000000000000000', 0)
    """

    path: str
    """Where the file was when it was last announced."""
    name: str
    adapter: str
    symbol: str | None
    """The symbol of every row, where the file does not say it or says it wrongly."""
    sha256: str
    bytes: int
    mapping: Mapping[str, Any] | None = None
    """What its columns mean, where that is the user's own mapping and no known adapter says it."""

    @property
    def id(self) -> str:
        """The first 16 hex digits of the file's sha256: the name of its folder and of its Dagster partition."""
        return self.sha256[:16]

    @property
    def number(self) -> int:
        """The same digits as the number in the `upload` column of ticks."""
        return int(self.id, 16)


class Part(Params):
    """What one upload holds for one cell."""

    kind: str
    instrument: str
    date: dt.date
    rows: int
    digest: str
    """Of the rows' content; equal digests need no new merge."""

    @property
    def cell(self) -> Cell:
        """The cell the part goes into."""
        return Cell(self.kind, self.instrument, self.date)


class Parsed(Params):
    """What reading an upload gave; `uploads/<id>/parsed.json`, whose appearance publishes the parts."""

    rows: int
    quarantined: Mapping[str, int]
    """Rows that cannot be read as a tick, by reason."""
    recipe: str
    """Digest of adapter, its source and the symbol: whether the file would be read the same way today."""
    zones: Mapping[str, str]
    """Zone by which each instrument's rows were put into dates."""
    partitions: tuple[Part, ...]
    folder: str
    """Folder of the parts below `uploads/<id>/parts`, named after their content."""


def always_of(kind: str) -> Mapping[str, pl.DataType | type[pl.DataType]]:
    """Columns that rows of a kind have whatever the source (its numbers of rows aside), and their types.

    Parts leave them out where they are empty; ticks have them all.
    """
    elsewhere = known_of(kind) | {"symbol", "row"}
    return {name: type_ for name, type_ in schema_of(kind).items() if name not in elsewhere}


def announced(lake: Lake, upload_id: str) -> Upload | None:
    """The upload as announced, or None where it is not known."""
    return _read(lake.path("uploads", upload_id, "upload.json"), Upload)


def parsed(lake: Lake, upload_id: str) -> Parsed | None:
    """What reading the upload gave, or None where it was not read yet."""
    return _read(lake.path("uploads", upload_id, "parsed.json"), Parsed)


def known(lake: Lake, instrument: str | None = None) -> list[Upload]:
    """Every upload, or those that hold an instrument, ordered by id."""
    if instrument is None:
        ids = (path.parent.name for path in lake.path("uploads").glob("*/upload.json"))
    else:
        ids = (path.name for path in (_index(lake) / key_of(instrument)).glob("*"))
    uploads = (announced(lake, upload_id) for upload_id in ids)
    return sorted((upload for upload in uploads if upload), key=lambda upload: upload.sha256)


def instruments(lake: Lake, upload_ids: Iterable[str] | None = None) -> list[str]:
    """Every instrument that uploads (or some of them) hold."""
    if upload_ids is None:
        return sorted(name_of(path.name) for path in _index(lake).glob("*@*"))
    return sorted({name for each in upload_ids if (held := parsed(lake, each)) for name in held.zones})


def index(lake: Lake, upload_id: str, names: Iterable[str]) -> None:
    """Note which instruments are in an upload. Before its `parsed.json` says so: none is then ever missed."""
    _note(_index(lake), upload_id, names)


def unindex(lake: Lake, upload_id: str, names: Iterable[str]) -> None:
    """Note which instruments are no longer in an upload, after its `parsed.json` says so."""
    for name in names:
        (_index(lake) / key_of(name) / upload_id).unlink(missing_ok=True)


def parsed_since(lake: Lake, moment: int) -> Iterator[tuple[str, Parsed]]:
    """Uploads that were read (again) after a moment, in nanoseconds of the file system's clock, with what that gave."""
    folder = lake.path("uploads")
    for place in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError, NotADirectoryError):
            if (place / "parsed.json").stat().st_ctime_ns > moment and (held := parsed(lake, place.name)):
                yield place.name, held


def quarantine_path(lake: Lake, upload_id: str) -> Path:
    """Where the rows of an upload that are no ticks lie."""
    return lake.path("quarantine", f"{upload_id}.parquet")


def parts_folder(lake: Lake, upload: Upload, parsed: Parsed) -> Path:
    """Where the published parts of an upload lie."""
    return lake.path("uploads", upload.id, "parts", parsed.folder)


def _index(lake: Lake) -> Path:
    """Folder with an empty file `<instrument>/<upload>` for each pair; made anew from the uploads where it is gone.

    With it the uploads of one instrument are found without reading those of all others.
    """
    final = lake.path("ledger")
    if not final.is_dir():
        with lake.lock("ledger"), lake.staging() as folder:
            if not final.is_dir():
                (folder / "new").mkdir()
                for upload in known(lake):
                    held = parsed(lake, upload.id)
                    _note(folder / "new", upload.id, held.zones if held else ())
                (folder / "new").replace(final)
    return final


def _note(folder: Path, upload_id: str, names: Iterable[str]) -> None:
    for name in names:
        place = folder / key_of(name)
        place.mkdir(parents=True, exist_ok=True)
        (place / upload_id).touch()


def _read(path: Path, model: type[P]) -> P | None:
    try:
        return model.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None

"""A data root with many instruments over many years whose ticks are there already: what planning and watching cost.

Of each instrument and year there is a raw file, an upload, a Dagster materialisation of its ticks, and a partition of
the lake for each weekday. A partition holds one trade and is a hard link to the one file of its year, so that two
million of them are made in minutes and take hardly any room.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from trading_ml.core.lake import Lake

LAST_YEAR = 2025
HEADER = "#RIC,Domain,Date-Time,Type,Price,Volume\n"
PROJECT = """\
name: catalogue
instruments: ["lseg:C*"]
bars: {every: 1m}
features: {ret: {use: log_return}}
labels: {up: {use: direction}}
split: {by: date, validation_from: 2024-01-01, test_from: 2025-01-01}
model: {family: dense, units: [4]}
"""


@dataclass(frozen=True)
class Catalogue:
    """So many instruments and years, and the folder for them."""

    folder: Path
    instruments: int
    years: int

    @property
    def root(self) -> Path:
        """The data root."""
        return self.folder / f"{self.instruments}_instruments_{self.years}_years"

    @property
    def symbols(self) -> list[str]:
        """What is traded."""
        return [f"C{number:04d}" for number in range(self.instruments)]

    @property
    def span(self) -> range:
        """The years."""
        return range(LAST_YEAR - self.years + 1, LAST_YEAR + 1)

    def settle(self) -> None:
        """Give this process, and those it starts, the settings of such a catalogue."""
        projects = self.folder / "projects"
        projects.mkdir(parents=True, exist_ok=True)
        (projects / "catalogue.yaml").write_text(PROJECT)
        os.environ["TRADING_ML_DATA"], os.environ["TRADING_ML_PROJECTS"] = str(self.root), str(projects)
        os.environ["TRADING_ML_GRANULARITY"] = "year"
        os.environ["TRADING_ML_FIRST_DATE"] = f"{self.span[0]}-01-01"


def fill(catalogue: Catalogue) -> None:
    """Write the data root: raw files, the ledger of uploads, ticks, and Dagster's partitions and materialisations."""
    from trading_ml.core.lake import Lake

    lake = Lake(catalogue.root)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(partial(_instrument, lake, catalogue.span), catalogue.symbols))
    _materialise(lake, catalogue)


def write_raw(lake: Lake, symbol: str, days: list[date], price: float = 100.0) -> Path:
    """A raw file with a trade on each day, dropped where the sensor looks."""
    path = lake.path("raw", "lseg", f"{symbol}_{days[0]}_{price:g}.csv")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{symbol},Market Price,{day}T12:00:00.000000000Z,Trade,{price},1\n" for day in days)
    path.write_text(HEADER + lines)
    return path


def weekdays(year: int) -> list[date]:
    """Monday to Friday, all year."""
    days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    return [day for day in days if day.weekday() < 5 and day.year == year]


def _instrument(lake: Lake, years: range, symbol: str) -> None:
    for year in years:
        days = weekdays(year)
        _upload(lake, f"lseg:{symbol}", write_raw(lake, symbol, days), days)


def _upload(lake: Lake, name: str, path: Path, days: list[date]) -> None:
    """What reading and merging the file would leave behind, but for the parts, which only another merge reads."""
    from trading_ml.adapters import ADAPTERS
    from trading_ml.core.digest import digest
    from trading_ml.core.instruments import instrument
    from trading_ml.ticks import merge, records, uploads
    from trading_ml.ticks.rules import chosen, rules_digest

    upload = uploads.record(lake, uploads.check(path, "lseg"))
    parts = tuple(records.Part(kind="trades", instrument=name, date=day, rows=1, digest="one") for day in days)
    recipe = digest(upload.adapter, ADAPTERS["lseg"].recipe, None)
    told: dict[str, Any] = {"rows": len(days), "quarantined": {}, "recipe": recipe, "zones": {name: "UTC"}}
    parsed = records.Parsed(**told, partitions=parts, folder="parts")
    records.parts_folder(lake, upload, parsed).mkdir(parents=True)
    lake.write_json(lake.path("uploads", upload.id, "parsed.json"), parsed)
    rules = rules_digest(chosen(instrument(name), "trades"))
    facts = {"uploads": {upload.id: {"rows": 1, "kept": 1, "duplicates": 0, "excluded": {}}}, "texts": {}}
    table, (first, *others) = lake.table("ticks", "trades"), days
    inputs = digest(merge.VERSION, rules, [(upload.sha256, "one")])
    table.write(name, first, _trade(first, upload.number), inputs, facts)
    for day in others:
        os.link(table.path(name, first), table.path(name, day))


def _trade(day: date, upload: int) -> pl.DataFrame:
    import polars as pl

    from trading_ml.adapters import SIDE
    from trading_ml.core.time import NS

    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    told = {"ts_event": (noon, NS), "price": (100.0, pl.Float64), "size": (1.0, pl.Float64), "seq": (2, pl.Int64)}
    told |= {"side": (None, SIDE), "conditions": (None, pl.String), "excluded_by": (None, pl.String)}
    told |= {"upload": (upload, pl.UInt64), "row": (2, pl.UInt32)}
    return pl.select(pl.lit(value).cast(kind).alias(name) for name, (value, kind) in told.items())


def _materialise(lake: Lake, catalogue: Catalogue) -> None:
    """Tell Dagster of the instruments, the uploads, and the ticks of every year."""
    import dagster as dg

    from trading_ml.core.instruments import key_of
    from trading_ml.defs import partitions
    from trading_ml.defs.instance import instance

    told, keys = instance(lake), [key_of(f"lseg:{symbol}") for symbol in catalogue.symbols]
    told.add_dynamic_partitions(partitions.INSTRUMENTS, keys)
    told.add_dynamic_partitions(partitions.UPLOADS, sorted(path.name for path in lake.path("uploads").iterdir()))
    cells = ({"date": str(year), "instrument": key} for key in keys for year in catalogue.span)
    for cell in cells:
        told.report_runless_asset_event(dg.AssetMaterialization("ticks", partition=dg.MultiPartitionKey(cell)))

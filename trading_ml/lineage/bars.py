"""The bars that a sample looks at: its own, those beside them, and those that told its answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from trading_ml.bars import BarParams
from trading_ml.bars.beside import params_of
from trading_ml.core.instruments import Instrument, instrument
from trading_ml.core.joined import NONE, latest, stamps_of, within
from trading_ml.core.lake import Table
from trading_ml.core.other import Bars
from trading_ml.core.settings import Settings
from trading_ml.lineage.sample import Sample, overlapping


@dataclass(frozen=True)
class Shown:
    """Bars of one kind and instrument in order; `frame` has their columns, and where each lies as `day` and `at`."""

    params: BarParams
    traded: Instrument
    frame: pl.DataFrame

    @property
    def told(self) -> dict[str, Any]:
        """Which bars, how many, when the first opened and the last closed, and `rows`: each of them."""
        stamps = {"first": self.frame["ts_open"][:1], "last": self.frame["ts_close"][-1:]}
        bounds = {name: iso(of) for name, of in stamps.items()}
        return {"bars": self.params.name, "instrument": self.traded.name, "count": self.frame.height, **bounds} | {
            "rows": rows(self.frame)
        }


def own(sample: Sample, params: BarParams, back: int, ahead: int = 0) -> Shown:
    """The bars from `back` before the sample's own to `ahead` after it, as they are stored today."""
    table, placed = sample.dataset.lake.table("bars", params.name), sample.bars(back, ahead)
    frames = [
        table.scan(sample.traded.name, day).slice(first, stop - first).collect().with_columns(
            day=pl.lit(day), at=pl.int_range(first, pl.len() + first)
        )
        for day, first, stop in overlapping(placed)
    ]  # fmt: skip
    return Shown(params, sample.traded, pl.concat(frames))


def beside(
    sample: Sample, shown: Shown, room: str, days: Sequence[date], windows: Mapping[str, int]
) -> Iterator[tuple[str, Shown]]:
    """Other bars that scripts look at from a sample's, by script (of those it names by `@needs`, `script.name`).

    Args:
        sample: The sample.
        shown: Its bars, its own last.
        room: `features` or `labels`.
        days: Those of the room's partitions of which it is.
        windows: How many of its bars each script shows.
    """
    table, read = sample.dataset.lake.table(room, sample.dataset.project), defaultdict[tuple[str, str], list](list)
    for receipt in filter(None, (table.receipt(sample.traded.name, day) for day in days)):
        for entry in receipt.facts.get("bars", ())[1:]:
            read[entry["part"], entry["as"]].append(entry)
    for (script, asks), entries in read.items():
        wanted, traded = (
            Bars.model_validate(entries[0]["wanted"]),
            instrument(entries[0]["instrument"], Settings().instruments),
        )
        params, dates = params_of(shown.params, wanted), sorted({day for entry in entries for day in entry["days"]})
        frames = list(_stored(sample.dataset.lake.table("bars", params.name), traded.name, dates))
        if frames and script in windows:
            seen = _seen(shown.frame.tail(windows[script]), pl.concat(frames), wanted)
            yield script if asks == "on" else f"{script}.{asks}", Shown(params, traded, seen)


def iso(stamps: pl.Series) -> str | None:
    """The one moment in a column, as nanoseconds of ISO 8601."""
    return stamps.dt.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").item() if len(stamps) else None


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows ready for JSON."""
    said = pl.selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S.%9fZ")
    return frame.with_columns(said, pl.selectors.date().cast(pl.String)).to_dicts()


def _stored(table: Table, name: str, days: Iterable[str]) -> Iterator[pl.DataFrame]:
    """Bars of those of some days that are there, placed."""
    for day in map(date.fromisoformat, days):
        if table.receipt(name, day):
            yield table.read(name, day).with_columns(day=pl.lit(day), at=pl.int_range(pl.len()))


def _seen(ours: pl.DataFrame, others: pl.DataFrame, wanted: Bars) -> pl.DataFrame:
    """The other bars from the first to the last that ours were given."""
    if wanted.inside:
        first, stop = within(ours, others)
        return others[int(first[0]) : int(stop[-1])]
    found = latest(stamps_of(ours), stamps_of(others), wanted.age)
    found = found[found != NONE]
    return others[int(found[0]) : int(found[-1]) + 1] if len(found) else others.clear()


def after(sample: Sample, params: BarParams, end: int) -> dict[str, Any]:
    """The bars after the sample's own that close by `end`, in nanoseconds: what its answer was told by."""
    ahead = 64
    while True:
        placed = sample.bars(0, ahead)
        closes = stamps_of(placed)[1:]
        if len(closes) < ahead or closes[-1] > end:
            break
        ahead *= 4
    count = int(np.searchsorted(closes, end, "right"))
    bounds = {"first": iso(placed["ts_open"][1:2]), "last": iso(placed["ts_close"][count : count + 1])}
    return {"bars": params.name, "instrument": sample.traded.name, "count": count} | (bounds if count else {})

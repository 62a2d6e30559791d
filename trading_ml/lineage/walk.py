"""The walk: registered version → dataset → sample → bars → ticks → raw file and line, as far as is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from trading_ml.bars import BarParams
from trading_ml.core.errors import OutOfRange, Unknown
from trading_ml.core.lake import Lake
from trading_ml.core.time import NS
from trading_ml.datasets import Dataset
from trading_ml.lineage import bars, dataset, ticks
from trading_ml.lineage.bars import Shown, iso
from trading_ml.lineage.changes import changes, merged
from trading_ml.lineage.sample import Sample
from trading_ml.lineage.what import What


def walk(lake: Lake, what: str, bar: int = 0, on: str | None = None, raw: bool = False) -> dict[str, Any]:
    """Everything a version, a dataset or a sample was made from.

    Of a sample only what it looks at is read: its row, its months of series, its days of bars, its bar's day of ticks,
    its raw file. So that takes as long whatever came before.

    Args:
        lake: The data root.
        what: What it is asked of; see `What`.
        bar: Of a sample, the bar whose ticks are told: so many before its own.
        on: Of a sample, a script whose other bars are gone down to, in place of the project's own: its name, or
            `script.name` of those it names by `@needs`.
        raw: Of a sample, read its raw lines out of large files as well, which takes its time.

    Returns:
        One object ready for JSON. `version` (where one is named) and `dataset`; asked of no sample `events` (when it
        was built and promoted, by whom and why) and `uploads` (its raw files); of a sample `sample`, `bars`, `ticks`
        and `changes`: sentences about what was made anew since, empty where everything is as it was.

    Raises:
        BadInput: when there is no such thing, naming the nearest.
    """
    asked = What.parse(what)
    found, digest = asked.resolve(lake)
    opened = Dataset.open(lake, asked.project, digest)
    told: dict[str, Any] = {"what": what}
    if found:
        told["version"] = found.told()
    told["dataset"] = dataset.told(opened)
    if asked.sample is None:
        return {**told, "events": dataset.happened(opened), "uploads": dataset.uploads(opened)}
    return told | _down(Sample.find(opened, asked.sample), bar, on, raw)


def _down(sample: Sample, bar: int, on: str | None, raw: bool) -> dict[str, Any]:
    """From a sample to the raw lines."""
    content, lake = sample.dataset.manifest, sample.dataset.lake
    params = BarParams.model_validate(content["params"]["bars"])
    windows = {feature["name"]: feature["window"] for feature in content["features"]}
    shown = bars.own(sample, params, max(windows.values()) - 1)
    days = {"features": shown.frame["day"].unique(maintain_order=True).to_list(), "labels": [shown.frame["day"].last()]}
    asking = {"features": windows, "labels": dict.fromkeys(content["params"]["labels"], 1)}
    other = dict(each for room in asking for each in bars.beside(sample, shown, room, days[room], asking[room]))
    chosen = _chosen(other, shown, bar, on)
    at = chosen.frame[chosen.frame.height - 1 - bar]
    made_of = ticks.told(lake, chosen.traded, chosen.params, at["day"].item(), at["at"].item(), raw)
    return {
        "sample": _sample(sample, params, windows),
        "bars": {**shown.told, "beside": {name: of.told for name, of in other.items()}},
        "ticks": {"bars": chosen.params.name, "bar": bars.rows(at)[0], **made_of},
        "changes": [*changes(sample, days, params), *merged(lake, chosen, at["day"].item())],
    }


def _chosen(other: Mapping[str, Shown], shown: Shown, bar: int, on: str | None) -> Shown:
    """The bars among which `bar` is counted."""
    if on is not None and on not in other:
        raise Unknown.of("script that looks at other bars", on, other)
    found = shown if on is None else other[on]
    if not 0 <= bar < found.frame.height:
        raise OutOfRange(f"bar {bar}", f"the sample looks at {found.frame.height:,}, its own being 0")
    return found


def _sample(sample: Sample, params: BarParams, windows: Mapping[str, int]) -> dict[str, Any]:
    """A sample's moment and part, its answers and until when they look, and what it shows of each feature."""
    content, row = sample.dataset.manifest, sample.row
    moments = {key: iso(pl.Series([row[key]]).cast(NS)) for key in ("ts", "label_end")}
    columns = [column for feature in content["features"] for column in feature["columns"]]
    placed = sample.bars(max(windows.values()) - 1, columns=tuple(columns))
    return {
        "number": sample.number,
        "instrument": row["instrument"],
        "ts": moments["ts"],
        "parts": sample.parts,
        "weight": row["weight"],
        "labels": {label["column"]: row[label["column"]] for label in content["labels"]},
        "label_end": moments["label_end"],
        "ahead": bars.after(sample, params, row["label_end"]),
        "features": [_feature(feature, placed.tail(feature["window"])) for feature in content["features"]],
    }


def _feature(feature: Mapping[str, Any], placed: pl.DataFrame) -> dict[str, Any]:
    """A feature's window, and its values at the sample's own bar as the dataset keeps them."""
    last = placed.select(pl.col(feature["columns"]).cast(pl.Float64)).row(-1, named=True)
    values = {name: value if value is None or np.isfinite(value) else str(value) for name, value in last.items()}
    bounds = {"first": iso(placed["ts_open"][:1]), "last": iso(placed["ts_close"][-1:])}
    return {"name": feature["name"], "window": feature["window"], **bounds, "values": values}

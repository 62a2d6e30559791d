"""One instrument's share of a dataset: its chunks, its samples, and an account of every bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.errors import AccountingError, Refused
from trading_ml.core.instruments import Instrument
from trading_ml.core.time import local_date
from trading_ml.datasets.layout import Layout
from trading_ml.datasets.moments import ask, taken
from trading_ml.datasets.params import DatasetParams
from trading_ml.datasets.samplers import NEVER
from trading_ml.datasets.samples import REASONS, judge
from trading_ml.datasets.series import Chunk, Made, Order, Store
from trading_ml.datasets.weights import uniqueness


@dataclass(frozen=True)
class Share:
    """What one instrument brings in."""

    instrument: str
    days: Sequence[date]
    made: Sequence[Made]
    samples: pl.DataFrame
    """Columns of `samples.parquet`, and `date`."""
    account: dict[str, int]
    """`candidates`, `kept`, and the rejected by reason."""

    @property
    def chunks(self) -> list[Chunk]:
        """The chunks that its series consist of."""
        return [made.chunk for made in self.made]


def orders(
    store: Store, params: DatasetParams, layout: Layout, instrument: Instrument, days: Sequence[date]
) -> list[Order]:
    """The chunks that an instrument's share stands on."""
    shown, told = ["ts_open", "ts_close", *layout.features], ["ts_close", *layout.values, *layout.ends]
    return [
        *store.columns("features", instrument.name, days, shown, params.features),
        *store.columns("labels", instrument.name, days, told, params.labels),
        *ask(store, params, instrument, days),
    ]


def collect(
    store: Store,
    params: DatasetParams,
    layout: Layout,
    instrument: Instrument,
    days: Sequence[date],
    made: Sequence[Made],
) -> Share:
    """An instrument's samples, from its chunks alone.

    Raises:
        Refused: when the tables do not fit each other, or a label ends with its sample.
        AccountingError: when bars are neither samples nor rejected for a reason.
    """
    name, chunks = instrument.name, [each.chunk for each in made]
    bars, answers, moments = ([c for c in chunks if c.kind == kind] for kind in ("features", "labels", "moments"))
    features, labels = store.read(bars), store.read(answers)
    asked = store.read(moments) if moments else features.select("ts_close", moment="ts_close")
    for what, other in (("labels", labels), ("bars", asked)):
        if not features["ts_close"].equals(other["ts_close"]):
            raise Refused(f"{params.project}, {name}", f"features and {what} are of different bars", "build both again")
    when = taken(features.select("ts_open", "ts_close", asked["moment"]), f"samples of {params.project}, {name}")
    shown, filter_ = features.select(layout.features), params.samples.where
    verdict = judge(shown, labels.drop("ts_close"), layout.windows, filter_, when != NEVER)
    chosen = labels.with_columns(
        ts=asked["moment"],
        instrument=pl.lit(name, pl.Enum(params.instruments)),
        row=pl.int_range(pl.len(), dtype=pl.Int32),
        label_end=pl.max_horizontal(layout.ends),
        weight=pl.lit(1.0, pl.Float32),
        date=features.select(local_date("ts_open", instrument.zone)).to_series(),
    ).filter(verdict == 0)
    if params.samples.weight == "uniqueness":
        chosen = chosen.with_columns(weight=_uniqueness(chosen, features["ts_close"]))
    samples = chosen.select("instrument", "row", "ts", *layout.values, "label_end", "weight", "date")
    _demand_future(samples, f"{' and '.join(layout.labels)} of {params.project}, {name}")
    account = _account(name, verdict, sum(chunk.rows for chunk in bars), samples.height)
    return Share(name, days, made, samples, account)


def _uniqueness(chosen: pl.DataFrame, closes: pl.Series) -> pl.Series:
    rows, ends = chosen["row"].cast(pl.Int64).to_numpy(), chosen["label_end"].to_physical().to_numpy()
    return pl.Series(uniqueness(rows, ends, closes.to_physical().to_numpy()), dtype=pl.Float32)


def _demand_future(samples: pl.DataFrame, labels: str) -> None:
    known = samples.filter(pl.col("label_end") <= pl.col("ts"))
    if known.height:
        problem = f"ends no later than its sample, first at {known['ts'][0]}"
        raise Refused(labels, problem, "what is known at the sample is a feature, not a label")


def _account(name: str, verdict: NDArray[np.int8], candidates: int, kept: int) -> dict[str, int]:
    rejected = np.bincount(verdict, minlength=len(REASONS) + 1)[1:].tolist()
    if candidates != kept + sum(rejected):
        told = f"{candidates} bars, but {kept} samples and {sum(rejected)} rejected"
        raise AccountingError(name, told, "the tables changed during the build; build again")
    return {"candidates": candidates, "kept": kept, **dict(zip(REASONS, rejected, strict=True))}

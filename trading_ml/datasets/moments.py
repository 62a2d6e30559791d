"""When an instrument's samples are taken: the sampler asked day by day, its answers kept in chunks like the columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trading_ml.core.digest import source_digest
from trading_ml.core.errors import Refused
from trading_ml.core.instruments import Instrument, instrument
from trading_ml.core.lake import Table
from trading_ml.core.settings import Settings
from trading_ml.core.time import NS, day_bounds
from trading_ml.datasets.params import DatasetParams
from trading_ml.datasets.samplers import NEVER, BarClose, Day, Moments
from trading_ml.datasets.series import Order, Store, monthly

STAMPS = ["ts_open", "ts_close"]


def ask(store: Store, params: DatasetParams, instrument: Instrument, days: Sequence[date]) -> Iterable[Order]:
    """Orders of chunks of `ts_close` and `moment` by bar, null where a bar makes no sample; none where every does."""
    sampler, name, bars = params.samples, instrument.name, store.lake.table("bars", params.bars.name)
    if isinstance(sampler, BarClose):
        return ()
    orders = _orders(store, params, instrument)

    def source(day: date) -> list[str | None]:
        receipts = bars.receipt(name, day), orders and orders[0].receipt(orders[1], day)
        return [receipt.digest if receipt else None for receipt in receipts]

    def gather(of: Sequence[date]) -> pl.DataFrame:
        frames = []
        for day in of:
            frame = bars.read(name, day, [*STAMPS, *sampler.columns])
            placed = _placed(*orders, day) if orders else np.empty(0, np.int64)
            taken = sampler.moments(frame, Day(*day_bounds(day, instrument.zone), placed))
            frames.append(frame.select("ts_close", moment=_stamps(taken)))
        return pl.concat(frames)

    asked = sampler.model_dump(mode="json", exclude={"where", "weight"})
    return monthly("moments", name, days, (asked, source_digest(type(sampler))), source, gather)


def taken(frame: pl.DataFrame, culprit: str) -> Moments:
    """The moment of each bar's sample, `NEVER` where it makes none; from `ts_open`, `ts_close` and `moment`.

    Raises:
        Refused: when a moment lies before its bar's close, or after the next bar's open, of which the sample is asked.
    """
    opens, closes = (frame[column].to_physical().to_numpy() for column in STAMPS)
    moments = frame["moment"].to_physical().fill_null(NEVER).to_numpy()
    early = (moments != NEVER) & (moments < closes)
    late = (moments[:-1] > closes[:-1]) & (moments[:-1] > opens[1:])
    for wrong, what in ((early, "before its bar closes"), (late, "after the next bar has opened")):
        if wrong.any():
            bar = frame["ts_close"][int(wrong.argmax())]
            raise Refused(culprit, f"takes the sample of the bar closing at {bar} {what}", "mend the sampler")
    return moments


def _stamps(moments: Moments) -> pl.Series:
    known: NDArray[np.bool_] = moments != NEVER
    return pl.select(pl.when(pl.lit(pl.Series(known))).then(pl.lit(pl.Series(moments)).cast(NS))).to_series()


def _orders(store: Store, params: DatasetParams, own: Instrument) -> tuple[Table, str] | None:
    """The table and the name under which the orders lie, for a sampler that asks for them."""
    if not params.samples.of_orders:
        return None
    named = getattr(params.samples, "instrument", None)
    return store.lake.table("ticks", "orders"), instrument(named, Settings().instruments).name if named else own.name


def _placed(table: Table, name: str, day: date) -> Moments:
    if table.receipt(name, day) is None:
        return np.empty(0, np.int64)
    orders = table.read(name, day, ["ts_event", "excluded_by"]).filter(pl.col("excluded_by").is_null())
    return orders["ts_event"].to_physical().sort().to_numpy()

"""Ticks outside trading hours, by the exchange's own calendar."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import polars as pl
from pydantic import field_validator

from trading_ml.core.errors import BadParams
from trading_ml.core.instruments import Instrument
from trading_ml.core.params import Params
from trading_ml.core.sessions import sessions_around
from trading_ml.core.time import nanoseconds


class SessionParams(Params):
    """Whose hours, and how much around them is kept."""

    calendar: str
    """Calendar of exchange-calendars; the instrument's own where not given."""
    before_open: str | None = None
    """How long before the open to keep too, such as `10m` for an opening auction."""
    after_close: str | None = None
    """How long after the close to keep too, such as `10m` for a closing auction."""

    @field_validator("before_open", "after_close")
    @classmethod
    def _duration(cls, text: str | None) -> str | None:
        try:
            _length(text)
        except BadParams as cause:
            raise ValueError(f"'{text}' {cause.problem}; {cause.fix}") from None
        return text


def session(params: SessionParams) -> pl.Expr:
    """Whether a tick is outside every session [open, close) of the calendar, or in its break.

    Half days, holidays and changes of the clock are those of the calendar. Causal: hours are published before.
    """
    return pl.col("ts_event").to_physical().map_batches(partial(_outside, params), pl.Boolean)


def calendar_of(instrument: Instrument) -> dict[str, Any]:
    """The calendar of an instrument, where its facts name one."""
    return {"calendar": instrument.calendar} if instrument.calendar else {}


def _outside(params: SessionParams, stamps: pl.Series) -> pl.Series:
    ts = stamps.to_numpy()
    if not len(ts):
        return pl.Series([], dtype=pl.Boolean)
    known = sessions_around(params.calendar, int(ts.min()), int(ts.max()))
    latest = np.searchsorted(known.opens - _length(params.before_open), ts, side="right") - 1
    trading = (latest >= 0) & (ts < known.closes[latest] + _length(params.after_close))
    resting = (ts >= known.break_starts[latest]) & (ts < known.break_ends[latest])
    return pl.Series(~trading | resting)


def _length(text: str | None) -> int:
    return nanoseconds(text) if text else 0

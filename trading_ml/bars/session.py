"""Regular trading hours: what lies outside them enters no bar."""

from __future__ import annotations

import polars as pl

from trading_ml.core.errors import BadParams
from trading_ml.core.instruments import Instrument
from trading_ml.core.time import NS
from trading_ml.ticks.rules import RULES, Choice


def regular_hours(instrument: Instrument) -> Choice:
    """The cleaning rule `session` with the sessions of the instrument's exchange, from open to close.

    Raises:
        BadParams: when its facts name no calendar.
    """
    rule = RULES["session"]
    if not (given := rule.defaults(instrument)):
        fix = "give it one in instruments.yaml, such as calendar: XLON"
        raise BadParams(f"bars.session: {instrument.name}", "has no exchange calendar", fix)
    return Choice(rule, rule.params.parse(given, f"bars.session, {instrument.name}"))


def inside(hours: Choice, stamps: pl.Series) -> pl.Series:
    """Whether each stamp is within a session: not before its open, before its close, not in its break."""
    return ~stamps.to_frame("ts_event").select(hours.rule.rejects(hours.params)).to_series()


def lasts(bars: pl.DataFrame) -> pl.Series:
    """The last nanosecond of each bar."""
    return (bars["ts_close"].to_physical() - 1).cast(NS)

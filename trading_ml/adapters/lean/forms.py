"""Lean's tables as forms. Which columns there are, their number says; whose prices and whose clock, the names do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time

import polars as pl

from trading_ml.adapters.contract import bars_of
from trading_ml.adapters.form import NUMBER, TEXT, Column, Fault, Form, Kind, quotient
from trading_ml.adapters.lean.conditions import words
from trading_ml.adapters.lean.naming import Source
from trading_ml.core.time import DAY, NS, SECOND, day_bounds

_MARKS = ("exchange", "condition", "suspicious")
_QUOTE = ("time", "bid", "bid_size", "ask", "ask_size")
_PRICES = ("open", "high", "low", "close")
_BIDS, _ASKS = (tuple(f"{side}_{name}" for name in _PRICES) for side in ("bid", "ask"))
TICK_TRADES = {
    6: ("time", "price", "size", *_MARKS),
    4: ("time", "price", "size", "suspicious"),
    3: ("time", "price", "size"),
}
TICK_QUOTES = {
    8: (*_QUOTE, *_MARKS),
    7: (*_QUOTE, "exchange", "suspicious"),
    6: (*_QUOTE, "suspicious"),
    5: _QUOTE,
    3: ("time", "bid", "ask"),
}
TRADE_BARS = {6: ("time", *_PRICES, "volume")}
QUOTE_BARS = {11: ("time", *_BIDS, "bid_size", *_ASKS, "ask_size")}
INTERVALS = {"second": SECOND, "minute": 60 * SECOND, "hour": 3600 * SECOND, "daily": DAY}

_MARKED = (
    Column("exchange", TEXT, optional=True),
    Column("condition", TEXT, optional=True),
    Column("suspicious", TEXT, optional=True, words=("0", "1")),
)


def tables(of: Source) -> Mapping[int, tuple[str, ...]]:
    """Names of the columns, by their number, of the tables a source may be."""
    if of.resolution == "tick":
        return TICK_QUOTES if of.quotes else TICK_TRADES
    return QUOTE_BARS if of.quotes else TRADE_BARS


def form(of: Source) -> Form:
    """The form of a source's table."""
    if of.resolution == "tick":
        return _tick_quotes(of) if of.quotes else _tick_trades(of)
    return _quote_bars(of) if of.quotes else _trade_bars(of)


def _tick_trades(of: Source) -> Form:
    frame = {
        **_shared(of),
        "price": quotient(pl.col("price"), of.scale),
        "size": pl.col("size"),
        "side": pl.lit(None),
        "conditions": words(*_MARKS, decode=True),
    }
    cells = (Column("price", NUMBER, filled=True), Column("size", NUMBER, filled=True), *_MARKED)
    return _timed(of, cells, Kind("trades", frame))


def _tick_quotes(of: Source) -> Form:
    """Quotes; a side at 0 is no side: Lean tells each side's changes in a line of its own."""
    sides = {}
    for side in ("bid", "ask"):
        there = pl.col(side) != 0
        sides |= {side: pl.when(there).then(quotient(pl.col(side), of.scale))}
        sides |= {f"{side}_size": pl.when(there).then(pl.col(f"{side}_size"))}
    frame = {**_shared(of), **sides, "conditions": words(*_MARKS, decode=False)}
    cells = (
        *(Column(side, NUMBER, filled=True) for side in ("bid", "ask")),
        *(Column(f"{side}_size", NUMBER, optional=True) for side in ("bid", "ask")),
        *_MARKED,
    )
    neither = ((pl.col("bid") == 0) & (pl.col("ask") == 0), pl.lit("bid and ask are 0"))
    return _timed(of, cells, Kind("quotes", frame), neither)


def _trade_bars(of: Source) -> Form:
    frame = {
        "symbol": pl.lit(of.symbol),
        "ts_event": pl.col("ts"),
        **_closed(of),
        **{name: quotient(pl.col(name), of.scale) for name in _PRICES},
        "volume": pl.col("volume"),
    }
    cells = tuple(Column(name, NUMBER, filled=True) for name in (*_PRICES, "volume"))
    return _timed(of, cells, Kind(_kind(of), frame))


def _quote_bars(of: Source) -> Form:
    """Bars on mid, with the last bid and ask; under a symbol of their own, since bars of the trades may lie beside."""
    sides = zip(_PRICES, _BIDS, _ASKS, strict=True)
    frame = {
        "symbol": pl.lit(f"{of.symbol}.quote"),
        "ts_event": pl.col("ts"),
        **_closed(of),
        **{name: quotient(pl.col(bid) + pl.col(ask), 2 * of.scale) for name, bid, ask in sides},
        "volume": pl.lit(0.0),
        "bid": quotient(pl.col("bid_close"), of.scale),
        "ask": quotient(pl.col("ask_close"), of.scale),
    }
    cells = tuple(Column(name, NUMBER, filled=True) for name in (*_BIDS, *_ASKS))
    return _timed(of, cells, Kind(_kind(of), frame))


def _timed(of: Source, cells: tuple[Column, ...], kind: Kind, *wrong: Fault) -> Form:
    """A form whose first column is the time: milliseconds since midnight, or in files without a day date and time."""
    clock = Column("time", NUMBER if of.day else TEXT, filled=True)
    stamp = _since_midnight(of.day, of.zone) if of.day else _on_calendar(of.zone, 0)
    said = f"time is none of {of.day or of.zone}: {{}}"
    unknown = (pl.col("time").is_not_null() & pl.col("ts").is_null(), pl.format(said, pl.col("time").cast(pl.String)))
    return Form((clock, *cells), (kind,), (unknown, *wrong), {"ts": stamp})


def _since_midnight(day: date, zone: str) -> pl.Expr:
    """Milliseconds that a clock on the wall shows after midnight, as times; null where it never shows them."""
    start, end = day_bounds(day, zone)
    shown = pl.col("time").is_between(0, DAY / 10**6, closed="left")
    nanos = (pl.when(shown).then(pl.col("time")) * 10**6).round().cast(pl.Int64)
    if end - start == DAY:
        return (nanos + start).cast(NS)
    midnight = pl.lit(datetime.combine(day, time()), pl.Datetime("ns"))
    return _in_utc(midnight + nanos.cast(pl.Duration("ns")), zone)


def _on_calendar(zone: str, days: int) -> pl.Expr:
    """Local dates and times such as `20130131 09:00` as times, `days` later; null where they are none."""
    local = pl.col("time").str.to_datetime("%Y%m%d %H:%M", time_unit="ns", strict=False)
    return _in_utc(local.dt.offset_by(f"{days}d"), zone)


def _in_utc(local: pl.Expr, zone: str) -> pl.Expr:
    known = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return known.dt.convert_time_zone("UTC")


def _shared(of: Source) -> dict[str, pl.Expr]:
    return {"symbol": pl.lit(of.symbol), "ts_event": pl.col("ts"), "seq": pl.col("row")}


def _closed(of: Source) -> dict[str, pl.Expr]:
    """When a bar ends, where that is not a fixed time after its beginning: a day may have 23 or 25 hours."""
    return {"ts_close": _on_calendar(of.zone, 1)} if of.resolution == "daily" and not of.day else {}


def _kind(of: Source) -> str:
    return bars_of(INTERVALS[of.resolution or "minute"])

"""From a mapping and one file's name to the form of the table in that file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from trading_ml.adapters.contract import bars_of
from trading_ml.adapters.csv.clock import MOMENT, Clock
from trading_ml.adapters.csv.mapping import BarsMapping, MappingParams, TradesMapping
from trading_ml.adapters.form import NUMBER, SHOWN, TEXT, WHOLE, Column, Fault, Form, Kind, quotient
from trading_ml.core.time import SECOND

_TYPES = {"seq": WHOLE, "trades": WHOLE, "trade_id": TEXT, "type": TEXT, "loss_or_profit": TEXT}
"""Of canonical columns that are no numbers with a fraction."""
_NEEDED = {"trades": ("price", "size"), "quotes": (), "bars": ("open", "high", "low", "close"), "orders": ("price",)}
_UNIT = {"s": SECOND, "ms": SECOND // 10**3, "us": SECOND // 10**6, "ns": 1}


@dataclass(frozen=True)
class Told:
    """What one file tells beside its rows.

    Attributes:
        symbol: Symbol of all rows; None where each tells its own.
        midnight: Of the date, where times are told since then.
        interval: Nanoseconds from a bar's open to its close; None while that is not known.
    """

    symbol: str | None
    midnight: datetime | None = None
    interval: int | None = None


def forms(mapping: MappingParams, told: Told) -> tuple[Form, ...]:
    """What the table in a file may be: one form for each delimiter."""
    named = pl.col(mapping.symbol.column or "") if told.symbol is None else pl.lit(told.symbol)
    clock, interval = Clock(mapping.time, told.midnight, named, mapping.origin), told.interval
    raw = mapping.raw
    frame = {"symbol": named, "ts_event": pl.col(MOMENT), **_values(mapping)}
    columns, wrong = [*clock.columns, *_columns(mapping)], [*_other_kinds(mapping), *clock.faults]
    if isinstance(mapping, BarsMapping) and interval is not None:
        frame["ts_close"] = clock.later(interval)
        if mapping.close_time is not None:
            column, closes = clock.moment_in(mapping.close_time)
            columns.append(column)
            wrong.append(_close_fault(mapping, closes, clock.later(interval)))
    kind = Kind(
        bars_of(interval or SECOND) if mapping.kind == "bars" else mapping.kind,
        frame,
        needs=tuple(raw[name] for name in _NEEDED[mapping.kind]),
        either=(raw["bid"], raw["ask"]) if mapping.kind == "quotes" else (),
        settles=isinstance(mapping, BarsMapping) and mapping.settles,
    )
    read, derived = _unique(columns), {MOMENT: clock.moment()}
    return tuple(Form(read, (kind,), tuple(wrong), derived, mark, mapping.header) for mark in mapping.delimiter)


def _values(mapping: MappingParams) -> dict[str, pl.Expr]:
    """Canonical columns beside symbol and time."""
    values = {
        name: quotient(pl.col(column), mapping.price_scale) if name in mapping.prices else pl.col(column)
        for name, column in {**mapping.raw, **mapping.extra}.items()
    }
    if mapping.kind in ("trades", "quotes"):
        values["seq"] = pl.coalesce(values["seq"], "row") if "seq" in values else pl.col("row")
        if mapping.conditions:
            values["conditions"] = _conditions(mapping.conditions)
    if isinstance(mapping, TradesMapping):
        values.setdefault("conditions", pl.lit(None))
        values["side"] = _side(mapping)
    absent = [name for name in mapping.always if name not in values]
    return values | dict.fromkeys(absent, pl.lit(None))


def _conditions(columns: tuple[str, ...]) -> pl.Expr:
    """The first column word for word, of the others `;VALUE[COLUMN]`."""
    first, *others = columns
    marks = [pl.format(f";{{}}[{name}]", pl.col(name)).fill_null("") for name in others]
    return pl.concat_str(pl.col(first).fill_null(""), *marks) if marks else pl.col(first)


def _side(mapping: TradesMapping) -> pl.Expr:
    if mapping.side is None:
        return pl.lit(None)
    word = pl.col(mapping.side.column)
    return pl.when(word.is_in(mapping.side.buy)).then(pl.lit("buy")).when(word.is_not_null()).then(pl.lit("sell"))


def _columns(mapping: MappingParams) -> list[Column]:
    def column(name: str, kind: object = NUMBER, words: tuple[str, ...] = ()) -> Column:
        return Column(name, kind, name == mapping.symbol.column, name in mapping.optional, words)  # pyright: ignore[reportArgumentType]

    found = [column(raw, _TYPES.get(name, NUMBER)) for name, raw in mapping.raw.items()]
    found += [column(raw) for raw in mapping.extra.values()]
    if isinstance(mapping, TradesMapping) and mapping.side is not None:
        found.append(column(mapping.side.column, TEXT, (*mapping.side.buy, *mapping.side.sell)))
    words = (mapping.symbol.column, *mapping.conditions, *mapping.only, *mapping.without)
    return found + [column(name, TEXT) for name in words if name is not None]


def _unique(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Columns by name; one that is read for several reasons has the strictest type of them."""
    found: dict[str, Column] = {}
    for column in columns:
        if column.name not in found or (found[column.name].type is TEXT and column.type is not TEXT):
            found[column.name] = column
    return tuple(found.values())


def _other_kinds(mapping: MappingParams) -> list[Fault]:
    """Readable rows that are something else than the mapping is about."""
    kind = mapping.kind.removesuffix("s")
    listed = [(name, words, True) for name, words in mapping.only.items()]
    listed += [(name, words, False) for name, words in mapping.without.items()]
    faults = []
    for name, words, wanted in listed:
        cell = pl.col(name).cast(pl.String).fill_null("")
        said = pl.format(f"{name} says it is no {kind}: '{{}}'", cell.str.head(SHOWN))
        faults.append((cell.is_in(words) != wanted, said))
    return faults


def _close_fault(mapping: BarsMapping, told: pl.Expr, due: pl.Expr) -> Fault:
    name = str(mapping.close_time)
    unit = pl.duration(nanoseconds=_UNIT.get(mapping.time.format, 1))
    fits = ((told == due) | (told == due - unit)).fill_null(value=False)
    return ~fits, pl.format(
        f"{name} is not an interval after {mapping.time.column}: '{{}}'", pl.col(name).cast(pl.String)
    )

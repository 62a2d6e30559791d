"""How a text table is declared: which columns it has, what their cells must be, and how they become a tick.

A format that is only columns needs nothing else: `lseg` and `bitflyer` are declarations on top of `delimited`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import polars as pl
import pyarrow as pa

from trading_ml.adapters.contract import BARS, interval_of
from trading_ml.core.time import DAY

Fault = tuple[pl.Expr, pl.Expr]
"""Which well-typed lines are no row all the same, and the reason; what follows `: ` in it is the cell."""
SHOWN = 40
"""Characters of a cell that a reason repeats; the quarantine holds the whole line beside it."""
BY_HAND, DIGITAL = datetime(1900, 1, 1, tzinfo=UTC), datetime(1980, 1, 1, tzinfo=UTC)
"""The first days that files tell of: in bars of a day, which were written up later, and in anything finer."""


@dataclass(frozen=True)
class Type:
    """What the cells of a column must be; an empty cell is null in any type.

    Attributes:
        arrow: The type the parser gives.
        polars: The same, in the canonical rows.
        expected: What the quarantine says was expected.
        outline: Pattern every readable cell has; it spares the parser what is plainly something else.
    """

    arrow: pa.DataType
    polars: pl.DataType
    expected: str
    outline: str


_DATE, _OFFSET = r"\d{4}-\d\d-\d\d", r"(Z|[+-]\d\d(:?\d\d)?)"
STAMP = Type(
    pa.timestamp("ns", "UTC"),
    pl.Datetime("ns", "UTC"),
    "a time with an offset",
    rf"^{_DATE}[T ]\d\d[\d:.]*{_OFFSET}$",
)
"""ISO 8601 with up to nine decimals and `Z`, `+01`, `+0100` or `+01:00`; a stamp without offset says no moment."""
LOCAL = Type(pa.timestamp("ns"), pl.Datetime("ns"), "a date or a time without offset", rf"^{_DATE}([T ]\d\d[\d:.]*)?$")
"""ISO 8601 by a clock that the table does not name."""
NUMBER = Type(pa.float64(), pl.Float64(), "a number", r"^[+-]?\.?(\d|(?i)nan|inf)")
EXACT = Type(pa.decimal128(38, 9), pl.Decimal(38, 9), "a number of at most nine decimals", r"^[+-]?\.?\d[\d.eE+-]*$")
"""A number no digit of which may be lost, as a time in seconds."""
WHOLE = Type(pa.int64(), pl.Int64(), "a whole number", r"^-?\d")
TEXT = Type(pa.string(), pl.String(), "text", "")


@dataclass(frozen=True)
class Column:
    """One column of the raw table, found by its name in the header.

    Attributes:
        name: As in the header, without the `#` that some vendors put before the first name.
        type: What its cells must be.
        filled: Every line must hold a value.
        optional: The header may lack it; its cells are null then.
        words: The only words its cells may be (all when empty).
    """

    name: str
    type: Type
    filled: bool = False
    optional: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """How lines of one kind become canonical rows.

    Attributes:
        name: trades, quotes, orders, or bars of an interval such as `bars_1m`.
        frame: Canonical column → expression over the raw columns and `row`.
        when: Which lines are of this kind (all when None).
        needs: Raw columns in which such a line must hold a value.
        either: Raw columns of which at least one must hold a value.
        settles: Whether a bar may open or close outside its range, as daily ones do that close at a settlement price.
    """

    name: str
    frame: Mapping[str, pl.Expr]
    when: pl.Expr | None = None
    needs: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    settles: bool = False

    def possible(self, header: Iterable[str]) -> bool:
        """Whether a file with this header can hold lines of this kind."""
        given = set(header)
        return given.issuperset(self.needs) and (not self.either or not given.isdisjoint(self.either))

    def own(self) -> pl.Expr:
        """Lines of this kind."""
        return pl.lit(True) if self.when is None else self.when


@dataclass(frozen=True)
class Form:
    """A table: its columns and the kinds of lines in it. At least one column is filled.

    Attributes:
        columns: What is read of the table.
        kinds: What its lines are.
        wrong: What else makes a line no row, judged on typed and derived cells.
        derived: Further columns, made once from those read, for kinds and faults to use.
        delimiter: The one character between fields.
        order: Names of all columns in a file without a header line, in the order of the file.
    """

    columns: tuple[Column, ...]
    kinds: tuple[Kind, ...]
    wrong: tuple[Fault, ...] = ()
    derived: Mapping[str, pl.Expr] = field(default_factory=dict)
    delimiter: str = ","
    order: tuple[str, ...] = ()

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Columns the header must have."""
        return tuple(column.name for column in self.columns if not column.optional)

    def fits(self, header: Iterable[str]) -> bool:
        """Whether a file with this header is of this form."""
        given = set(header)
        return given.issuperset(self.required) and any(kind.possible(given) for kind in self.kinds)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What makes a well-typed line no row, first reason first; asked anew, it knows what is still to come."""
        found = [fault for column in self.columns for fault in _cell_faults(column)]
        for kind in self.kinds:
            found += [_absent(kind, (name,)) for name in kind.needs]
            found += [_absent(kind, kind.either)] if kind.either else []
            found += _bar_faults(kind) if kind.name.startswith(BARS) else _size_faults(kind)
            found += _time_faults(kind) if "ts_event" in kind.frame else []
        return (*self.wrong, *found)


def _cell_faults(column: Column) -> list[Fault]:
    cell, name, found = pl.col(column.name), column.name, []
    if column.filled:
        found.append((cell.is_null(), pl.lit(f"{name} is empty")))
    if column.type is NUMBER:
        found.append((cell.is_finite().not_(), pl.format(f"{name} is not finite: {{}}", cell)))
    if column.words:
        said = f"{name} is not one of {', '.join(column.words)}: '{{}}'"
        found.append((pl.all_horizontal(cell != word for word in column.words), pl.format(said, cell.str.head(SHOWN))))
    return found


def _bar_faults(kind: Kind) -> list[Fault]:
    """What no interval of trading can look like."""
    high, low, volume = kind.frame["high"], kind.frame["low"], kind.frame["volume"]
    within = () if kind.settles else ("open", "close")
    found = [
        (high < low, "high is below low"),
        *((~kind.frame[name].is_between(low, high), f"{name} is not from low to high") for name in within),
        (volume < 0, "volume is negative"),
    ]
    return [(kind.own() & wrong, pl.lit(reason)) for wrong, reason in found]


def _size_faults(kind: Kind) -> list[Fault]:
    """A size may be zero, as some venues report a price without a trade; less than nothing cannot change hands."""
    sizes = [name for name in ("size", "bid_size", "ask_size") if name in kind.frame]
    return [(kind.own() & (kind.frame[name] < 0), pl.lit(f"{name} is negative")) for name in sizes]


def _time_faults(kind: Kind) -> list[Fault]:
    """No file tells of what is still to come; by a day, clocks and zones may differ."""
    daily = kind.name.startswith(BARS) and interval_of(kind.name) >= DAY
    moment, first, last = kind.frame["ts_event"], BY_HAND if daily else DIGITAL, datetime.now(UTC) + timedelta(days=1)
    shown = moment.dt.strftime("%Y-%m-%d")
    return [
        (kind.own() & (moment < first), pl.format(f"time lies before {first.year}: {{}}", shown)),
        (kind.own() & (moment > last), pl.format("time lies in the future: {}", shown)),
    ]


def _absent(kind: Kind, names: tuple[str, ...]) -> Fault:
    nothing = pl.all_horizontal(pl.col(name).is_null() for name in names)
    return kind.own() & nothing, pl.lit(f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} empty")


def quotient(cells: pl.Expr, divisor: float) -> pl.Expr:
    """Cells divided to the nearest number there is: Polars multiplies by 1 / divisor, which is not always that.

    Example:
        >>> prices = pl.DataFrame({"price": [1674200.0, 1674300.0]})
        >>> prices.select(pl.col("price") / 10_000)["price"].to_list()
        [167.42000000000002, 167.43]
        >>> prices.select(quotient(pl.col("price"), 10_000))["price"].to_list()
        [167.42, 167.43]
    """
    if divisor == 1:
        return cells
    return cells.map_batches(lambda column: pl.Series(column.to_numpy() / divisor).fill_nan(None), pl.Float64)

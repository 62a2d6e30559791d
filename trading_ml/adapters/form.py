"""How a text table is declared: which columns it has, what their cells must be, and how they become a tick.

A format that is only columns needs nothing else: `lseg` and `bitflyer` are declarations on top of `delimited`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl
import pyarrow as pa

from trading_ml.adapters.contract import KindName

SHOWN = 40
"""Characters of a cell that a reason repeats; the quarantine holds the whole line beside it."""


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


STAMP = Type(
    pa.timestamp("ns", "UTC"),
    pl.Datetime("ns", "UTC"),
    "a time with an offset",
    r"^\d{4}-\d\d-\d\d[T ]\d\d[\d:.]*(Z|[+-]\d\d(:?\d\d)?)$",
)
"""ISO 8601 with up to nine decimals and `Z`, `+01`, `+0100` or `+01:00`; a stamp without offset says no moment."""
NUMBER = Type(pa.float64(), pl.Float64(), "a number", r"^[+-]?\.?(\d|(?i)nan|inf)")
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
        name: trades or quotes.
        frame: Canonical column → expression over the raw columns and `row`.
        when: Which lines are of this kind (all when None).
        needs: Raw columns in which such a line must hold a value.
        either: Raw columns of which at least one must hold a value.
    """

    name: KindName
    frame: Mapping[str, pl.Expr]
    when: pl.Expr | None = None
    needs: tuple[str, ...] = ()
    either: tuple[str, ...] = ()

    def possible(self, header: Iterable[str]) -> bool:
        """Whether a file with this header can hold lines of this kind."""
        given = set(header)
        return given.issuperset(self.needs) and (not self.either or not given.isdisjoint(self.either))

    def own(self) -> pl.Expr:
        """Lines of this kind."""
        return pl.lit(True) if self.when is None else self.when


@dataclass(frozen=True)
class Form:
    """A text table: its columns and the kinds of lines in it. At least one column is filled."""

    columns: tuple[Column, ...]
    kinds: tuple[Kind, ...]

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Columns the header must have."""
        return tuple(column.name for column in self.columns if not column.optional)

    def fits(self, header: Iterable[str]) -> bool:
        """Whether a file with this header is of this form."""
        given = set(header)
        return given.issuperset(self.required) and any(kind.possible(given) for kind in self.kinds)

    @cached_property
    def faults(self) -> tuple[tuple[pl.Expr, pl.Expr], ...]:
        """Pairs of (which well-typed lines are no tick all the same, the reason), first reason first."""
        found = [fault for column in self.columns for fault in _cell_faults(column)]
        for kind in self.kinds:
            found += [_absent(kind, (name,)) for name in kind.needs]
            found += [_absent(kind, kind.either)] if kind.either else []
        return tuple(found)


def _cell_faults(column: Column) -> list[tuple[pl.Expr, pl.Expr]]:
    cell, name, found = pl.col(column.name), column.name, []
    if column.filled:
        found.append((cell.is_null(), pl.lit(f"{name} is empty")))
    if column.type is NUMBER:
        found.append((cell.is_finite().not_(), pl.format(f"{name} is not finite: {{}}", cell)))
    if column.words:
        said = f"{name} '{{}}' is not one of {', '.join(column.words)}"
        found.append((cell.is_in(column.words).not_(), pl.format(said, cell.str.head(SHOWN))))
    return found


def _absent(kind: Kind, names: tuple[str, ...]) -> tuple[pl.Expr, pl.Expr]:
    nothing = pl.all_horizontal(pl.col(name).is_null() for name in names)
    return kind.own() & nothing, pl.lit(f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} empty")

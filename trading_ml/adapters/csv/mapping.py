"""Mappings: what the columns of a plain table mean, in a few lines of YAML beside it (`<anything>.mapping.yaml`).

    kind: trades                       # or quotes, bars, orders
    source: cme                        # instruments become cme:ES; the mapping's name by default
    columns: {price: Price, size: Volume}
    time: {column: DateTime, zone: America/Chicago}
    symbol: {file: '^([A-Z]+)_'}

Columns are called as in the header; `header` gives their names, in order, where a file has none. Errors name the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import yaml
from pydantic import Field, field_validator, model_validator

from trading_ml.adapters.contract import known_of, schema_of
from trading_ml.adapters.csv.columns import BarColumns, OrderColumns, QuoteColumns, TradeColumns
from trading_ml.adapters.csv.moment import Moment, Pattern
from trading_ml.core.errors import BadParams, nearest
from trading_ml.core.params import Params
from trading_ml.core.time import nanoseconds

SUFFIX = ".mapping.yaml"


class Symbol(Params):
    """Where the symbol stands; without it, it has to be given with the file."""

    column: str | None = None
    value: str | None = None
    file: Pattern | None = None
    """Groups taken from the file's name, joined by `.` and in capitals."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(given is not None for given in (self.column, self.value, self.file)) > 1:
            raise ValueError("give one of column, value, file")
        return self

    def told(self, name: str) -> str | None:
        """The symbol of every row of a file called `name`, if it is known."""
        found = re.search(self.file, name) if self.file else None
        return ".".join(filter(None, found.groups())).upper() if found else self.value


class Side(Params):
    """Which words mean that the buyer, or the seller, was the aggressor; an empty cell means nobody knows."""

    column: str
    buy: tuple[str, ...]
    sell: tuple[str, ...]


class MappingParams(Params):
    """What every mapping says."""

    prices: ClassVar[tuple[str, ...]] = ()
    """Canonical columns in price units."""

    name: str
    """Of the adapter; by default the file's, without `.mapping.yaml`."""
    kind: Any
    """What the rows are; each kind has a mapping of its own below."""
    columns: Any
    """By canonical column, the raw one."""
    time: Moment
    symbol: Symbol = Symbol()
    source: str | None = None
    """Source of the instruments; the name by default. Mappings with one source tell of the same instruments."""
    summary: str = ""
    header: tuple[str, ...] = ()
    """Names of all columns in order, for files without a header line."""
    delimiter: str = Field(default=",", pattern=r'^[^"\r\n\\]+$')
    """The character between fields, or several of which each file has one."""
    optional: tuple[str, ...] = ()
    """Columns that a file may lack."""
    price_scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Prices are divided by it."""
    only: Mapping[str, tuple[str, ...]] = {}
    """By column, the words of rows that are of the kind; other rows go to the quarantine under their word."""
    without: Mapping[str, tuple[str, ...]] = {}
    """By column, the words of rows that are not."""
    extra: Mapping[str, str] = {}
    """Further numbers to keep: their names here, and the columns."""

    @property
    def origin(self) -> str:
        """Source of the instruments."""
        return self.source or self.name

    @property
    def raw(self) -> Mapping[str, str]:
        """By canonical column, the raw one of each number or word."""
        return self.columns.model_dump(exclude={"conditions"}, exclude_none=True)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The raw columns of the conditions."""
        given = getattr(self.columns, "conditions", None) or ()
        return (given,) if isinstance(given, str) else given

    @property
    def always(self) -> frozenset[str]:
        """Canonical columns that are null where the source does not have them."""
        return frozenset(schema_of(self.kind)) - known_of(self.kind) - {"symbol", "ts_event", "ts_close", "row"}

    @field_validator("extra")
    @classmethod
    def _free(cls, extra: Mapping[str, str], info: Any) -> Mapping[str, str]:
        taken = {*schema_of(info.data["kind"]), "upload", "excluded_by"} if "kind" in info.data else set()
        if twice := sorted(extra.keys() & taken):
            raise ValueError(f"'{twice[0]}' is a column of {info.data['kind']}; call it otherwise")
        return extra

    @model_validator(mode="after")
    def _readable(self) -> Self:
        told = (self.time.column, self.symbol.column, *self.conditions, *self.only, *self.without)
        if "row" in (*told, *self.raw.values(), *self.extra.values()):
            raise ValueError("a column called 'row' cannot be read, that is the number of the line; call it otherwise")
        return self

    @field_validator("name", "source")
    @classmethod
    def _plain(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
            raise ValueError("may hold letters, digits, _, - and . only")
        return name


class TradesMapping(MappingParams):
    """A table of trades."""

    prices: ClassVar = ("price",)
    kind: Literal["trades"]
    columns: TradeColumns
    side: Side | None = None


class QuotesMapping(MappingParams):
    """A table of quotes."""

    prices: ClassVar = ("bid", "ask")
    kind: Literal["quotes"]
    columns: QuoteColumns


class Interval(Params):
    """Where the length of bars stands: groups taken from the file's name, joined."""

    file: Pattern

    def told(self, name: str) -> str | None:
        """The length in the name of a file, if there is one."""
        found = re.search(self.file, name)
        return "".join(filter(None, found.groups())).lower() if found else None


class BarsMapping(MappingParams):
    """A table of bars of one length, by the time they open."""

    prices: ClassVar = ("open", "high", "low", "close", "vwap")
    kind: Literal["bars"]
    columns: BarColumns
    interval: str | Interval | None = None
    """A length such as 1m, or where it stands; else it is the step most of the first bars are apart."""
    settles: bool = False
    """Whether a bar may open or close outside its range, as daily ones do that close at a settlement price."""
    close_time: str | None = None
    """Column of the close, in the format of the open: it must be an interval later, or one unit less."""

    @field_validator("interval")
    @classmethod
    def _duration(cls, interval: str | Interval | None) -> str | Interval | None:
        if isinstance(interval, str):
            try:
                nanoseconds(interval)
            except BadParams as cause:
                raise ValueError(f"{cause.problem}; {cause.fix}") from None
        return interval


class OrdersMapping(MappingParams):
    """A table of completed orders."""

    prices: ClassVar = ("price", "stop", "limit", "stop_price", "limit_price")
    kind: Literal["orders"]
    columns: OrderColumns


KINDS: Mapping[str, type[MappingParams]] = {
    "trades": TradesMapping,
    "quotes": QuotesMapping,
    "bars": BarsMapping,
    "orders": OrdersMapping,
}


def parse(raw: Any, where: str) -> MappingParams:
    """A mapping from what its YAML says.

    Raises:
        BadParams: naming `where` and the key.
    """
    if not isinstance(raw, dict):
        raise BadParams(where, "is not a mapping of keys", "write kind, columns and time")
    kind = raw.get("kind")
    if kind not in KINDS:
        problem = "is required but missing" if kind is None else f"'{kind}' is not a known value"
        raise BadParams(f"{where}.kind", problem, nearest(str(kind), KINDS))
    return KINDS[str(kind)].parse(raw, where)


def load(path: Path) -> MappingParams:
    """The mapping in a file; its name is the file's where it says none.

    Raises:
        BadParams: when it is missing, no YAML, or not a mapping; naming the key.
    """
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as cause:
        raise BadParams(path, "cannot be read", str(cause)) from None
    except yaml.YAMLError as caught:
        raise BadParams(path, f"is not YAML: {getattr(caught, 'problem', caught)}") from None
    if isinstance(raw, dict):
        raw.setdefault(
            "name", re.sub(r"[^A-Za-z0-9_.-]", "_", path.name.removesuffix(".yaml").removesuffix(".mapping"))
        )
    return parse(raw, path.name)

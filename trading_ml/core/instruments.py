"""Instruments: `SOURCE:SYMBOL`, the facts known about each, and the one escape for paths and partition keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field, field_validator, model_validator

from trading_ml.core.errors import BadInput, BadParams, Unknown
from trading_ml.core.params import Params

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-=^$#+")

Ratio = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Split(Params):
    """A change of the number of shares: from `date` on there are `ratio` for each one before."""

    date: date
    """First local date on which the new shares trade."""
    ratio: Ratio
    """New shares per old one: 7 for a 7:1 split, 0.1 where ten shares become one."""


class Factor(Params):
    """Any other break in the price: prices before `date` compare with later ones when multiplied by `factor`."""

    date: date
    """First local date that trades on the new footing: of a dividend, the ex-date."""
    factor: Ratio
    """Of a dividend: 1 − dividend / last close before."""


class RuleUse(Params):
    """A cleaning rule by name, with parameters: `outlier` or `{outlier: {ticks: 101}}`."""

    name: str
    params: Mapping[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"name": given}
        if isinstance(given, Mapping) and len(given) == 1 and isinstance(params := next(iter(given.values())), Mapping):
            return {"name": next(iter(given)), "params": params}
        return given


class Facts(Params):
    """What is known about an instrument beside its name."""

    zone: str = "UTC"
    """IANA zone whose calendar date partitions the ticks and anchors the bars."""
    calendar: str | None = None
    """Exchange calendar (an exchange-calendars name) of its sessions."""
    tick_size: float | None = None
    """Smallest price step, in price units."""
    currency: str | None = None
    """Currency of the price."""
    splits: tuple[Split, ...] = ()
    """Changes of the number of shares. Raw prices are stored; adjusted ones are computed when they are read."""
    factors: tuple[Factor, ...] = ()
    """Other breaks in the price, such as dividends."""
    rules: tuple[RuleUse, ...] = (RuleUse(name="default"),)
    """Cleaning rules, tried in this order; `default` stands for those that are on by default."""

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except Exception as cause:
            raise ValueError(f"'{zone}' is not an IANA time zone") from cause
        return zone


class Instrument(Facts):
    """One tradable thing at one source.

    Example:
        >>> Instrument(source="bitflyer", symbol="BTC_JPY").key
        'bitflyer@BTC_JPY'
    """

    source: str
    symbol: str

    @property
    def name(self) -> str:
        """`SOURCE:SYMBOL`, as users write it."""
        return f"{self.source}:{self.symbol}"

    @property
    def key(self) -> str:
        """The escaped name, safe as a folder name and as a Dagster partition key."""
        return key_of(self.name)


def key_of(name: str) -> str:
    """Escape `SOURCE:SYMBOL` for paths and partition keys; `name_of` undoes it.

    Example:
        >>> key_of("trth:BRK/B"), name_of("trth@BRK%2FB")
        ('trth@BRK%2FB', 'trth:BRK/B')
    """
    source, _, symbol = name.partition(":")
    return f"{_escape(source)}@{_escape(symbol)}"


def name_of(key: str) -> str:
    """The `SOURCE:SYMBOL` behind an escaped key."""
    source, _, symbol = key.partition("@")
    return f"{unquote(source)}:{unquote(symbol)}"


def _escape(text: str) -> str:
    escaped = "".join(c if c in _SAFE else "".join(f"%{b:02X}" for b in c.encode()) for c in text)
    return escaped.replace("..", "%2E%2E")  # ".." is a path's parent, "..." Dagster's range of partition keys


def instrument(name: str, overrides: Path | None = None) -> Instrument:
    """The instrument called `name` (`SOURCE:SYMBOL`), with its facts from the packaged and the user's list.

    Raises:
        BadParams: when `name` has no source, or the list of facts cannot be read.
    """
    source, colon, symbol = name.partition(":")
    if not (source and colon and symbol):
        raise BadParams(name, "is not SOURCE:SYMBOL", "write for example bitflyer:BTC_JPY")
    facts: dict[str, Any] = {}
    stamp = overrides.stat().st_mtime_ns if overrides and overrides.is_file() else 0
    for entry in _entries(str(overrides) if stamp else None, stamp):
        if fnmatchcase(name, entry["match"]):
            facts |= {key: value for key, value in entry.items() if key != "match"}
    return Instrument.parse({"source": source, "symbol": symbol, **facts}, f"instruments, {name}")


def pick(name: str, known: Iterable[str]) -> str:
    """Resolve what a user typed (full name or bare symbol) among the known `SOURCE:SYMBOL` names.

    Raises:
        Unknown: when nothing matches. BadInput: when a bare symbol exists at several sources.
    """
    names = sorted(known)
    if name in names:
        return name
    fits = [full for full in names if full.partition(":")[2] == name]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise BadInput(name, f"is traded at several sources ({', '.join(fits)})", "write SOURCE:SYMBOL")
    raise Unknown.of("instrument", name, [*names, *(full.partition(":")[2] for full in names)])


@lru_cache(maxsize=8)
def _entries(overrides: str | None, _stamp: int) -> tuple[dict[str, Any], ...]:
    packaged = yaml.safe_load(files("trading_ml.core").joinpath("instruments.yaml").read_text("utf-8"))
    return (*packaged, *(_read(Path(overrides)) if overrides else ()))


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        entries = yaml.safe_load(path.read_text("utf-8")) or []
    except yaml.YAMLError as caught:
        raise BadParams(path, f"is not YAML: {getattr(caught, 'problem', caught)}") from None
    if not isinstance(entries, list):
        raise BadParams(path, "is not a list of entries", "start each with - match: SOURCE:PATTERN")
    for number, entry in enumerate(entries, start=1):
        if not (isinstance(entry, dict) and isinstance(entry.get("match"), str)):
            raise BadParams(path, f"entry {number} has no 'match'", "give each entry match: SOURCE:PATTERN")
    return entries

"""Which bars: what ends one, made from what, and what else is told about it."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from trading_ml.bars.statistics import STATISTICS
from trading_ml.core.digest import digest
from trading_ml.core.errors import BadParams, nearest
from trading_ml.core.params import Params
from trading_ml.core.time import DAY, nanoseconds

Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class BarParams(Params):
    """Exactly one of `every`, `ticks`, `volume` and `dollar` says what ends a bar.

    Example:
        >>> BarParams(every="1m").name, BarParams(ticks=500).name, BarParams(dollar=1e6).name
        ('1m', '500_ticks', '1000000_dollar')
    """

    every: str | None = None
    """Time bars: length, from 1ms to 1d; a day is a calendar day of the instrument's zone."""
    ticks: Annotated[int, Field(gt=0)] | None = None
    """Tick bars: ticks in a bar."""
    volume: Amount | None = None
    """Volume bars: size traded that ends a bar."""
    dollar: Amount | None = None
    """Dollar bars: |price| · size traded that ends a bar, in the price's currency."""
    kind: Literal["trades", "quotes", "orders"] = "trades"
    """Trades; quotes at their mid, whose volume and sizes are those shown (mean of both sides), not traded; or
    completed orders at their price, without sizes, by when they were placed."""
    fill: bool = False
    """Give empty intervals between a day's first and last tick a bar too (time bars only)."""
    statistics: tuple[str, ...] = ()
    """Further columns: names of bar statistics."""
    session: Literal["regular"] | None = None
    """Only what falls into a session [open, close) of the instrument's exchange calendar, less its break."""
    source: Literal["ticks", "files"] = "ticks"
    """Bars made of ticks, or those that files tell, coarser ones made of finer ones (time bars only)."""

    @field_validator("every")
    @classmethod
    def _fits_a_day(cls, every: str | None) -> str | None:
        if every is None:
            return None
        try:
            length = nanoseconds(every)
        except BadParams as cause:
            raise ValueError(f"{cause.problem}, {cause.fix}") from None
        if length > DAY:
            raise ValueError("is longer than a day; bars are cut at local midnight")
        count, unit = re.findall(r"\d+|[a-z]+", every)
        return f"{int(count)}{unit if unit == 'ms' else unit[0]}"

    @field_validator("statistics")
    @classmethod
    def _known(cls, statistics: tuple[str, ...]) -> tuple[str, ...]:
        for name in statistics:
            if name not in STATISTICS:
                raise ValueError(f"'{name}' is not a bar statistic; {nearest(name, STATISTICS)}")
        return statistics

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        given = [rule for rule in ("every", "ticks", "volume", "dollar") if getattr(self, rule) is not None]
        if len(given) != 1:
            raise ValueError(
                f"exactly one of every, ticks, volume, dollar is needed, {' and '.join(given) or 'none'} given"
            )
        if self.fill and given != ["every"]:
            raise ValueError("fill needs time bars: only intervals of time can be empty")
        if self.kind != "trades" and given[0] in ("volume", "dollar"):
            raise ValueError(f"{self.kind} trade nothing: no volume bars, no dollar bars")
        for name in self.statistics:
            if STATISTICS[name].kind != self.kind:
                raise ValueError(f"statistic '{name}' is one of {STATISTICS[name].kind}, the bars are of {self.kind}")
        if self.source == "files" and (given != ["every"] or self.kind != "trades" or self.statistics):
            raise ValueError("source: files needs time bars (every) of trades, without statistics: files tell no ticks")
        return self

    @property
    def rule(self) -> str:
        """`1m`, `500_ticks`, `1000_volume` or `1000000_dollar`."""
        if self.every:
            return self.every
        rule = next(rule for rule in ("ticks", "volume", "dollar") if getattr(self, rule) is not None)
        amount = np.format_float_positional(getattr(self, rule), trim="-").replace(".", "p")
        return f"{amount}_{rule}"

    @property
    def name(self) -> str:
        """Name of the folder and the asset: the rule, with six digits of a digest where other options are set.

        Only what differs from the defaults is digested, so an option added later renames nothing.
        """
        options = self.model_dump(include={"kind", "fill", "statistics", "session", "source"}, exclude_defaults=True)
        return f"{self.rule}_{digest(options)[:6]}" if options else self.rule

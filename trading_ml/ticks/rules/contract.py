"""What a cleaning rule is, and how several of them judge a day's ticks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

from trading_ml.core.digest import digest, source_digest
from trading_ml.core.instruments import Instrument
from trading_ml.core.params import Params

Defaults = Callable[[Instrument], Mapping[str, Any]]


@dataclass(frozen=True)
class Rule:
    """A named reason to leave a tick out of bars.

    Attributes:
        name: What users call it, and what `excluded_by` says.
        summary: What is wrong with a tick it rejects.
        params: What can be chosen about it.
        rejects: From the parameters to an expression that is true on the rows to leave out. Rows come in tick order,
            those of one local day: what an expression remembers begins anew each day.
        causal: Whether it uses only the row and earlier ones, as known when the row came; False: retrospective.
        kinds: Kinds of ticks it can judge.
        defaults: Parameters that follow from the instrument's facts.
        repairs: Columns to write anew before rows are rejected, the old ones still to be read from the mark it leaves.
        packages: Distributions whose version decides what it rejects.
    """

    name: str
    summary: str
    params: type[Params]
    rejects: Callable[[Any], pl.Expr]
    causal: bool
    kinds: tuple[str, ...] = ("trades",)
    defaults: Defaults = lambda _instrument: {}
    repairs: Callable[[Any], Mapping[str, pl.Expr]] = lambda _params: {}
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A rule with the parameters chosen for an instrument."""

    rule: Rule
    params: Params

    @property
    def describe(self) -> dict[str, Any]:
        """What the rule does here, for manifests: rule, causal, params, and the digest of its source."""
        return {
            "rule": self.rule.name,
            "causal": self.rule.causal,
            "params": self.params.model_dump(mode="json"),
            "source": source_digest(self.rule.rejects),
            "packages": {name: version(name) for name in self.rule.packages},
        }


def judged(ticks: pl.DataFrame, choices: Sequence[Choice]) -> pl.DataFrame:
    """The ticks of one day, in order, with the name of the first rule that rejects each in `excluded_by`, else null.

    Every rule sees the rows that the causal rules before it left: what a retrospective one rejects was on the tape at
    its time, so a causal rule still has to take it into account.
    """
    left, reasons = np.ones(ticks.height, bool), np.full(ticks.height, len(choices))
    for number, choice in enumerate(choices):
        seen = ticks if left.all() else ticks.filter(left)
        if repaired := choice.rule.repairs(choice.params):
            seen = seen.with_columns(**repaired)
            ticks = _replaced(ticks, seen, left)
        wrong = left.copy()
        wrong[left] = seen.select(choice.rule.rejects(choice.params).fill_null(value=False)).to_series().to_numpy()
        reasons[wrong & (reasons == len(choices))] = number
        if choice.rule.causal:
            left &= ~wrong
    if (reasons == len(choices)).all():
        return ticks.with_columns(excluded_by=pl.lit(None, pl.String))
    names = pl.Series("excluded_by", [*(choice.rule.name for choice in choices), None], pl.String)
    return ticks.with_columns(names.gather(reasons))


def rules_digest(choices: Sequence[Choice]) -> str:
    """Digest of what the rules do: the same while none of them, nor their order, changes."""
    return digest([choice.describe for choice in choices])


def _replaced(ticks: pl.DataFrame, seen: pl.DataFrame, left: np.ndarray) -> pl.DataFrame:
    """`ticks` with the rows where `left` as they are in `seen`."""
    rows = pl.int_range(pl.len()).alias("_at")
    both = [seen.with_columns(pl.Series("_at", np.flatnonzero(left))), ticks.with_columns(rows).filter(~left)]
    return pl.concat(both, how="diagonal").sort("_at").drop("_at")

"""Cleaning rules: readable rows that must not enter bars, each under a name that stays with the tick.

A rule is a function from its parameters to a boolean expression over tick columns. It is causal when it uses only
what was known with the row; else it is retrospective, and whoever builds on it has to say so.

A source marks trades in its own vocabulary, listed in `VOCABULARY`. That of LSEG Tick History is `VALUE[FIELD]`
joined by `;`, as in `ODD[IRGCOND];Q[GV3_FLAG]`; its values are the display codes of RDM's enumerations
(enumtype.def of the Real-Time SDK): `CXL` cancelled trade and `AMD` amended trade, `OFF` off-floor trade and `OTC`
OTC trade of PRC_QL_CD and PRC_QL3, `REV` trade reversal and `OTC` of PRC_QL2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from trading_ml.core.digest import digest
from trading_ml.core.params import Params


class Marked(Params):
    """Parameters of rules that go by the source's own marks."""

    marks: tuple[str, ...]
    """Values in `conditions`; `VALUE[FIELD]` counts in that field only, `VALUE` in any."""


def marked(params: Marked) -> pl.Expr:
    r"""Whether one of the marks is among the conditions.

    Example:
        >>> frame = pl.DataFrame({"conditions": ["ODD[IRGCOND]; CXL[PRC_QL3]", "XCXL[PRC_QL3]", None]})
        >>> frame.select(marked(Marked(marks=("CXL",)))).to_series().to_list()
        [True, False, False]
    """
    return pl.col("conditions").str.contains("|".join(map(_mark, params.marks))).fill_null(False)


@dataclass(frozen=True)
class Rule:
    """A named reason to leave a tick out of bars."""

    name: str
    summary: str
    causal: bool
    """Whether it uses only what was known when the row came; False: retrospective."""
    rejects: Callable[[Any], pl.Expr]
    """From the rule's parameters to an expression that is true on the rows to leave out."""


@dataclass(frozen=True)
class Choice:
    """A rule with the parameters chosen for a source."""

    rule: Rule
    params: Params

    @property
    def expression(self) -> pl.Expr:
        """True on the rows to leave out."""
        return self.rule.rejects(self.params)


# Cancels and corrections are marked on a trade after it was printed: a live reader at its time saw a normal trade.
RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("cancelled", "the trade was cancelled or reversed", causal=False, rejects=marked),
        Rule("corrected", "the trade was amended afterwards", causal=False, rejects=marked),
        Rule("off_market", "the trade was reported, not made on the market", causal=True, rejects=marked),
    )
}

_LSEG = {
    "cancelled": Marked(marks=("CAN", "CXL", "REV[PRC_QL2]")),
    "corrected": Marked(marks=("AMD", "COR[IRGCOND]")),
    "off_market": Marked(marks=("OFF", "OFFBK", "OTC")),
}
VOCABULARY: Mapping[str, Mapping[str, Params]] = {"lseg": _LSEG, "simulated": _LSEG}
"""Per source, the rules that are on by default, first match first, with that source's marks."""


def chosen(source: str, kind: str) -> tuple[Choice, ...]:
    """The rules that hold for ticks of a source, in the order in which they are tried."""
    if kind != "trades":
        return ()
    return tuple(Choice(RULES[name], params) for name, params in VOCABULARY.get(source, {}).items())


def excluded_by(choices: Sequence[Choice]) -> pl.Expr:
    """Name of the first rule that rejects a row, else null."""
    named = (pl.when(choice.expression).then(pl.lit(choice.rule.name)) for choice in choices)
    return pl.coalesce(*named, pl.lit(None, pl.String)).alias("excluded_by")


def rules_digest(choices: Sequence[Choice]) -> str:
    """Digest of what the rules do: the same while none of them, nor their order, changes."""
    return digest([(choice.rule.name, str(choice.expression)) for choice in choices])


def _mark(mark: str) -> str:
    r"""Pattern of one mark: at the beginning or after `;`, `,`, a blank or a quote, and not going on after it."""
    value, _, field = mark.partition("[")
    after = rf"\[{re.escape(field)}" if field else r"(?:\[|[;,\s\"]|$)"
    return rf"(?:^|[;,\s\"]){re.escape(value)}\s*\"?{after}"

"""Proof of a label: it reaches no further than its `label_end`, guesses nothing, and forgets its past."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, ClassVar

import numpy as np
import polars as pl

from trading_ml.core.context import Extent, closing, stamps_of
from trading_ml.core.crafted import CORE, FASTER, LONGEST, crafted
from trading_ml.core.errors import BadParams
from trading_ml.core.evidence import Proof, examine, memory_of, series_for
from trading_ml.core.lake import Lake
from trading_ml.core.memory import Memory, whole_seconds
from trading_ml.core.params import Params
from trading_ml.core.script import LABEL_END, Bound, Kind, load
from trading_ml.core.time import NS
from trading_ml.core.witness import Witness
from trading_ml.labels.bounds import most


class Reach(Params):
    """How far ahead a label looks, against what it declares with `label_end`."""

    passed: bool
    measured: int
    """Bars from a row to the farthest later bar that moved it."""
    declared: int
    """Bars from a row to its `label_end`, at most."""
    declared_seconds: int = 0
    """The same in seconds, where it looks ahead by the clock."""
    detail: str = ""


class LabelProof(Proof):
    """What was proven of a label script with its parameters; its `lookahead` is about moves after `label_end`."""

    kind: ClassVar[Kind] = "label"

    reach: Reach

    @property
    def after(self) -> Extent:
        """The declared reach as an extent."""
        return Extent(bars=self.reach.declared, seconds=self.reach.declared_seconds)


def prove(
    bound: Bound, bars: pl.DataFrame | None = None, zone: str = "UTC", witness: Witness | None = None
) -> LabelProof:
    """Prove a label on the crafted series, and on real bars where some are given.

    Args:
        bound: The script with its parameters.
        bars: Bars of one instrument, in order.
        zone: The instrument's zone, whose dates partition the bars.
        witness: Shared by several proofs, so that it starts once; one of its own if left out.

    Raises:
        BadParams: when the script cannot be evaluated at all.
    """
    back, ahead = most(bound)
    memory = _widened(memory_of(bound), back)
    series = bound.given(series_for(memory))
    declared, nanoseconds = _declared(bound, _wide(bound, series.height))
    faster, more = _declared(bound, _wide(bound, series.height, FASTER))
    seconds = whole_seconds(max(nanoseconds, more)) if faster > declared else 0
    declared = max(declared, ahead)
    with nullcontext(witness) if witness else Witness() as asked:
        found = examine(bound, memory, Extent(bars=declared, seconds=seconds), bars, zone, asked)
    faults = (_fault(some, bound.evaluate(some)) for some in (series, bars) if some is not None)
    detail = next(filter(None, faults), "")
    passed, measured = found["lookahead"].passed and not detail, found["lookahead"].bars_ahead
    reach = Reach(passed=passed, measured=measured, declared=declared, declared_seconds=seconds, detail=detail)
    if not found["lookahead"].passed:
        found["reasons"] = (f"reaches {measured:,} bars ahead and declares {declared:,}", *found["reasons"])
    reasons = (*found["reasons"], *filter(None, [detail]))
    return LabelProof(**found | {"reach": reach, "reasons": reasons, "passed": not reasons})


def prove_and_store(
    lake: Lake, bound: Bound, bars: pl.DataFrame | None = None, zone: str = "UTC", witness: Witness | None = None
) -> LabelProof:
    """`prove`, and keep the proof for whoever demands it."""
    return prove(bound, bars, zone, witness).store(lake)


def require(lake: Lake, bound: Bound) -> LabelProof:
    """The stored passing proof.

    Raises:
        Refused: when there is none, or it did not pass. LookAhead: when the label reaches past its `label_end`.
    """
    return LabelProof.require(lake, bound)


def check(use: str, params: Mapping[str, Any], bars: pl.DataFrame | None = None, zone: str = "UTC") -> dict[str, Any]:
    """The proof of a label script found by name or dotted path, as JSON."""
    return prove(load(use, "label").bind(params), bars, zone).model_dump(mode="json")


def _widened(memory: Memory, bars: int) -> Memory:
    return memory._replace(before=Extent(bars=max(memory.before.bars, bars), seconds=memory.before.seconds))


def _wide(bound: Bound, bars: int, pace: int = 1) -> pl.DataFrame:
    """At least so many crafted bars, and enough for half of the ends to lie among them: others would go unseen."""
    wide = bound.given(crafted(bars, pace))
    for longer in (4 * CORE, 16 * CORE, LONGEST):
        ends = bound.evaluate(wide)[LABEL_END]
        if 2 * ends.count() > ends.len():
            break
        wide = bound.given(crafted(max(longer, bars), pace))
    return wide


def _declared(bound: Bound, bars: pl.DataFrame) -> tuple[int, int]:
    """The farthest `label_end` among `bars`, in bars and in nanoseconds from the row's close."""
    ends, stamps = bound.evaluate(bars)[LABEL_END], stamps_of(bars)
    if ends.dtype != NS:
        raise BadParams(bound.script.use, f"'{LABEL_END}' is {ends.dtype}", "make it a time, from ts_close")
    rows = (ends <= bars["ts_close"][-1]).fill_null(False).arg_true().to_numpy()
    reached = ends.to_physical().gather(rows).to_numpy()
    bars_ahead = np.searchsorted(stamps, reached, "right") - 1 - rows
    return int(bars_ahead.max(initial=0)), int((reached - stamps[rows]).max(initial=0))


def _fault(bars: pl.DataFrame, labels: pl.DataFrame) -> str:
    """What is wrong with the first answer that its `label_end` does not bear out."""
    ends, closes, last = labels[LABEL_END], bars["ts_close"], bars["ts_close"][-1]
    answers = labels.select(pl.any_horizontal(pl.all().exclude(LABEL_END).is_not_null())).to_series()
    borne_out = ((ends >= closes) & (ends <= last)).fill_null(False)
    wrong = (answers & ~borne_out).arg_true()
    if not len(wrong):
        return ""
    row = wrong[0]
    if ends[row] is None:
        return f"answers {closing(bars, row)} without a {LABEL_END}"
    if ends[row] < closes[row]:
        return f"puts the {LABEL_END} {closing(bars, row)} before that close"
    return f"answers {closing(bars, row)} although its {LABEL_END} lies after the last bar: make it null"

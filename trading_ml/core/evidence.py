"""Evidence: what was proven of a script and its parameters, kept in the lake and demanded by who reads its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import ValidationError

from trading_ml.core.context import Extent, Part
from trading_ml.core.crafted import CORE, LONGEST, VARIED, crafted, varied
from trading_ml.core.errors import BadParams, LookAhead, Refused
from trading_ml.core.lake import Lake
from trading_ml.core.memory import TOLERANCE, Agreement, Memory, agreement, measure
from trading_ml.core.params import Params
from trading_ml.core.proof import Search, search
from trading_ml.core.repeat import disagreements
from trading_ml.core.screen import FURTHER, TURNED, Screen
from trading_ml.core.script import LABEL_END, Bound, Kind
from trading_ml.core.strata import strata, stratified
from trading_ml.core.time import local_date
from trading_ml.core.witness import Witness

ENGINE = 4
"""Raise it when proofs are made in another way: stored ones then no longer count."""
_REAL_BARS = 20_000
_SHORTEST = 100
_ROUNDS = 160
"""Evaluations of the real bars with something exchanged; rows beyond what they hold are tested at random."""
_EXACT = 2
"""Cuts of each condition at which the whole future is exchanged."""


class Power(Params):
    """How much was tested: rows right after which the future was exchanged while they had a value."""

    rows_tested: int = 0
    share: float = 0.0
    """Of all rows."""
    one_in: int = 1
    """A leak in one row of so many, wherever they fall, would have been found with 99 % probability."""
    conditions: dict[str, int] = {}
    """Of the rows tested, how many met each condition on which a leak may hinge."""


class Lookahead(Power):
    """Whether anything moved that was known."""

    passed: bool
    detail: str = ""
    bars_ahead: int = 0
    """Bars from a row to the farthest later bar that moved it; a label's measured reach."""
    real: Power | None = None
    """The same on real bars, where some were given."""


class Invariance(Params):
    """Whether rows computed by partition equal those computed over the whole history."""

    passed: bool
    worst: float
    """Largest distance beyond rounding noise, relative."""
    detail: str = ""


class Proof(Params):
    """What was proven of a script with its parameters."""

    kind: ClassVar[Kind]

    script: str
    params: dict[str, Any]
    digest: str
    """Digest of sources, parameters and libraries it was made for."""
    engine: int = ENGINE
    passed: bool
    lookahead: Lookahead
    warm_up: int | None
    """Bars a row needs before it; null if no number is enough."""
    warm_up_seconds: int = 0
    """Seconds it needs before it as well, if it looks back by the clock."""
    partition_invariance: Invariance
    deterministic: bool
    """Whether the same bars gave the same values again, after other bars, and to a witness where one was asked."""
    witnessed: bool = False
    """Whether another process evaluated it too; a built-in script's witness is the contract tests."""
    reasons: tuple[str, ...] = ()
    """Why it did not pass."""

    @property
    def before(self) -> Extent:
        """The warm-up as an extent."""
        return Extent(bars=self.warm_up or 0, seconds=self.warm_up_seconds)

    def store(self, lake: Lake) -> Self:
        """Keep the proof under the digest it was made for."""
        lake.write_json(lake.path("proofs", self.kind, f"{self.digest}.json"), self)
        return self

    @classmethod
    def require(cls, lake: Lake, bound: Bound) -> Self:
        """The stored passing proof of a script.

        Raises:
            Refused: when there is none yet, or it did not pass. LookAhead: when something moved that was known.
        """
        path, name = lake.path("proofs", cls.kind, f"{bound.digest}.json"), f"{cls.kind} {bound.script.use}"
        try:
            proof = cls.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):
            proof = None
        if proof is None or proof.engine != ENGINE:
            raise Refused(name, "is not proven yet with these parameters", "build its project's proofs first")
        if not proof.passed:
            raise (Refused if proof.lookahead.passed else LookAhead)(name, "; ".join(proof.reasons))
        return proof


def memory_of(bound: Bound) -> Memory:
    """How far back a script looks, over the columns that it reads."""
    return measure(bound.evaluate, lambda bars: read_by(bound, bound.given(bars)))


def series_for(memory: Memory) -> pl.DataFrame:
    """The crafted series with the warm-up before its core, on every row of which something is tested."""
    return crafted(CORE + max(memory.before.bars, _SHORTEST))


def examine(
    bound: Bound, memory: Memory, after: Extent, bars: pl.DataFrame | None, zone: str, witness: Witness
) -> dict[str, Any]:
    """What is examined alike for features and labels, as fields of their `Proof`.

    Args:
        bound: The script.
        memory: How far back it looks, as measured.
        after: How far ahead it may look.
        bars: Real bars to verify it on as well; the last 20,000 count.
        zone: Whose calendar date partitions the real bars.
        witness: Another process, asked about scripts that are somebody's own.
    """
    series, part = bound.given(series_for(memory)), Part(bound.script.name, bound, memory.before, after)
    real = bars.tail(_REAL_BARS) if bars is not None and bars.height > memory.before.bars + 1 else None
    lookahead, invariance = _lookahead(part, memory, real), _invariance(part, series, real, zone)
    doubts = disagreements(bound, series, memory.before.bars, not lookahead.passed, witness)
    ahead = "reads what was not yet known" if bound.script.kind == "feature" else f"reaches past its {LABEL_END}"
    reasons = [*doubts, *([] if lookahead.passed else [f"{ahead}: {lookahead.detail}"])]
    if not (lookahead.rows_tested or reasons):
        reasons.append(f"has no value on any of {LONGEST:,} simulated bars whose future can be exchanged")
    if memory.endless:
        reasons.append(f"has no finite warm-up: {memory.endless}; anchor it at a session or a window")
    elif lookahead.passed and not invariance.passed:  # a leak makes it fail as well
        reasons.append(f"computed by day differs from computed over all history: {invariance.detail}")
    return {
        "script": bound.script.use, "params": bound.params.model_dump(mode="json"), "digest": bound.digest,
        "passed": not reasons, "reasons": tuple(reasons), "deterministic": not doubts, "lookahead": lookahead,
        "partition_invariance": invariance, "warm_up_seconds": memory.before.seconds, "witnessed": witness.knows(bound),
        "warm_up": None if memory.endless else memory.before.bars,
    }  # fmt: skip


def _lookahead(part: Part, memory: Memory, real: pl.DataFrame | None) -> Lookahead:
    """Every cut on the varied series, all that the rounds allow on the real bars."""
    rows = VARIED + CORE + part.after.bars  # as many more as a label looks ahead: those have no answer
    series = part.bound.given(varied(min(rows + max(memory.before.bars, _SHORTEST), LONGEST)))
    if memory.endless:  # nothing is forgotten, so each cut stands alone
        found = search(part.bound.evaluate, series, range(series.height - CORE, series.height - 1), memory.before.bars)
    else:
        first = max(series.height - rows, memory.before.bars)
        found = _searched(part, series, strata(series), first, (TURNED, FURTHER), CORE)
    figures = {"bars_ahead": found.ahead, **_power(found, CORE if memory.endless else rows)}
    if real is None:
        return Lookahead(passed=not found.leaks, detail=found.tell(series), **figures)
    held = strata(real)
    on_real = _searched(part, real, held, memory.before.bars, (TURNED,), _ROUNDS)
    strata_tested = {name: int(on_real.tested[rows].sum()) for name, rows in held.items()}
    told = [found.tell(series), on_real.leaks and f"on real bars {on_real.tell(real)}"]
    passed = not (found.leaks or on_real.leaks)
    power = Power(**_power(on_real, real.height), conditions={k: n for k, n in strata_tested.items() if n})
    return Lookahead(passed=passed, detail="; ".join(filter(None, told)), real=power, **figures)


def _searched(
    part: Part, bars: pl.DataFrame, held: Mapping[str, NDArray[np.int64]], first: int, ways: Sequence[str], rounds: int
) -> Search:
    """A few cuts with the whole future exchanged, then all others a few bars at a time."""
    cuts, few = stratified(held, bars.height, first), stratified(held, bars.height, first, _EXACT)
    bars, core = read_by(part.bound, bars), bars.height - CORE
    found = search(part.bound.evaluate, bars, few.tolist(), first, core)
    screen = Screen(part.bound.evaluate, bars, first, part.before, part.after, ways, core)
    return found | screen.search(cuts, rounds)


_READ_ANYWAY = {"ts_open", "ts_close", "close", "bid", "ask"}
"""Columns that the engine reads itself, and those that scripts look for without demanding them."""


def read_by(bound: Bound, bars: pl.DataFrame) -> pl.DataFrame:
    """The columns that the script reads, where it can be seen which; fewer columns, fewer to exchange."""
    roots = {name for each in bound.expressions.values() for name in each.meta.root_names()}
    if not roots <= set(bars.columns):
        return bars
    few = bars.select(name for name in bars.columns if name in roots | _READ_ANYWAY)
    try:
        seen = bound.evaluate(few)
    except BadParams:
        return bars
    return few if seen.equals(bound.evaluate(bars)) else bars


def _power(found: Search, rows: int) -> dict[str, Any]:
    tested = int(found.tested.sum())
    return {
        "rows_tested": tested,
        "share": round(tested / rows, 4),
        "one_in": int(1 / (1 - 0.01 ** (1 / tested))) if tested else 0,
    }


def _invariance(part: Part, series: pl.DataFrame, real: pl.DataFrame | None, zone: str) -> Invariance:
    """By the days of the crafted series, and of the real bars."""
    found = agreement(part, read_by(part.bound, series), _days(series, "UTC"))
    if real is not None:
        on_real = agreement(part, read_by(part.bound, real), _days(real, zone))
        found = max(found, Agreement(on_real.worst, f"on real bars {on_real.where}"))
    passed = found.worst <= TOLERANCE
    detail = "" if passed else f"{found.where} by {found.worst:.1e} of its size"
    return Invariance(passed=passed, worst=found.worst, detail=detail)


def _days(bars: pl.DataFrame, zone: str) -> list[tuple[int, int]]:
    """First row and the one after the last of each local date."""
    lengths = bars.select(local_date("ts_open", zone)).to_series().rle().struct.field("len").to_list()
    stops = list(accumulate(lengths))
    return list(zip([0, *stops], stops, strict=False))

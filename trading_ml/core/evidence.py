"""Evidence: what was proven of a script and its parameters, kept in the lake and demanded by who reads its table."""

from __future__ import annotations

from itertools import accumulate
from typing import Any, ClassVar, Self

import polars as pl
from pydantic import ValidationError

from trading_ml.core.context import Extent, Part
from trading_ml.core.crafted import CORE, crafted
from trading_ml.core.errors import LookAhead, Refused
from trading_ml.core.lake import Lake
from trading_ml.core.memory import TOLERANCE, Agreement, Memory, agreement
from trading_ml.core.params import Params
from trading_ml.core.proof import search, stratified
from trading_ml.core.script import LABEL_END, Bound, Kind
from trading_ml.core.time import local_date

ENGINE = 1
"""Raise it when proofs are made in another way: stored ones then no longer count."""
_REAL_BARS = 20_000
_SHORTEST = 100


class Power(Params):
    """How much was tested: rows whose future was exchanged while they had a value, and their share of all rows."""

    rows_tested: int = 0
    share: float = 0.0


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


def series_for(memory: Memory) -> pl.DataFrame:
    """The crafted series with the warm-up before its core, on every row of which something is tested."""
    return crafted(CORE + max(memory.before.bars, _SHORTEST))


def examine(bound: Bound, memory: Memory, after: Extent, bars: pl.DataFrame | None, zone: str) -> dict[str, Any]:
    """What is examined alike for features and labels, as fields of their `Proof`.

    Args:
        bound: The script.
        memory: How far back it looks, as measured.
        after: How far ahead it may look.
        bars: Real bars to verify it on as well; the last 20,000 count.
        zone: Whose calendar date partitions the real bars.
    """
    series, part = bound.given(series_for(memory)), Part(bound.script.name, bound, memory.before, after)
    real = bars.tail(_REAL_BARS) if bars is not None and bars.height > memory.before.bars + 1 else None
    lookahead, invariance = _lookahead(part, series, real), _invariance(part, series, real, zone)
    deterministic = bound.evaluate(series).equals(bound.evaluate(series))
    ahead = "reads what was not yet known" if bound.script.kind == "feature" else f"reaches past its {LABEL_END}"
    reasons = [] if lookahead.passed else [f"{ahead}: {lookahead.detail}"]
    if memory.endless:
        reasons.append(f"has no finite warm-up: {memory.endless}; anchor it at a session or a window")
    elif lookahead.passed and not invariance.passed:  # a leak makes it fail as well
        reasons.append(f"computed by day differs from computed over all history: {invariance.detail}")
    if not deterministic:
        reasons.append("gives other values when evaluated again on the same bars")
    return {
        "script": bound.script.use, "params": bound.params.model_dump(mode="json"), "digest": bound.digest,
        "passed": not reasons, "reasons": tuple(reasons), "deterministic": deterministic, "lookahead": lookahead,
        "partition_invariance": invariance, "warm_up_seconds": memory.before.seconds,
        "warm_up": None if memory.endless else memory.before.bars,
    }  # fmt: skip


def _lookahead(part: Part, series: pl.DataFrame, real: pl.DataFrame | None) -> Lookahead:
    """Every cut on the core of the crafted series, stratified cuts on the real bars."""
    evaluate, warm_up = part.bound.evaluate, part.before.bars
    found = search(evaluate, series, range(series.height - CORE, series.height - 1), warm_up)
    figures = {"bars_ahead": found.ahead, "rows_tested": found.tested, "share": round(found.tested / CORE, 4)}
    if real is None:
        return Lookahead(passed=not found.leaks, detail=found.tell(series), **figures)
    on_real = search(evaluate, real, stratified(real, warm_up), warm_up)
    told = [found.tell(series), on_real.leaks and f"on real bars {on_real.tell(real)}"]
    real_power = Power(rows_tested=on_real.tested, share=round(on_real.tested / real.height, 4))
    passed = not (found.leaks or on_real.leaks)
    return Lookahead(passed=passed, detail="; ".join(filter(None, told)), real=real_power, **figures)


def _invariance(part: Part, series: pl.DataFrame, real: pl.DataFrame | None, zone: str) -> Invariance:
    """By the days of the crafted series, and of the real bars."""
    found = agreement(part, series, _days(series, "UTC"))
    if real is not None:
        on_real = agreement(part, real, _days(real, zone))
        found = max(found, Agreement(on_real.worst, f"on real bars {on_real.where}"))
    passed = found.worst <= TOLERANCE
    detail = "" if passed else f"{found.where} by {found.worst:.1e} of its size"
    return Invariance(passed=passed, worst=found.worst, detail=detail)


def _days(bars: pl.DataFrame, zone: str) -> list[tuple[int, int]]:
    """First row and the one after the last of each local date."""
    lengths = bars.select(local_date("ts_open", zone)).to_series().rle().struct.field("len").to_list()
    stops = list(accumulate(lengths))
    return list(zip([0, *stops], stops, strict=False))

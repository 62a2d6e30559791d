"""The gate on hundreds of small simulated datasets: how often it lets luck pass, and how often it refuses skill.

Each case is a kind of model on a kind of market (`planted.py`); where several openings are meant, the case passes when
any of them does. The peer takes whoever is better than every baseline on the test part, by point estimate. What is
promised is the share 1 − confidence of false passes over all openings of a test part. CPU says nothing here: one
judges, the other compares.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work

if TYPE_CHECKING:
    import numpy as np

    from benchmarks.planted import Market
    from trading_ml.registry.exam import Exam
    from trading_ml.registry.gate import Known

DATASETS, FEW = 200, 1
ENOUGH = 1_000_000  # ticks of a run in earnest
WEAK, MEDIUM, STRONG = 0.15, 0.25, 0.4
Answers = Sequence["np.ndarray"]
Gate = Callable[["Exam", int, "Known | None"], bool]


class Case(NamedTuple):
    """What is put before the gate on each dataset.

    Attributes:
        what: For the table.
        skilled: Whether it ought to pass.
        market: The dataset of a number.
        models: Their probabilities, one for each opening.
        openings: How many versions had been judged on the test part before.
        known: What the gate is told beside.
    """

    what: str
    skilled: bool
    market: Callable[[int], Market]
    models: Callable[[Market], Answers]
    openings: int = 0
    known: Callable[[Market], Known | None] = lambda market: None


def _cases() -> Iterator[Case]:
    from benchmarks import planted
    from benchmarks.planted import Market
    from trading_ml.registry.gate import Known

    def has(drift: float, **more: float) -> Callable[[int], Market]:
        return lambda number: Market(number, drift, **more)

    def control(leak: bool) -> Callable[[Market], Known]:
        return lambda market: Known(controls=(planted.control_exam(market, leak),))

    one = lambda model: lambda market: [model(market)]
    yield Case("a coin, best of 20 trials on validation", False, has(0), lambda m: planted.lucky(m, 20)[:1])
    yield Case("the same, the best five opened in turn", False, has(0), lambda m: planted.lucky(m, 20)[:5])
    yield Case(
        "a drift that no feature shows, best of 20", False, has(0, wander=0.15), lambda m: planted.lucky(m, 20)[:1]
    )
    yield Case("as good as a baseline", False, has(MEDIUM), one(planted.equal))
    yield Case(
        "five that are as good as a baseline, in turn",
        False,
        has(MEDIUM),
        lambda m: [planted.equal(m, n) for n in range(5)],
    )
    yield Case("skill that ended in the test part's first quarter", False, has(STRONG, until=0.25), one(planted.honest))
    yield Case("one class only", False, has(STRONG), one(planted.one_class))
    yield Case("precision 1.0 at recall .017", False, has(STRONG), one(planted.precise))
    yield Case("skilled, probabilities far too sure", False, has(STRONG), one(planted.overconfident))
    yield Case("overfitted: by heart in training, sure elsewhere", False, has(0), one(planted.overfitted))
    yield Case("told the answer by a feature", False, has(STRONG), one(planted.leaking))
    yield Case("skilled, but its control leaks", False, has(STRONG), one(planted.honest), known=control(leak=True))
    yield Case("weak skill", True, has(WEAK), one(planted.honest))
    yield Case("medium skill", True, has(MEDIUM), one(planted.honest))
    yield Case("strong skill", True, has(STRONG), one(planted.honest), known=control(leak=False))
    yield Case("strong skill, the 10th opening", True, has(STRONG), one(planted.honest), openings=9)


def _ours(place: Place) -> Work:
    from trading_ml.registry.gate import judge
    from trading_ml.registry.params import GateParams

    params = GateParams.parse({"control": True}, "gate")

    def passes(exam: Exam, opening: int, known: Known | None) -> bool:
        return judge(params, [exam], opening, known={exam.label: known} if known else {}).passed

    return lambda: _told(place, "trading_ml", passes)


def _point_estimate(place: Place) -> Work:
    from benchmarks.planted import auc

    def passes(exam: Exam, opening: int, known: Known | None) -> bool:
        worth = {who: auc(exam.answers, p) for who, p in exam.everybody.items()}
        return worth["model"] > max(value for who, value in worth.items() if who != "model")

    return lambda: _told(place, "point estimate", passes)


def _told(place: Place, who: str, passes: Gate) -> Mapping[str, Any]:
    """The share of false passes in the worst case of luck; the mean share of false refusals."""
    count = DATASETS if place.ticks >= ENOUGH else FEW
    passed = {case.what: sum(_passed(case, number, passes) for number in range(count)) for case in _cases()}
    (place.folder / f"gate_{who}.json").write_text(json.dumps({"datasets": count, "passed": passed}))
    skilled = [passed[case.what] / count for case in _cases() if case.skilled]
    worst = max(passed[case.what] / count for case in _cases() if not case.skilled)
    return {"false passes": max(worst, 1e-9), "false refusals": 1 - sum(skilled) / len(skilled)}


def _passed(case: Case, number: int, passes: Gate) -> bool:
    market = case.market(number)
    known = case.known(market)
    models = enumerate(case.models(market), start=case.openings + 1)
    return any(passes(market.exam(p), opening, known) for opening, p in models)


def wilson(found: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Confidence interval of a share (Wilson 1927).

    Example:
        >>> [round(bound, 4) for bound in wilson(0, 200)]
        [0.0, 0.0188]
    """
    share, spread = found / of, z * z / of
    middle, half = share + spread / 2, z * sqrt(share * (1 - share) / of + spread / (4 * of))
    return max((middle - half) / (1 + spread), 0.0), (middle + half) / (1 + spread)


def _table(place: Place) -> Iterator[str]:
    files = {who: place.folder / f"gate_{who}.json" for who in ("trading_ml", "point estimate")}
    found = {who: json.loads(file.read_text()) for who, file in files.items()}
    count = found["trading_ml"]["datasets"]
    yield f"Passed, of {count} datasets each:\n"
    yield "| case | ought to | passed | share | 95 % (Wilson) | by point estimate |"
    yield "| --- | --- | ---: | ---: | --- | ---: |"
    for case in _cases():
        ours, theirs = (told["passed"][case.what] for told in found.values())
        low, high = wilson(ours, count)
        ought = "pass" if case.skilled else "be refused"
        yield f"| {case.what} | {ought} | {ours} | {ours / count:.1%} | {low:.1%} – {high:.1%} | {theirs / count:.1%} |"
    yield ""


BENCHMARK = Benchmark(
    "the gate: false passes and false refusals on simulated datasets",
    lambda place: None,
    {
        "trading_ml": Contender(_ours),
        "point estimate": Contender(_point_estimate),
        "promised": Contender(lambda place: lambda: {"false passes": 0.05, "false refusals": 1.0}),
    },
    (
        Claim("share of false passes, of every case at least, against what is promised", "false passes", "promised", 1),
        Claim("the same against whoever is better by point estimate", "false passes", "point estimate"),
        Claim("share of false refusals of the skilled, against refusing all", "false refusals", "promised"),
    ),
    _table,
)

"""Every rule of the gate, on a planted set: who is refused, by which rule, and why; the honest pass them all."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import planted
from benchmarks.planted import PARTS, Market, auc
from trading_ml.core.errors import BadParams
from trading_ml.registry import sampling
from trading_ml.registry.exam import Exam
from trading_ml.registry.gate import Known, Verdict, judge, share_of_error
from trading_ml.registry.params import GateParams
from trading_ml.registry.rules import Finding, Rules
from trading_ml.registry.rules.case import Rival

ALL = GateParams.parse({"control": True, "gap": {"limit": 0.25}}, "gate")
MARKET = Market(3, drift=0.5)
COIN = Market(5)


def known(market: Market, p: np.ndarray, **more: object) -> dict[str, Known]:
    others = {part: market.exam(p, part) for part in ("train", "validation")}
    told = {"controls": (planted.control_exam(market, leak=False),), **more}
    return {"rises": Known(others=others, **told)}  # pyright: ignore[reportArgumentType]


def judged(market: Market, p: np.ndarray, params: GateParams = ALL, openings: int = 1, **more: object) -> Verdict:
    return judge(params, [market.exam(p)], openings, trials=12, known=known(market, p, **more))


def found(verdict: Verdict, rule: str) -> Finding:
    (finding,) = [each for each in verdict.rules if each.rule == rule]
    return finding


@pytest.fixture(scope="module")
def honest() -> np.ndarray:
    return planted.honest(MARKET)


def test_the_honest_passes_every_rule(honest: np.ndarray) -> None:
    verdict = judged(MARKET, honest, champion=Rival(1, honest[PARTS["test"]], since=0))
    assert verdict.passed, verdict.reasons
    assert {each.rule for each in verdict.rules if each.passed is None} == {"profit"}
    assert [each.rule for each in verdict.rules] == list(Rules.model_fields)
    assert (verdict.openings, verdict.trials, verdict.thresholds) == (1, 12, {"rises": 0.5})
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


@pytest.mark.parametrize(
    ("market", "model", "rule", "why"),
    [
        (
            COIN,
            lambda market: planted.lucky(market, 200)[0],
            "skill",
            "roc_auc 0.* is not better than .* beyond sampling error",
        ),
        (MARKET, planted.one_class, "sound", r"predicts one class only \(false\) on 1600 test samples"),
        (MARKET, planted.leaking, "plausible", "roc_auc [01][.].* is too good to be true"),
        (MARKET, planted.overconfident, "calibration", "probabilities are off by 0.* on average"),
        (COIN, planted.overfitted, "gap", r"overfitted: roc_auc 1.0000 in training and 0.* on the test part"),
        (
            MARKET,
            planted.precise,
            "support",
            r"recall 0.01[678] above the threshold of 0.5 \(precision 1.000\), at least 0.05 is demanded",
        ),
    ],
    ids=["lucky", "one class", "leaking", "uncalibrated", "overfitted", "precise few"],
)
def test_the_planted_are_refused_for_what_they_are(
    market: Market, model: Callable[[Market], np.ndarray], rule: str, why: str
) -> None:
    p = model(market)
    verdict = judged(market, p)
    assert not verdict.passed
    told = found(verdict, rule)
    assert told.passed is False
    assert any(re.match(why, reason) for reason in told.reasons)
    assert set(told.reasons) <= set(verdict.reasons)


def test_the_lucky_looked_good_where_it_was_chosen() -> None:
    best = planted.lucky(COIN, 200)[0]
    validation, test = (auc(COIN.answers[PARTS[part]], best[PARTS[part]]) for part in ("validation", "test"))
    assert validation > 0.56
    assert validation > test


def test_a_control_that_shows_skill_refuses_an_honest_model(honest: np.ndarray) -> None:
    verdict = judged(MARKET, honest, controls=(planted.control_exam(MARKET, leak=True),))
    (reason,) = verdict.reasons
    assert reason.startswith("taught on permuted labels it still shows skill on the validation part (roc_auc better")
    unmade = judged(MARKET, honest, controls=())
    assert (unmade.passed, found(unmade, "control").note) == (True, "no control was made")


def test_unsound_answers_are_compared_with_nothing() -> None:
    verdict = judged(MARKET, planted.one_class(MARKET))
    assert {each.passed for each in verdict.rules[1:]} == {None}
    assert found(verdict, "skill").note == "nothing can be compared"
    assert verdict.advantages == ()


@pytest.mark.parametrize("name", list(Rules.model_fields))
def test_every_rule_can_be_left_out_and_its_bounds_be_moved(name: str, honest: np.ndarray) -> None:
    params = GateParams.parse({name: False}, "gate")
    assert name not in [each.rule for each in judge(params, [MARKET.exam(honest)]).rules]
    with pytest.raises(BadParams, match=rf"gate\.{name}\.onn: unknown key; did you mean 'on'\?"):
        GateParams.parse({name: {"onn": True}}, "gate")
    assert type(getattr(params, name)).__doc__


def test_rules_for_probabilities_do_not_judge_numbers(honest: np.ndarray) -> None:
    exam = MARKET.exam(honest)
    told = exam.answers - 0.5 + 0.3 * planted.persistent(np.random.default_rng(1), len(exam.answers), 0.5)
    numeric = replace(exam, kind="numeric", model=told, baselines={"majority": np.zeros(len(told))})
    verdict = judge(GateParams(metric="rmse"), [replace(numeric, answers=exam.answers - 0.5)])
    assert verdict.passed, verdict.reasons
    asked = {each.rule for each in verdict.rules if each.passed is not None}
    assert asked == {"sound", "skill", "slices"}
    assert found(verdict, "support").note == "the label is numeric"


def test_support_is_counted_at_the_threshold_of_the_validation_part(honest: np.ndarray) -> None:
    low = honest * 0.5
    assert not judged(MARKET, low).passed
    below = found(judged(MARKET, low, threshold=0.25), "support")
    assert below.passed
    where = PARTS["test"]
    said, true = low[where] > 0.25, MARKET.answers[where] == 1
    assert below.figures["support"] == said.sum()
    assert below.figures["recall"] == pytest.approx((said & true).sum() / true.sum())
    assert below.figures["precision"] == pytest.approx((said & true).sum() / said.sum())


def test_who_is_worse_than_the_champion_is_refused(honest: np.ndarray) -> None:
    better = MARKET.fitted(MARKET.feature)[PARTS["test"]]
    verdict = judged(MARKET, MARKET.fitted(MARKET.score(0, MARKET.feature, 1.0)), champion=Rival(7, better, since=0))
    (reason,) = found(verdict, "champion").reasons
    assert reason.startswith("is worse than the champion, version 7: roc_auc 0.")
    told = found(verdict, "champion").figures
    assert told["champion"] == pytest.approx(auc(MARKET.answers[PARTS["test"]], better))
    assert told["lower_bound"] < told["difference"] < told["upper_bound"] < 0


def test_a_margin_asks_for_evidence_of_not_being_worse(honest: np.ndarray) -> None:
    alike = Rival(7, MARKET.fitted(MARKET.score(9, MARKET.feature, 0.5))[PARTS["test"]], since=0)
    for margin, passed in ((None, True), (0.1, True), (0.0, False)):
        params = GateParams.parse({"champion": {"margin": margin}}, "gate")
        told = found(judged(MARKET, honest, params, champion=alike), "champion")
        assert told.passed is passed
    assert "may be worse than the champion, version 7 by more than 0: roc_auc 0." in told.reasons[0]


def test_only_samples_that_are_new_to_the_champion_count(honest: np.ndarray) -> None:
    exam = MARKET.exam(honest)
    middle = int(exam.starts[800])
    knew = np.where(exam.starts < middle, exam.answers, exam.model)  # by heart what it was trained on, else the same
    told = found(judged(MARKET, honest, champion=Rival(2, knew, since=middle)), "champion")
    assert told.passed
    assert (told.figures["samples"], told.figures["difference"]) == (800, 0)
    assert found(judged(MARKET, honest, champion=Rival(2, knew, since=0)), "champion").passed is False
    late = found(judged(MARKET, honest, champion=Rival(2, knew, since=int(exam.starts[1500]))), "champion")
    assert (late.passed, late.note) == (
        None, "only 100 test samples are new to the champion, version 2; 200 are needed",
    )  # fmt: skip


def test_skill_that_was_there_once_is_refused() -> None:
    early = Market(3, drift=1.0, until=1 / 6)
    told = found(judged(early, planted.honest(early)), "slices")
    assert told.passed is False
    assert told.figures["t"] < 1.5
    ended = Market(4, drift=2.0, until=0.5)
    reasons = found(judged(ended, planted.honest(ended)), "slices").reasons
    assert any("has faded: less in the newer half of the test part" in reason for reason in reasons)


def test_a_slice_is_scored_by_itself(honest: np.ndarray) -> None:
    told = found(judged(MARKET, honest), "slices")
    exam = MARKET.exam(honest)
    assert len(told.rows) == 6
    for row, own in zip(told.rows, np.array_split(np.arange(1600), 6), strict=True):
        assert row["model"] == pytest.approx(auc(exam.answers[own], exam.model[own]))
        other = auc(exam.answers[own], exam.baselines["logistic_on_last"][own])
        assert row["advantage"] == pytest.approx(row["model"] - other)


def test_calibration_is_refused_beyond_chance_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "RESAMPLES", 100)
    params = GateParams.parse({"calibration": {"tolerance": 0.0}, "slices": False}, "gate")
    refused = {"right": 0, "wrong": 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        promised = planted.logistic(planted.persistent(rng, 600, 0.9))
        answers = (rng.random(600) < promised).astype(int)
        starts = np.arange(600) * 60
        for name, p in (("right", promised), ("wrong", promised**2)):
            exam = Exam("rises", "binary", answers, starts, starts + 300, p, {"majority": np.full(600, 0.5)})
            refused[name] += found(judge(params, [exam]), "calibration").passed is False
    assert refused["right"] <= 5
    assert refused["wrong"] == 40


def test_the_gap_is_told_and_refuses_only_where_there_is_a_limit() -> None:
    p = planted.overfitted(COIN)
    told = found(judged(COIN, p, GateParams()), "gap")
    assert told.passed
    assert [row["part"] for row in told.rows] == ["train", "validation", "test"]
    gap = 1.0 - auc(COIN.answers[PARTS["test"]], p[PARTS["test"]])
    assert told.figures["gap"] == pytest.approx(gap, abs=1e-3)


def test_a_slow_label_may_be_known_nearly_surely(honest: np.ndarray) -> None:
    exam = MARKET.exam(planted.leaking(MARKET))
    slow = planted.logistic(4 * (exam.answers - 0.5) + planted.persistent(np.random.default_rng(0), 1600, 0.1))
    trivial = replace(exam, baselines={**exam.baselines, "persistence": slow})
    assert found(judge(GateParams(), [trivial]), "plausible").passed
    assert found(judge(GateParams(), [exam]), "plausible").passed is False


def test_all_openings_together_spend_the_share_of_error() -> None:
    shares = [share_of_error(0.95, n) for n in range(1, 2000)]
    assert shares == sorted(shares, reverse=True)
    assert 0.0499 < sum(shares) < 0.05

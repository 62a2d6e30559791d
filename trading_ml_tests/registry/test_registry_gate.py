"""The gate on planted models: the lucky, the one-class, the scarce are refused, the honest passes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from trading_ml.core.errors import BadParams
from trading_ml.core.lake import Lake
from trading_ml.registry import gate, openings
from trading_ml.registry.exam import Exam
from trading_ml.registry.gate import Verdict, judge
from trading_ml.registry.params import GateParams

PARAMS = GateParams(min_samples=400)


def exam(samples: int = 1000, skill: float = 0.0, other: float = 0.0, seed: int = 0, horizon: int = 5) -> Exam:
    """Overlapping labels; the model and a rival each know the outcome through noise of their own."""
    rng = np.random.default_rng(seed)
    outcome = np.convolve(rng.normal(size=samples + horizon - 1), np.ones(horizon), "valid") / np.sqrt(horizon)
    model, rival = (norm.cdf(k * outcome + rng.normal(size=samples)) for k in (skill, other))
    starts = np.arange(samples) * 60
    rivals = {"majority": np.full(samples, 0.5), "rival": rival}
    return Exam("rises", "binary", (outcome > 0).astype(int), starts, starts + 60 * horizon, model, rivals)


def altered(base: Exam, **change: object) -> Exam:
    return replace(base, **change)  # pyright: ignore[reportArgumentType]


def mixed(base: Exam, seed: int) -> Exam:
    """The same exam, its samples in any order."""
    order = np.random.default_rng(seed).permutation(len(base.answers))
    columns = {name: getattr(base, name)[order] for name in ("answers", "starts", "ends", "model")}
    earned = None if base.earned is None else base.earned[order]
    return altered(base, **columns, baselines={who: p[order] for who, p in base.baselines.items()}, earned=earned)


def test_an_honest_model_passes_and_the_verdict_says_by_how_much() -> None:
    verdict = judge(PARAMS, [exam(skill=1.0)])
    assert verdict.passed
    assert verdict.reasons == ()
    assert [each.baseline for each in verdict.advantages] == ["majority", "rival"]
    assert all(0 < each.lower_bound < each.difference for each in verdict.advantages)
    assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


def test_being_as_good_as_a_baseline_is_not_enough() -> None:
    verdict = judge(PARAMS, [exam(skill=0.6, other=0.6)])
    assert not verdict.passed
    assert len(verdict.reasons) == 1
    assert verdict.reasons[0].startswith("roc_auc 0.7")
    assert "is not better than rival 0.7" in verdict.reasons[0]


def test_a_lucky_model_is_refused() -> None:
    lucky = max((exam(samples=400, seed=seed) for seed in range(20)), key=lambda e: _auc(e))
    assert _auc(lucky) > 0.54
    assert judge(PARAMS, [lucky], openings=20).reasons


def test_one_class_only_is_refused_whatever_the_ranking() -> None:
    honest = exam(skill=2.0)
    verdict = judge(PARAMS, [altered(honest, model=honest.model * 0.4)])
    assert verdict.reasons == ("predicts one class only (false) on 1000 test samples",)


def test_too_few_samples_are_refused() -> None:
    verdict = judge(PARAMS, [exam(samples=399, skill=2.0)])
    assert verdict.reasons == ("only 399 test samples, at least 400 are demanded",)


def test_what_cannot_be_compared_is_refused_with_every_reason() -> None:
    base = exam(skill=1.0)
    silent = altered(base, answers=np.ones(1000, int), model=np.full(1000, np.nan))
    assert judge(PARAMS, [silent]).reasons == (
        "the test part holds one class only",
        "some probabilities are not numbers",
    )
    long = altered(base, ends=base.starts + 60 * 200)
    assert judge(PARAMS, [long]).reasons == (
        "labels overlap so long that only 5 independent blocks remain, at least 10 are needed",
    )


def test_the_order_of_samples_does_not_matter() -> None:
    base = exam(skill=0.3)
    assert judge(PARAMS, [mixed(base, 1)]) == judge(PARAMS, [base])


def test_every_opening_makes_the_gate_stricter() -> None:
    bounds = [judge(PARAMS, [exam(skill=0.3)], openings=count).advantages[0] for count in (1, 2, 50)]
    errors = {bound.standard_error for bound in bounds}
    assert len(errors) == 1
    for bound, count in zip(bounds, (1, 2, 50), strict=True):
        expected = bound.difference - norm.ppf(1 - 0.05 / count) * bound.standard_error
        assert bound.lower_bound == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("metric", ["roc_auc", "pr_auc", "accuracy", "log_loss", "brier"])
def test_better_means_better_in_every_metric(metric: str) -> None:
    params = GateParams(min_samples=400, metric=metric)  # pyright: ignore[reportArgumentType]
    good, bad = exam(skill=1.0), exam(other=1.0)
    assert judge(params, [good]).passed
    assert not judge(params, [bad]).passed


def test_a_model_without_skill_passes_as_seldom_as_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "RESAMPLES", 300)
    passed = 0
    for seed in range(200):
        base = exam(samples=400, seed=seed)
        passed += judge(PARAMS, [altered(base, baselines={"majority": base.baselines["majority"]})]).passed
    assert 0.01 <= passed / 200 <= 0.10


def test_what_is_to_be_traded_must_earn_beyond_sampling_error() -> None:
    base = exam(skill=1.0)
    noise = np.random.default_rng(1).normal(size=1000)
    assert judge(PARAMS, [altered(base, earned=noise + 0.5)]).passed
    for earned in (noise - noise.mean() - 0.01, noise - noise.mean() + 0.01):
        verdict = judge(PARAMS, [altered(base, earned=earned)])
        assert not verdict.passed
        (reason,) = verdict.reasons
        said = float(reason.split("lower bound ")[1].rstrip(")"))
        assert f"net profit of {earned.sum():+.1f} bps is not above 0 beyond sampling error" in reason
        assert said == pytest.approx(earned.sum() - norm.ppf(0.95) * noise.std() * 1000**0.5, rel=0.2)


def test_what_is_earned_keeps_its_samples_in_any_order() -> None:
    base = altered(exam(skill=1.0), earned=np.random.default_rng(1).normal(size=1000))
    assert judge(PARAMS, [mixed(base, 2)]) == judge(PARAMS, [base])


def test_gate_parameters_are_refused_by_name() -> None:
    with pytest.raises(BadParams, match=r"gate.metric: 'roc_acu' is not a known value; did you mean 'roc_auc'\?"):
        GateParams.parse({"metric": "roc_acu"}, "gate")
    with pytest.raises(BadParams, match=r"gate.baselines.0: 'majorty' is not a known value; did you mean 'majority'\?"):
        GateParams.parse({"baselines": ["majorty"]}, "gate")


def test_a_model_opens_a_test_part_once(lake: Lake) -> None:
    assert openings.opened(lake, "volatility", "d1") == []
    counts = [openings.record(lake, "volatility", "d1", key) for key in ("a", "b", "a", "c")]
    assert counts == [1, 2, 2, 3]
    assert openings.record(lake, "volatility", "d2", "a") == 1
    assert openings.opened(lake, "volatility", "d1") == ["a", "b", "c"]
    lines = lake.path("registry", "openings", "volatility", "d1.jsonl").read_text().splitlines()
    assert [sorted(json.loads(line)) for line in lines] == [["model_key", "opened"]] * 3


def _auc(base: Exam) -> float:
    true, false = base.model[base.answers == 1], base.model[base.answers == 0]
    return float((true[:, None] > false).mean())

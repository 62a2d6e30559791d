"""The gate on planted models: the lucky, the one-class, the scarce are refused, the honest passes."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from trading_ml.core.errors import BadParams
from trading_ml.core.lake import Lake
from trading_ml.registry import openings, sampling
from trading_ml.registry.exam import Exam
from trading_ml.registry.gate import Verdict, judge
from trading_ml.registry.params import GateParams

OTHERS = ["support", "calibration", "plausible", "slices", "champion", "control", "gap"]
PARAMS = GateParams(min_samples=400, **dict.fromkeys(OTHERS, False))  # pyright: ignore[reportArgumentType]


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
    verdict = judge(PARAMS, [exam(skill=0.6, other=0.6, seed=2)])
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
        expected = bound.difference - student.ppf(1 - 0.05 / (count * (count + 1)), 24) * bound.standard_error
        assert bound.lower_bound == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("metric", ["roc_auc", "pr_auc", "accuracy", "log_loss", "brier"])
def test_better_means_better_in_every_metric(metric: str) -> None:
    params = PARAMS.model_copy(update={"metric": metric})
    good, bad = exam(skill=1.0), exam(other=1.0)
    assert judge(params, [good]).passed
    assert not judge(params, [bad]).passed


def test_a_model_without_skill_passes_as_seldom_as_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "RESAMPLES", 200)
    passed = 0
    for seed in range(200):
        base = exam(samples=400, seed=seed)
        passed += judge(PARAMS, [altered(base, baselines={"majority": base.baselines["majority"]})]).passed
    assert 0.003 <= passed / 200 <= 0.06


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
        assert said == pytest.approx(earned.sum() - student.ppf(0.975, 24) * noise.std() * 1000**0.5, rel=0.4)


def test_what_is_earned_keeps_its_samples_in_any_order() -> None:
    base = altered(exam(skill=1.0), earned=np.random.default_rng(1).normal(size=1000))
    assert judge(PARAMS, [mixed(base, 2)]) == judge(PARAMS, [base])


def several(skill: float, seed: int = 0) -> Exam:
    """Three classes of the same overlapping outcome, softmax over its distance from each."""
    rng = np.random.default_rng(seed)
    base = exam(seed=seed)
    outcome = np.convolve(rng.normal(size=1004), np.ones(5), "valid") / np.sqrt(5)
    scores = -np.square(skill * outcome[:, None] + rng.normal(size=(1000, 1)) - skill * np.array([-1, 0, 1]))
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    codes = np.digitize(outcome, [-0.5, 0.5])
    shares = np.tile(np.bincount(codes) / 1000, (1000, 1))
    named = {"label": "moves", "kind": "categorical", "classes": ("down", "flat", "up")}
    return altered(base, **named, answers=codes, model=p, baselines={"majority": shares})


def numbers(skill: float, seed: int = 0, columns: int = 2) -> Exam:
    """Paths of which the model knows a share, beside their mean and no change."""
    rng = np.random.default_rng(seed)
    base = exam(seed=seed)
    paths = np.stack([np.convolve(rng.normal(size=1004), np.ones(5), "valid") / 1e3 for _ in range(columns)], axis=1)
    told = skill * paths + 1e-4 * rng.normal(size=paths.shape)
    others = {"majority": np.full(paths.shape, paths.mean()), "naive": np.zeros(paths.shape)}
    return altered(base, label="path", kind="numeric", answers=paths, model=told, baselines=others)


@pytest.mark.parametrize("metric", [None, "log_loss", "brier", "accuracy", "balanced_accuracy"])
def test_of_several_classes_skill_passes_and_none_is_refused(metric: str | None) -> None:
    params = PARAMS.model_copy(update={"metric": metric})
    verdict = judge(params, [several(skill=2.0)])
    assert verdict.passed, verdict.reasons
    assert verdict.advantages[0].metric == (metric or "log_loss")
    assert not judge(params, [several(skill=0.0, seed=1)]).passed


@pytest.mark.parametrize("metric", [None, "rmse", "mae"])
def test_of_numbers_skill_passes_and_none_is_refused(metric: str | None) -> None:
    params = PARAMS.model_copy(update={"metric": metric})
    verdict = judge(params, [numbers(skill=0.3)])
    assert verdict.passed, verdict.reasons
    assert [(each.baseline, each.metric) for each in verdict.advantages] == [
        ("majority", metric or "rmse"), ("naive", metric or "rmse"),
    ]  # fmt: skip
    told = judge(params, [numbers(skill=0.0)])
    assert not told.passed
    assert any(f"{metric or 'rmse'} 0.00" in why and "is not better than naive 0.00" in why for why in told.reasons)


def test_the_error_of_a_difference_in_numbers_is_the_analytic_one() -> None:
    rng = np.random.default_rng(5)
    answers, told = rng.normal(size=4000), 0.2 * rng.normal(size=4000)
    starts = np.arange(4000) * 60
    asked = Exam("change", "numeric", answers, starts, starts + 60, told, {"naive": np.zeros(4000)})
    found = judge(PARAMS.model_copy(update={"metric": "mae"}), [asked]).advantages[0]
    differences = np.abs(answers) - np.abs(answers - told)
    assert found.difference == pytest.approx(differences.mean())
    assert found.standard_error == pytest.approx(differences.std() / np.sqrt(4000), rel=0.35)


def test_one_answer_to_everything_is_refused_in_every_kind() -> None:
    always = altered(several(2.0), model=np.tile([0.1, 0.2, 0.7], (1000, 1)))
    assert judge(PARAMS, [always]).reasons == ("predicts one class only (up) on 1000 test samples",)
    constant = altered(numbers(0.3), model=np.full((1000, 2), 0.5))
    assert judge(PARAMS, [constant]).reasons == ("predicts one number only on 1000 test samples",)
    silent = altered(numbers(0.3), model=np.full((1000, 2), np.inf), answers=np.zeros((1000, 2)))
    assert judge(PARAMS, [silent]).reasons == (
        "the test part holds one number only", "some predictions are not numbers",
    )  # fmt: skip


def test_a_model_of_several_labels_must_pass_in_each_and_reasons_say_in_which() -> None:
    good = [exam(skill=1.0), several(skill=2.0), numbers(skill=0.3)]
    verdict = judge(PARAMS, good)
    assert verdict.passed
    assert [(each.label, each.metric, each.baseline) for each in verdict.advantages] == [
        ("rises", "roc_auc", "majority"), ("rises", "roc_auc", "rival"), ("moves", "log_loss", "majority"),
        ("path", "rmse", "majority"), ("path", "rmse", "naive"),
    ]  # fmt: skip
    assert verdict.advantages[0] == judge(PARAMS, good[:1]).advantages[0]
    refused = judge(PARAMS, [*good[:2], numbers(skill=0.0)])
    assert not refused.passed
    assert refused.reasons
    assert all(reason.startswith("path: rmse ") for reason in refused.reasons)


def test_a_metric_may_be_said_for_each_label() -> None:
    params = PARAMS.model_copy(update={"metric": {"path": "mae", "moves": "brier"}})
    verdict = judge(params, [exam(skill=1.0), several(skill=2.0), numbers(skill=0.3)])
    assert {each.label: each.metric for each in verdict.advantages} == {
        "rises": "roc_auc", "moves": "brier", "path": "mae",
    }  # fmt: skip
    assert GateParams.model_validate(params.model_dump(mode="json")) == params


def test_samples_of_every_kind_keep_their_answers_in_any_order() -> None:
    for base in (several(1.0), numbers(0.2)):
        assert judge(PARAMS, [mixed(base, 1)]) == judge(PARAMS, [base])


def test_gate_parameters_are_refused_by_name() -> None:
    with pytest.raises(BadParams, match=r"gate.metric: 'roc_acu' is not a known value; did you mean 'roc_auc'\?"):
        GateParams.parse({"metric": "roc_acu"}, "gate")
    with pytest.raises(BadParams, match=r"gate.metric.path: 'rsme' is not a known value; did you mean 'rmse'\?"):
        GateParams.parse({"metric": {"path": "rsme"}}, "gate")
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

"""What a judgement takes into account and leaves behind: threshold, trials, champion, control; and judging again."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.predict import predict
from trading_ml.models.threshold import ThresholdParams
from trading_ml.registry import judgement, known, openings, register, trials
from trading_ml.registry.gate import Known, Verdict, judge
from trading_ml.registry.judgement import gate_key, rejudge
from trading_ml.registry.params import EvaluationParams, GateParams
from trading_ml.registry.permuted import Permuted, controls
from trading_ml.registry.register import Order
from trading_ml.registry.result import JUDGEMENT, Judgement
from trading_ml.registry.rules import Finding
from trading_ml.registry.rules.control import Control
from trading_ml.registry.runs import Given
from trading_ml.registry.store import Registry
from trading_ml_tests.models.standin import Standin

GATE = GateParams.parse({"min_samples": 200, "control": {"permutations": 1, "epochs": 1}, "calibration": False}, "gate")
BOOSTED = {"family": "hist_gradient_boosting", "leaves": 6, "scale": {"close": "minmax"}}
ORDER = Order(
    project="volatility", model=resolve({**BOOSTED, "rounds": 20}), training=TrainingParams(threads=1), gate=GATE,
    threshold=ThresholdParams(rule="precision_at_recall", target=0.5),
)  # fmt: skip
WORSE = replace(ORDER, model=resolve({**BOOSTED, "rounds": 4}), threshold=ThresholdParams())


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=800)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, source: Standin) -> Lake:
    """Two versions of one dataset, and a training that came to nothing."""
    lake = Lake(tmp_path_factory.mktemp("judgement") / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judgement, "figures", lambda *_: {})
        patch.setattr(register.pictures, "show", lambda *_: None)
        register.register(lake, source, ORDER)
        trials.record(lake, "volatility", source.digest, "abandoned", "trial")
        register.register(lake, source, WORSE)
    return lake


def verdict(root: Lake, number: int) -> Verdict:
    tags = Registry.open(root, "volatility").version(str(number)).tags
    return Judgement.model_validate_json(tags[JUDGEMENT]).verdict


def finding(root: Lake, number: int, rule: str) -> Finding:
    (found,) = [each for each in verdict(root, number).rules if each.rule == rule]
    return found


def test_the_threshold_is_that_of_the_validation_part_and_stays_with_the_version(root: Lake, source: Standin) -> None:
    registry = Registry.open(root, "volatility")
    version = registry.version("1")
    (threshold,) = json.loads(version.tags["threshold"]).values()
    assert verdict(root, 1).thresholds == {"rises": threshold}
    model, validation, test = registry.load(version), source.indices("validation"), source.indices("test")
    told, answers = predict(model, source, validation)["rises"], source.answers[validation]
    recalls = {score: (answers & (told > score)).sum() / answers.sum() for score in (threshold, 0.5)}
    assert recalls[threshold] >= 0.5
    best = max(answers[told > score].mean() for score in told if (answers & (told > score)).sum() >= answers.sum() / 2)
    assert answers[told > threshold].mean() == pytest.approx(best)
    said = predict(model, source, test)["rises"] > threshold
    metrics = Judgement.model_validate_json(version.tags[JUDGEMENT]).metrics
    assert metrics["test_precision_at_threshold"] == pytest.approx(source.answers[test][said].mean())
    assert finding(root, 1, "support").figures["support"] == said.sum() == metrics["test_support_at_threshold"]
    assert json.loads(registry.version("2").tags["threshold"]) == {"rises": 0.5}


def test_every_trial_is_told_and_every_opening_counted(root: Lake, source: Standin) -> None:
    assert [(verdict(root, n).openings, verdict(root, n).trials) for n in (1, 2)] == [(1, 1), (2, 3)]
    assert finding(root, 2, "skill").figures["share_of_error"] == pytest.approx(0.05 / 6)
    registry = Registry.open(root, "volatility")
    run = registry.client.get_run(str(registry.version("2").run_id))
    page = Path(str(run.info.artifact_uri), "test", "evaluation.md").read_text("utf-8")
    assert "Models judged on this test part so far: 2; the bounds are corrected for all of them." in page
    assert "Models whose training was begun on this dataset so far, abandoned ones included: 3" in page
    assert all(f"| {rule} |" in page for rule in ("support", "skill", "slices", "champion", "gap"))
    assert "#### Yes to rises above 0.5" in page


def test_a_version_is_compared_with_the_champion_on_what_is_new_to_it(root: Lake, source: Standin) -> None:
    assert finding(root, 1, "champion").note == "there is no champion yet"
    told = finding(root, 2, "champion")
    assert told.figures["version"] == 1
    seen = np.concatenate([source.indices("train"), source.indices("validation")])
    since = source.label_intervals(seen)[1].max()
    assert told.figures["samples"] == (source.label_intervals(source.indices("test"))[0] >= since).sum()
    assert told.figures["champion"] == pytest.approx(verdict(root, 1).advantages[0].model, abs=0.01)
    assert told.figures["model"] == pytest.approx(verdict(root, 2).advantages[0].model, abs=0.01)


def test_what_was_taught_on_permuted_labels_shows_no_skill(root: Lake) -> None:
    told = finding(root, 1, "control")
    assert told.passed
    assert len(told.rows) == 1


def test_a_champion_with_other_inputs_is_not_asked(
    root: Lake, source: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Standin, "manifest", property(lambda own: {
        "labels": [{"name": "rises", "column": "rises", "classes": own.classes}], "params": {"features": own.window},
    }))  # fmt: skip
    registry = Registry.open(root, "volatility")
    older = Standin(bars=800, window=5, seed=2)
    champion, asked = registry.version("1"), registry.version("2")
    registry.tag(champion, {"dataset": older.digest})
    monkeypatch.setattr(Registry, "champion", lambda own: own.version("1"))
    monkeypatch.setattr(known, "_dataset", lambda registry, version: older)
    labels = ORDER.labels(source)
    rivals, why = known._rivals(registry, asked, source, labels)
    assert (rivals, why) == ({}, "the champion, version 1, has other features")
    monkeypatch.undo()
    monkeypatch.setattr(Registry, "champion", lambda own: own.version("1"))
    assert known._rivals(registry, asked, source, labels) == (
        {}, "the dataset of the champion, version 1, is not there any more",
    )  # fmt: skip
    registry.tag(champion, {"dataset": source.digest})


def test_judging_again_counts_no_new_opening_and_replaces_no_newer_champion(
    root: Lake, source: Standin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Dataset, "open", lambda *_: source)
    registry = Registry.open(root, "volatility")
    lenient = replace(ORDER, gate=GATE.model_copy(update={"control": GateParams().control, "champion": False}))
    lenient = replace(
        lenient, gate=GateParams.parse({"min_samples": 200, "champion": False, "calibration": False}, "g")
    )
    assert rejudge(root, "volatility", "2", lenient).verdict.passed
    assert registry.champion().version == 2  # pyright: ignore[reportOptionalMemberAccess]
    again = rejudge(root, "volatility", "1", lenient)
    assert again.verdict.passed
    assert registry.champion().version == 2  # pyright: ignore[reportOptionalMemberAccess]
    assert again.verdict.openings == len(openings.opened(root, "volatility", source.digest)) == 2
    assert again.gate_key == gate_key(lenient.gate, EvaluationParams(), ORDER.threshold)
    assert registry.version("1").tags["gate"] == "passed"


def test_the_key_of_the_gate_follows_rules_and_threshold() -> None:
    half, other = ThresholdParams(), ThresholdParams(rule="best_f1")
    moved = GateParams.parse({"support": {"min_recall": 0.1}}, "gate")
    keys = [gate_key(params, EvaluationParams(), how) for params in (GateParams(), moved) for how in (half, other)]
    assert len(set(keys)) == 4


def test_labels_are_permuted_in_blocks_and_the_test_part_stays(source: Standin) -> None:
    permuted = Permuted(source, 0)
    taught = np.concatenate([source.indices("train"), source.indices("validation")])
    test = source.indices("test")
    assert np.array_equal(permuted.labels(test, "rises"), source.labels(test, "rises"))
    assert sorted(permuted.order[taught]) == sorted(taught)
    assert Counter(permuted.labels(taught, "rises").tolist()) == Counter(source.labels(taught, "rises").tolist())
    order = taught[np.argsort(source.label_intervals(taught)[0], kind="stable")]
    place = {sample: n for n, sample in enumerate(order.tolist())}
    steps = np.diff([place[sample] for sample in permuted.order[order].tolist()])
    most = 2 * source.horizon  # two instruments side by side, each label three bars
    assert 0 < (steps != 1).sum() <= len(order) / (3 * most)
    assert np.array_equal(Permuted(source, 0).order, permuted.order)
    assert not np.array_equal(Permuted(source, 1).order, permuted.order)
    assert permuted.digest != source.digest
    assert permuted.window == source.window


class Interleaved(Standin):
    """Every other sample validates what its neighbours have taught, and labels last forty bars."""

    def __post_init__(self) -> None:
        super().__post_init__()
        closes = self.series[self.place, :, 0]
        ahead = np.minimum(self.bar + 40, self.bars - 1)
        rows = np.arange(len(self.bar))
        self.answers = closes[rows, ahead] > closes[rows, self.bar]
        self.horizon = 40

    def indices(self, part: str) -> np.ndarray:
        codes = np.where(self.bar > 0.8 * self.bars, 2, self.bar % 2)
        return np.flatnonzero(codes == ("train", "validation", "test", "purged").index(part))


@pytest.mark.parametrize(("split", "passed"), [(Standin, True), (Interleaved, False)])
def test_a_control_finds_out_that_samples_are_judged_by_their_neighbours(split: type[Standin], passed: bool) -> None:
    source = split(bars=1200)
    boosted = resolve({**BOOSTED, "leaves": 40, "rounds": 60, "scale": {"close": "none", "noise": "none"}})
    given = Given(model=boosted, training=TrainingParams(threads=1))
    exams = controls(given, source, ORDER.labels(source), Control(permutations=1))["rises"]  # pyright: ignore
    told = judge(GATE, [exams[0]], known={"rises": Known(controls=exams)}).rules
    (control,) = [each for each in told if each.rule == "control"]
    assert control.passed is passed

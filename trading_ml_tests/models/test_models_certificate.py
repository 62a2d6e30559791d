"""What a certificate says of a dataset and of answers, and its page; registry/test_registry_batch.py trains some."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import numpy as np
import pytest

from trading_ml.models.certificate import Calibration, Certificate, Cost, Summary, Threshold, discovered
from trading_ml.models.page import charts, page
from trading_ml.models.source import Target, targets
from trading_ml.models.svg import chart
from trading_ml.models.threshold import ThresholdParams
from trading_ml_tests.models.standin import MINUTE, Mixed

BINARY, NUMBER = Target("rises", ("rises",), ("false", "true")), Target("path", ("a", "b"), None)
THREE = Target("moves", ("moves",), ("down", "flat", "up"))


def test_the_summary_of_a_dataset() -> None:
    source = Mixed(bars=60)
    told = Summary.of(source, targets(source))
    rows = source.indices("train").tolist()
    assert told.parts["test"].samples == len(source.indices("test"))
    times = [(source.bar[row] + 1) * MINUTE / 1e9 for row in rows]
    assert (told.parts["train"].first, told.parts["train"].last) == tuple(
        datetime.fromtimestamp(each, UTC) for each in (min(times), max(times))
    )
    closes = [float(source.series[source.place[row], source.bar[row], 0]) for row in rows]
    assert told.features["close"]["mean"] == pytest.approx(sum(closes) / len(closes))
    assert told.features["close"]["max"] == max(closes)
    assert set(told.labels) == {"train", "validation"}  # nothing is told of what the test part answers
    steps = [float(source.values["step_2"][row]) for row in source.indices("validation")]
    assert told.labels["validation"]["step_2"]["min"] == min(steps)
    shares = told.labels["train"]["moves"]
    assert shares["up"] == sum(source.values["moves"][row] == 2 for row in rows) / len(rows)


def test_numbers_are_calibrated_by_tenths_of_what_was_predicted() -> None:
    rng = np.random.default_rng(3)
    said = np.stack([rng.normal(size=200), rng.normal(size=200)], axis=1)
    came = said * 2
    found = Calibration.of(came, said, NUMBER)
    order = sorted(range(200), key=lambda row: said[row, 1])
    tenths = [order[start : start + 20] for start in range(0, 200, 20)]
    assert found.samples == (20,) * 10
    assert found.predicted == pytest.approx([sum(said[row, 1] for row in tenth) / 20 for tenth in tenths])
    assert found.happened == pytest.approx([sum(came[row, 1] for row in tenth) / 20 for tenth in tenths])


def test_of_several_classes_the_likeliest_is_calibrated() -> None:
    p = np.array([[0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
    found = Calibration.of(np.array([0, 2]), p, THREE)
    assert (found.predicted, found.happened, found.samples) == ((0.6, 0.8), (1.0, 0.0), (1, 1))


def test_the_threshold_and_where_nothing_is_to_be_found() -> None:
    answers, p = np.array([0, 1, 0, 1]), np.array([0.1, 0.5, 0.6, 0.7])
    found = Threshold.of(answers, p, ThresholdParams(rule="best_f1", scores=(0.65,)))
    assert (found.rule, found.chosen, found.confusion) == ("best_f1", 0.3, ((1, 1), (0, 2)))
    assert [row["precision"] for row in found.table if row["score"] == 0.65] == [1.0]
    assert Threshold.of(np.zeros(4), p, ThresholdParams(rule="best_f1")).chosen == 0.5


def test_directions_are_told_in_the_order_of_time_and_of_changes_only() -> None:
    said, came, starts = np.array([1.0, 1.0, -1.0]), np.array([1.0, -1.0, 2.0]), np.array([30, 10, 20])
    found = discovered(came, said, starts, Target("change", ("change",), None))
    assert found is not None
    assert found.course == "--+"
    assert discovered(np.array([3.0, 1.0]), np.array([1.0, 1.0]), starts[:2], Target("level", ("level",), None)) is None
    assert discovered(np.array([0, 1]), np.array([0.2, 0.7]), starts[:2], BINARY) is None


def made() -> Certificate:
    said, came = np.linspace(-1, 1, 900), np.sin(np.arange(900.0))
    found = discovered(came, said, np.arange(900), Target("x", ("x",), None))
    assert found is not None
    source, now = Mixed(bars=60), datetime(2026, 1, 1, tzinfo=UTC)
    return Certificate(
        model_key="k" * 64, project="p", description="<b>what</b>", run="r", family="dense", model={"units": [8]},
        training={}, dataset=Summary.of(source, targets(source)), weights="w" * 64, values=12, best_epoch=2,
        history=({"loss": 2.0, "val_loss": 3.0}, {"loss": 1.0, "val_loss": 2.5}), validation={"validation_rmse": 1.5},
        discovery={"x": found}, calibration={"x": Calibration.of(came, said, Target("x", ("x",), None))},
        thresholds={"y": Threshold.of(np.array([0, 1]), np.array([0.2, 0.7]), ThresholdParams())}, environment={},
        cost=Cost(begun=now, ended=now, wall_seconds=3, cpu_seconds=4, threads=1),
    )  # fmt: skip


def test_the_page_needs_nothing_beside_it_and_lets_no_text_be_markup() -> None:
    told = made()
    text = page(told)
    assert "<b>what" not in text
    assert "&lt;b&gt;what" in text
    assert "validation_rmse" in text
    assert not any(word in text for word in ("<script", "src=", "href="))
    drawn = charts(told)
    assert list(drawn) == ["history", "calibration_x", "discovery_x"]
    assert all(picture in text for picture in drawn.values())
    assert Certificate.model_validate_json(told.model_dump_json()) == told


def test_charts_are_whole_and_long_lines_thinned() -> None:
    tree = ET.fromstring(chart("a < b", {"one & two": [(n, n * n) for n in range(5000)]}, "x", "y", diagonal=True))
    lines = [each for each in tree.iter() if each.tag.endswith("polyline")]
    ends = lines[1].attrib["points"].split()
    assert len(ends) <= 402
    assert (ends[0], ends[-1]) == ("62.0,224.0", "408.0,28.0")  # corners of the frame
    assert ET.fromstring(chart("empty", {}, "x", "y")) is not None
    level = ET.fromstring(chart("level", {"a": [(1, 2), (2, 2)]}, "x", "y", dots=True))
    assert sum(each.tag.endswith("circle") for each in level.iter()) == 2

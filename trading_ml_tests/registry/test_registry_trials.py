"""Every training that was begun is on record, whatever became of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from trading_ml.core.lake import Lake
from trading_ml.registry import trials


def test_a_model_is_tried_once_however_often_its_training_is_begun(lake: Lake) -> None:
    assert trials.count(lake, "volatility", "d1") == 0
    counts = [trials.record(lake, "volatility", "d1", key) for key in ("a", "b", "a", "c")]
    assert counts == [1, 2, 2, 3]
    assert trials.record(lake, "volatility", "d2", "a", what="trial") == 1
    assert trials.begun(lake, "volatility", "d1") == ["a", "b", "c"]
    assert (trials.by_kind(lake, "volatility", "d1"), trials.by_kind(lake, "volatility", "d2")) == (
        {"run": 3}, {"trial": 1},
    )  # fmt: skip
    lines = lake.path("registry", "trials", "volatility", "d1.jsonl").read_text().splitlines()
    assert [sorted(json.loads(line)) for line in lines] == [["begun", "model_key", "what"]] * 3


def test_trials_begun_at_once_are_all_counted(lake: Lake) -> None:
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda n: trials.record(lake, "volatility", "d", f"{n % 10}"), range(20)))
    assert max(counts) == trials.count(lake, "volatility", "d") == 10

"""Every training that was begun is on record, whatever became of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from trading_ml.core.lake import Lake
from trading_ml.registry import openings, trials


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


def test_a_test_part_that_other_datasets_have_shown_counts_by_the_share_that_was_seen(lake: Lake) -> None:
    days = 86_400 * 10**9
    for key in ("a", "b", "c"):
        openings.record(lake, "volatility", "d1", key, (0, 10 * days))
    assert openings.record(lake, "volatility", "d2", "d", (days, 11 * days)) == 1 + 3  # 2.7 looks
    assert openings.record(lake, "volatility", "d2", "d", (days, 11 * days)) == 1 + 3
    assert openings.record(lake, "volatility", "d3", "e", (8 * days, 18 * days)) == 1 + 1  # 0.6 and 0.3
    assert openings.record(lake, "volatility", "d4", "f", (30 * days, 40 * days)) == 1
    assert openings.record(lake, "order_profit", "d1", "a", (0, 10 * days)) == 1
    assert openings.record(lake, "volatility", "d1", "g") == 4

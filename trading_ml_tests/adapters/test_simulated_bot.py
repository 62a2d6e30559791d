"""Prices and orders of the simulated bot: same bytes, known bad rows, and outcomes that the prices bear out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trading_ml.adapters import detect
from trading_ml.adapters.raw import RawFile
from trading_ml.adapters.simulated.bot import HISTORY, BotParams, market, orders
from trading_ml.adapters.simulated.ig import SYMBOL, export
from trading_ml.core.errors import BadParams

SMALL = BotParams(orders=300, every_seconds=5, volatility=2, trend=0.2)


def changed(**fields: object) -> BotParams:
    return BotParams.model_validate(SMALL.model_dump() | fields)


def test_same_parameters_same_bytes(tmp_path: Path) -> None:
    content = lambda name, params: [file.path.read_bytes() for file in export(params, tmp_path / name, tmp_path / name)]
    assert content("a", SMALL) == content("b", SMALL)
    assert all(one != other for one, other in zip(content("a", SMALL), content("c", changed(seed=8)), strict=True))


def test_every_row_is_read_or_known_to_be_bad_and_names_the_symbol(tmp_path: Path) -> None:
    for file in export(SMALL, tmp_path, tmp_path):
        adapter = detect(file.path)[0]
        chunks = list(adapter.read(RawFile(file.path, "0" * 64), None))
        assert adapter.name == file.adapter
        assert sum(chunk.rows for chunk in chunks) == file.rows
        assert sum(chunk.quarantine.height for chunk in chunks) == file.bad_rows == 9
        reasons = Counter(pl.concat(chunk.quarantine for chunk in chunks)["reason"])
        assert sorted(reasons.values()) == [3, 3, 3]
        assert set(pl.concat(chunk.frame for chunk in chunks)["symbol"]) == {SYMBOL}


def test_an_order_buys_at_the_ask_and_ends_where_the_bid_first_reaches_a_level() -> None:
    made = market(SMALL)
    placed = orders(SMALL, made)
    assert len(placed.second) == 300
    assert made.stored[placed.second].all()
    assert placed.second.min() >= HISTORY
    for second, closed, profit in zip(*placed, strict=True):
        entry, k = made.ask[second], second + 1
        while round(entry - 10, 2) < made.bid[k] < round(entry + 10, 2):
            k += 1
        assert (k, made.bid[k] > entry) == (closed, profit)


def test_seconds_are_missing_and_the_day_is_told() -> None:
    made = market(changed(missing=0.1, outages=20))
    assert 0.8 < made.stored.mean() < 0.92
    runs = pl.Series(made.stored).rle().struct.unnest().filter(~pl.col("value"))["len"]
    assert max(runs.to_list()) >= 20
    assert (made.ask > made.bid).all()


@pytest.mark.parametrize(("trend", "least", "most"), [(0.0, 0.44, 0.56), (0.03, 0.62, 1.0)])
def test_the_last_minutes_tell_something_only_where_there_is_a_trend(trend: float, least: float, most: float) -> None:
    params = BotParams(trend=trend)
    made = market(params)
    placed = orders(params, made)
    mid = (made.bid + made.ask) / 2
    change = mid[placed.second - 1] - mid[placed.second - 600]
    up, down = np.sort(change[placed.profit]), change[~placed.profit]
    auc = 1 - np.searchsorted(up, down).mean() / len(up)  # of all pairs, how many are in the right order
    assert least < auc < most
    assert trend or abs(placed.profit.mean() - 0.4) < 0.03  # a martingale reaches +8 before −12 so often


def test_parameters_are_bounded() -> None:
    with pytest.raises(BadParams, match="spread"):
        BotParams.parse({"spread": 0}, "bot")

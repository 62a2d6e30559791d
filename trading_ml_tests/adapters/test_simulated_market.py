"""The simulated exchange: what is in its prices to be found, and what is not."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from trading_ml.adapters.simulated import MarketParams, sessions, trades
from trading_ml.core.errors import BadParams

NEW_YORK = ZoneInfo("America/New_York")
MINUTE = 60_000_000_000


def bars(symbol: str, **changed: object) -> list[np.ndarray]:
    """Open, high, low, close of each minute, a session an array; irregular trades left out."""
    params = MarketParams(**{"end": date(2024, 3, 1), **changed})  # pyright: ignore[reportArgumentType]
    price, found = pl.col("price"), []
    for session in sessions(params, symbol):
        regular = trades(params, session).filter(pl.col("mark").is_null())
        minutes = regular.group_by(pl.col("ts_event") // MINUTE, maintain_order=True)
        columns = [price.first().alias("o"), price.max().alias("h"), price.min().alias("l"), price.last().alias("c")]
        found.append(minutes.agg(columns).select("o", "h", "l", "c").to_numpy())
    return found


def autocorrelation(days: list[np.ndarray], lag: int) -> float:
    """Correlation of values `lag` apart, never across a night."""
    before, after = (np.concatenate(part) for part in zip(*[(day[:-lag], day[lag:]) for day in days], strict=True))
    return float(np.corrcoef(before, after)[0, 1])


def returns(days: list[np.ndarray]) -> list[np.ndarray]:
    """Log returns from close to close within each session."""
    return [np.diff(np.log(day[:, 3])) for day in days]


def clock(stamp: int) -> datetime:
    """New York time of a stamp, to the second."""
    return datetime.fromtimestamp(stamp // 1_000_000_000, tz=NEW_YORK)


@pytest.mark.parametrize("month", [2, 4])
def test_sessions_are_half_past_nine_to_four_in_winter_and_in_summer(month: int) -> None:
    params = MarketParams(start=date(2024, month, 1), end=date(2024, month, 10), symbols=("ALFA",))
    traded = sessions(params, "ALFA")
    assert [session.day for session in traded] == [
        date(2024, month, day) for day in range(1, 10) if date(2024, month, day).weekday() < 5
    ]
    for session in traded:
        stamps = trades(params, session)["ts_event"]
        assert stamps.is_sorted()
        first, last = clock(stamps[0]), clock(stamps[-1])
        assert (first.date(), first.hour, first.minute) == (session.day, 9, 30)
        assert (last.date(), last.hour, last.minute) == (session.day, 15, 59)


def test_each_symbol_and_day_stands_alone() -> None:
    short = MarketParams(start=date(2024, 2, 1), end=date(2024, 2, 2), symbols=("BETA",))
    long = MarketParams(start=date(2023, 12, 1), end=date(2024, 4, 1), symbols=("ALFA", "BETA"))
    (alone,) = sessions(short, "BETA")
    among = next(session for session in sessions(long, "BETA") if session.day == alone.day)
    assert trades(short, alone).equals(trades(long, among))
    assert alone.level == among.level
    assert not trades(short, alone).equals(trades(short.model_copy(update={"seed": 8}), alone))


def test_the_price_walks_on_overnight() -> None:
    params = MarketParams(overnight_bps=0, cancelled=0, corrected=0, off_market=0, end=date(2024, 2, 1))
    days = [trades(params, session)["price"] for session in sessions(params, "GAMA")]
    steps = [np.log(after[0] / before[-1]) for before, after in pairwise(days)]
    assert max(map(abs, steps)) < 0.005


def test_volatility_comes_in_waves_only_where_it_is_asked_to() -> None:
    size = [np.abs(day) for day in returns(bars("ALFA"))]
    assert autocorrelation(size, 1) > 0.25
    assert autocorrelation(size, 20) > 0.1
    still = [np.abs(day) for day in returns(bars("ALFA", clustering=False))]
    bound = 4 / np.sqrt(sum(map(len, still)))
    assert all(abs(autocorrelation(still, lag)) < bound for lag in (1, 2, 5, 20))


@pytest.mark.parametrize("clustering", [True, False])
def test_volatility_is_as_large_as_said(clustering: bool) -> None:
    moves = np.concatenate(returns(bars("BETA", clustering=clustering)))
    assert np.sqrt(np.mean(moves**2)) == pytest.approx(7e-4, rel=0.15)


def test_without_waves_no_part_of_the_day_moves_more_than_another() -> None:
    moves = [day for day in returns(bars("ALFA", clustering=False)) if len(day) == 389]
    edges = np.concatenate([np.concatenate((day[:60], day[-60:])) for day in moves])
    noon = np.concatenate([day[135:255] for day in moves])
    assert edges.std() / noon.std() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("clustering", [True, False])
def test_direction_is_a_fair_coin(clustering: bool) -> None:
    days = [day for symbol in ("ALFA", "BETA", "GAMA") for day in returns(bars(symbol, clustering=clustering))]
    signs = [np.sign(day[day != 0]) for day in days]
    count = sum(map(len, signs))
    assert count > 45_000
    assert abs(np.concatenate(signs).mean()) < 3 / np.sqrt(count)
    assert all(abs(autocorrelation(signs, lag)) < 3 / np.sqrt(count) for lag in (1, 2, 3, 5))


@pytest.mark.parametrize(("clustering", "low", "high"), [(True, 0.65, 1.0), (False, 0.0, 0.5)])
def test_the_trend_of_volatility_tells_whether_it_will_rise(clustering: bool, low: float, high: float) -> None:
    day = np.concatenate(bars("ALFA", clustering=clustering))
    spans = np.maximum(day[1:, 1], day[:-1, 3]) - np.minimum(day[1:, 2], day[:-1, 3])
    atr = [spans[0]]
    for span in spans[1:]:
        atr.append(atr[-1] + (span - atr[-1]) / 14)
    at = np.arange(100, len(atr) - 5)
    rises = np.array(atr)[at + 5] > np.array(atr)[at]
    trend = np.array([np.mean(spans[t - 4 : t + 1]) for t in at]) / np.array(atr)[at]
    assert low < area_under_curve(trend, rises) < high


def area_under_curve(score: np.ndarray, truth: np.ndarray) -> float:
    """Probability that a true case scores above a false one, by ranks (ties do not occur)."""
    ranks = np.empty(len(score))
    ranks[np.argsort(score)] = np.arange(1, len(score) + 1)
    positives = truth.sum()
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * (len(truth) - positives)))


def test_trading_is_densest_at_open_and_close() -> None:
    params = MarketParams(clustering=False, end=date(2024, 2, 1))
    opened = [(session, trades(params, session)["ts_event"].to_numpy()) for session in sessions(params, "ALFA")]
    minute = np.concatenate([(stamps // MINUTE) - int(session.opens.timestamp()) // 60 for session, stamps in opened])
    counts = np.bincount(minute, minlength=390)
    assert counts.sum() / 390 / len(opened) == pytest.approx(30, rel=0.02)
    assert counts[:10].mean() / counts[190:200].mean() == pytest.approx(3, rel=0.15)


def test_irregular_trades_are_priced_away_from_the_market() -> None:
    params = MarketParams(cancelled=0.02, corrected=0.02, off_market=0.02, end=date(2024, 1, 3))
    day = trades(params, sessions(params, "ALFA")[0])
    near = day["price"].rolling_median(15, center=True)
    away = day.select((pl.col("price") / near - 1).abs().alias("away"), "mark").drop_nulls("away")
    marked, regular = away.drop_nulls(), away.filter(pl.col("mark").is_null())
    assert min(Counter(marked["mark"]).values()) > 150
    assert marked["away"].to_numpy().min() > 0.0035
    assert regular["away"].to_numpy().max() < 0.005


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": "2019-12-31"},
        {"start": "2024-05-01"},
        {"start": "2024-01-06", "end": "2024-01-08"},
        {"symbols": ["ALFA", "ALFA"]},
        {"symbols": ["A/B"]},
        {"symbols": []},
    ],
)
def test_what_cannot_be_traded_is_refused(wrong: dict) -> None:
    with pytest.raises(BadParams):
        MarketParams.parse(wrong, "market")


def test_dates_of_the_default_are_four_months() -> None:
    traded = sessions(MarketParams(), "ALFA")
    assert (traded[0].day, traded[-1].day) == (date(2024, 1, 2), date(2024, 4, 30))
    assert max(b.day - a.day for a, b in pairwise(traded)) == timedelta(days=3)

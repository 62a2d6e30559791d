"""Labels that scan ahead, against plain Python loops over lists: first touches, and the best path of positions.

The bars are a random walk of 5 basis points a minute. Touches of 2.5 % are those of the reference; touches of 0.1 %
come after a few bars, where a loop has little to do. All tell answers and the bar that decides each.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import process_time
from typing import Any

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work

MOST = 1_000_000
FAR_MOST = 100_000
"""Bars of which far touches are looked for: a loop takes a minute for ten times as many."""
HORIZON = 10_080
FAR, NEAR = 2.5, 0.1
SPREAD_BPS = 5.0
TIMES = 5
"""Ours does its work so often and tells the mean: a build evaluates many days of bars in one process."""
MARGIN = 1_000
"""Rows at either end that are not compared: there the best path hangs on what lies beyond the bars."""
MINUTE = 60_000_000_000


def _prepare(place: Place) -> None:
    """The bars are made anew by each contender."""


def _prices(place: Place) -> dict[str, Any]:
    import numpy as np

    rows = min(place.ticks // 20, MOST)
    random = np.random.default_rng(0)
    close = 10_000 * np.exp(np.cumsum(random.normal(0, 5e-4, rows)))
    opened = np.concatenate(([10_000.0], close[:-1]))
    high = np.maximum(opened, close) * (1 + random.exponential(2e-4, rows))
    low = np.minimum(opened, close) * (1 - random.exponential(2e-4, rows))
    return {"open": opened, "high": high, "low": low, "close": close}


def _figures(far: Any, near: Any, path: Any, times: int = 1) -> Mapping[str, Any]:
    """Time each of the three, done so many times over, and add up their answers."""
    told: dict[str, Any] = {"answer": 0.0}
    for name, work in (("far", far), ("near", near), ("path", path)):
        begun = process_time()
        answers, ends = [work() for _ in range(times)][-1]
        told[f"{name}_ms"] = (process_time() - begun) * 1000 / times
        told["answer"] += _sum(list(answers), list(ends))
    return told


def _sum(answers: list[Any], ends: list[Any]) -> float:
    """One number of all answers and of the bars that decide them, times as well as rows."""
    rows = [row for row in range(MARGIN, len(answers) - MARGIN) if answers[row] is not None]
    at = [ends[row] if isinstance(ends[row], int) else ends[row].timestamp() // 60 for row in rows]
    return float(sum(row * answers[row] + end for row, end in zip(rows, at, strict=True)))


def _ours(place: Place) -> Work:
    import numpy as np
    import polars as pl

    from trading_ml.core.script import load
    from trading_ml.core.time import NS

    prices = _prices(place)
    rows = len(prices["close"])
    stamps = pl.Series("ts_close", np.arange(rows) * MINUTE).cast(NS)
    bars = pl.DataFrame(prices).with_columns(stamps)
    ties = {"horizon": HORIZON, "ties": "up"}
    far, near = (load("first_touch", "label").bind({"pct": pct, **ties}) for pct in (FAR, NEAR))
    path = load("optimal_position_dp", "label").bind({"spread_bps": SPREAD_BPS})
    for bound in (far, near, path):
        bound.evaluate(bars)  # compiles, and finds its memory

    def columns(bound: Any) -> Any:
        return bound.evaluate(bars.head(FAR_MOST) if bound is far else bars).iter_columns()

    return lambda: _figures(lambda: columns(far), lambda: columns(near), lambda: columns(path), TIMES)


def _python(place: Place) -> Work:
    prices = {name: column.tolist() for name, column in _prices(place).items()}
    few = {name: column[:FAR_MOST] for name, column in prices.items()}
    close = prices["close"]
    cost = [price * SPREAD_BPS / 20_000 for price in close]
    return lambda: _figures(lambda: _touches(few, FAR), lambda: _touches(prices, NEAR), lambda: _path(close, cost))


def _touches(prices: Mapping[str, list[float]], pct: float) -> tuple[list[bool | None], list[int]]:
    opens, highs, lows = prices["open"], prices["high"], prices["low"]
    rows, found, ends = len(opens), [], []
    for t in range(rows - 1):
        up, down = opens[t + 1] * (1 + pct / 100), opens[t + 1] * (1 - pct / 100)
        answer = None
        for k in range(t + 1, min(t + HORIZON + 1, rows)):
            if highs[k] >= up:
                answer = True
                break
            if lows[k] <= down:
                answer = False
                break
        found.append(answer)
        ends.append(k)
    return [*found, None], [*ends, 0]


def _path(mid: list[float], cost: list[float]) -> tuple[list[int], list[int]]:
    """The best way to each position at each row, from the end the way back, and where the ways to all positions met."""
    sides, best, came, ends = (-1, 0, 1), [-cost[0], 0.0, -cost[0]], [], []
    for t in range(1, len(mid)):
        change, now, origins = mid[t] - mid[t - 1], [], []
        for side in sides:
            most, origin = -1e300, 0
            for place, before in enumerate(sides):
                worth = best[place] + before * change - cost[t] * abs(side - before)
                if worth > most:
                    most, origin = worth, place
            now.append(most)
            origins.append(origin)
        best = now
        came.append(origins)
        met, step = {0, 1, 2}, len(came)
        while len(met) > 1 and step > len(ends):
            step -= 1
            met = {came[step][place] for place in met}
        if len(met) == 1:
            ends += [t] * (step + 1 - len(ends))
    place = best.index(max(best))
    path = [sides[place]]
    for origins in reversed(came):
        place = origins[place]
        path.append(sides[place])
    return path[::-1], ends


BENCHMARK = Benchmark(
    f"labels of {MOST:,} minute bars: touches of {FAR} % (of a tenth of them) and of {NEAR} %, the best path",
    _prepare,
    {"trading_ml": Contender(_ours), "python": Contender(_python)},
    (
        Claim("first-touch labels (2.5 %) against a plain Python loop", "far_ms", "python", at_least=500),
        Claim("the same, touches of 0.1 %", "near_ms", "python", at_least=5),
        Claim("dynamic programme of positions against a plain Python loop", "path_ms", "python", at_least=40),
    ),
)

"""A simulated bitcoin market quoted every second, and a bot that buys there with a stop and a limit."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.core.compiled import compiled
from trading_ml.core.params import Params
from trading_ml.core.time import SECOND, day_bounds

DAY_SECONDS = 86_400
HISTORY = 900
"""Seconds before the first order, so that each has the ten minutes before it."""
PATIENCE = 6 * 3600
"""Seconds after the last order in which the last ones are completed."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class BotParams(Params):
    """What the bot trades, and what there is to be learned from it.

    The mid is a random walk of `volatility` USD a second with a drift that comes and goes: an Ornstein-Uhlenbeck
    process with standard deviation `trend` and half-life `half_life_seconds`. The mean change of the last minutes tells
    something of the drift, and the drift something of whether +10 USD come before −10. With `trend: 0` nothing does.
    The spread is paid: at a spread of 2 and levels at ±10, a buy without a drift is profitable in 8 cases of 20.
    """

    seed: int = Field(default=7, ge=0)
    """Equal seeds give equal bytes."""
    orders: int = Field(default=10_000, ge=1, le=1_000_000)
    """Orders placed; those completed within six hours after the last one are told."""
    start: date = date(2024, 1, 1)
    """Date of the first price, at midnight UTC."""
    every_seconds: float = Field(default=60.0, ge=1)
    """Mean time between two orders; the bot's pace knows nothing of the market."""
    price: float = Field(default=6500.0, ge=1000)
    """First mid, in USD."""
    volatility: float = Field(default=0.5, gt=0, le=10)
    """Standard deviation of the mid's change in a second, in USD."""
    trend: float = Field(default=0.03, ge=0, le=1)
    """Standard deviation of the drift, in USD a second; 0 leaves nothing to be learned."""
    half_life_seconds: float = Field(default=900.0, ge=1)
    """Half-life of the drift."""
    spread: float = Field(default=2.0, ge=0.02)
    """Mean spread, in USD; it varies by up to a fifth."""
    stop: float = Field(default=10.0, gt=0)
    """Distance of the stop below the fill, in USD."""
    limit: float = Field(default=10.0, gt=0)
    """Distance of the limit above the fill, in USD."""
    missing: float = Field(default=0.02, ge=0, lt=0.5)
    """Share of seconds of which the client stored no price."""
    outages: float = Field(default=4.0, ge=0)
    """Mean number of outages a day, each 20 to 120 seconds without a price."""
    bad_rows: int = Field(default=9, ge=0, le=1000)
    """Unreadable rows in each file: in turn an empty price, a garbled stamp, a line that breaks off."""

    def random(self, purpose: str) -> np.random.Generator:
        """Random numbers that belong to one purpose, whatever else is drawn."""
        return np.random.default_rng([self.seed, crc32(purpose.encode())])


class Market(NamedTuple):
    """What there was, second by second, whether the client stored it or not."""

    start: int
    """Nanoseconds of the first second."""
    bid: Floats
    ask: Floats
    stored: NDArray[np.bool_]
    """Seconds of which the client stored the price."""


class Orders(NamedTuple):
    """The bot's completed buys, in order of time."""

    second: Ints
    """In which each was placed and filled at the ask."""
    closed: Ints
    """In which the bid reached its stop or its limit."""
    profit: NDArray[np.bool_]


def market(params: BotParams) -> Market:
    """Quotes of every second, and which of them were stored."""
    seconds = HISTORY + int(params.orders * params.every_seconds * 1.1) + PATIENCE
    random = params.random("prices")
    keep = 2 ** (-1 / params.half_life_seconds)
    shocks = pl.Series(random.standard_normal(seconds) * params.trend * np.sqrt((1 + keep) / (1 - keep)))
    drift = shocks.ewm_mean(alpha=1 - keep, adjust=False).to_numpy()
    drift = drift - keep ** np.arange(seconds) * (drift[0] - random.standard_normal() * params.trend)
    mid = params.price + np.cumsum(drift + params.volatility * random.standard_normal(seconds))
    half = params.spread / 2 * random.uniform(0.8, 1.2, seconds)
    start = day_bounds(params.start, "UTC")[0]
    return Market(start, np.round(mid - half, 2), np.round(mid + half, 2), _stored(params, seconds))


def orders(params: BotParams, made: Market) -> Orders:
    """The completed orders: as many as asked for, but for those that nothing closed in time."""
    random = params.random("orders")
    second = HISTORY + np.cumsum(random.exponential(params.every_seconds, params.orders)).astype(np.int64)
    known = np.flatnonzero(made.stored)  # the bot sees what its client stores
    second = known[np.searchsorted(known, np.minimum(second, len(made.bid) - PATIENCE))]
    entry = made.ask[second]
    closed, profit = _closed(made.bid, second, np.round(entry - params.stop, 2), np.round(entry + params.limit, 2))
    done = closed >= 0
    return Orders(second[done], closed[done], profit[done])


def _stored(params: BotParams, seconds: int) -> NDArray[np.bool_]:
    random = params.random("storage")
    stored = random.random(seconds) >= params.missing
    count = random.poisson(params.outages * seconds / DAY_SECONDS)
    for begin, length in zip(random.integers(seconds, size=count), random.integers(20, 121, count), strict=True):
        stored[begin : begin + length] = False
    stored[[0, -1]] = True
    return stored


@compiled
def _closed(bid: Floats, second: Ints, stop: Floats, limit: Floats) -> tuple[Ints, NDArray[np.bool_]]:
    """When the bid first reaches a level, −1 if never, and whether it is the limit."""
    closed, profit = np.full(len(second), -1), np.zeros(len(second), np.bool_)
    for order in range(len(second)):
        for k in range(second[order] + 1, len(bid)):
            if bid[k] <= stop[order] or bid[k] >= limit[order]:
                closed[order], profit[order] = k, bid[k] >= limit[order]
                break
    return closed, profit


def stamps(params: BotParams, made: Market, seconds: Ints, purpose: str, within: tuple[int, int]) -> Ints:
    """Milliseconds since 1970 at which something happened in some seconds, `within` so many of them."""
    return (made.start // SECOND + seconds) * 1000 + params.random(purpose).integers(*within, len(seconds))

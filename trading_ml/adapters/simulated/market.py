"""The simulated exchange: what its prices, its volatility and its trades do."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Self
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator

from trading_ml.core.params import Params
from trading_ml.core.time import SECOND, epoch_ns

ZONE = "America/New_York"
FOUNDED = date(2020, 1, 1)
OPEN = time(9, 30)
MINUTES = 390
"""Minutes of a session: 09:30 to 16:00 New York, every weekday."""
MARKS = ("cancelled", "corrected", "off_market")
"""What can be irregular about a trade; each is also the name of the parameter with its share."""
_U = np.linspace(-1.0, 1.0, MINUTES) ** 2

Floats = NDArray[np.float64]


class MarketParams(Params):
    """What the simulated exchange trades, and what there is to be learned from it.

    The log price is a Brownian motion whose clock runs with the variance, so direction is a fair coin. With
    `clustering` the volatility of minute k is `volatility_bps * u(k) * exp(x[k] - swing**2)`, where x follows an
    Ornstein-Uhlenbeck process y: `x[k] = x[k-1] + (1 - 2**(-1/lag_minutes)) * (y[k] - x[k-1])`. Volatility thus
    comes in waves: whether it will rise is written in the shape of the last bars, not in the last bar alone.
    Without `clustering` every second is alike, and ATR can only revert to its mean.
    """

    seed: int = Field(default=7, ge=0)
    """Equal seeds give equal bytes."""
    symbols: tuple[str, ...] = Field(default=("ALFA", "BETA", "GAMA"), min_length=1)
    """Symbols traded; each has its own random numbers, so adding one leaves the others as they were."""
    start: date = date(2024, 1, 2)
    """First date, at the earliest the exchange's founding on 2020-01-01."""
    end: date = date(2024, 5, 1)
    """Date after the last one."""
    price: float = Field(default=200.0, ge=10)
    """Price at which each symbol was listed in 2020, in USD."""
    trades_per_minute: float = Field(default=30.0, ge=1)
    """Mean number of trades in a minute; three times as dense at open and close as at noon."""
    volatility_bps: float = Field(default=7.0, gt=0)
    """Root mean square of one-minute log returns, in basis points."""
    clustering: bool = True
    """Whether volatility comes in waves, and trading with it."""
    swing: float = Field(default=0.7, ge=0)
    """Standard deviation of y, the log volatility that x follows."""
    half_life_minutes: float = Field(default=40.0, ge=1)
    """Half-life of y."""
    lag_minutes: float = Field(default=8.0, ge=1)
    """Half-life of the distance between x and y."""
    overnight_bps: float = Field(default=20.0, ge=0)
    """Standard deviation of the log price change from close to open, in basis points."""
    size: float = Field(default=120.0, ge=1)
    """Median trade size, in shares; sizes are lognormal, and below 100 an odd lot."""
    size_spread: float = Field(default=1.4, ge=0)
    """Standard deviation of the log trade size."""
    cancelled: float = Field(default=0.0005, ge=0, le=0.1)
    """Share of trades that were cancelled later; printed 0.5 to 2 % away from the market."""
    corrected: float = Field(default=0.0005, ge=0, le=0.1)
    """Share of trades that were corrected later, likewise away from the market."""
    off_market: float = Field(default=0.001, ge=0, le=0.1)
    """Share of trades reported from outside the market, likewise away from it."""
    bad_rows: int = Field(default=3, ge=0, le=1000)
    """Unreadable rows per session: in turn a blank price, a garbled stamp, a line that breaks off."""

    @model_validator(mode="after")
    def _traded(self) -> Self:
        if not FOUNDED <= self.start < self.end:
            raise ValueError(f"start must lie before end and not before {FOUNDED}")
        if not _weekdays(self.start, self.end):
            raise ValueError("no weekday lies between start and end")
        if any(not symbol.isalnum() for symbol in self.symbols) or len(set(self.symbols)) < len(self.symbols):
            raise ValueError("symbols must be distinct letters and digits")
        return self


class Session(NamedTuple):
    """One day of one symbol, minute by minute, before any trade is drawn."""

    symbol: str
    day: date
    level: float
    """Log price at the open."""
    move: float
    """Log return from open to close."""
    variance: Floats
    """Variance of each minute's log return."""
    intensity: Floats
    """Expected trades of each minute."""

    @property
    def opens(self) -> datetime:
        """09:30 New York."""
        return datetime.combine(self.day, OPEN, ZoneInfo(ZONE))


def sessions(params: MarketParams, symbol: str) -> list[Session]:
    """The sessions of a symbol, the price walking from one to the next since the exchange was founded."""
    days = _weekdays(FOUNDED, params.end)
    shocks = np.stack([generator(params, symbol, day, "level").standard_normal(MINUTES + 3) for day in days])
    variance, intensity = _activity(params, shocks[:, : MINUTES + 1])
    total = variance.sum(axis=1)
    move = shocks[:, -1] * np.sqrt(total) - total / 2
    gap = shocks[:, -2] * params.overnight_bps * 1e-4
    level = np.log(params.price) + np.cumsum(gap + move) - move
    made = map(Session, [symbol] * len(days), days, level.tolist(), move.tolist(), variance, intensity)
    return [session for session in made if session.day >= params.start]


def trades(params: MarketParams, session: Session) -> pl.DataFrame:
    """The trades of one session: ts_event (ns since 1970), price, size, mark, in order of time.

    `mark` is one of `MARKS` where a trade is irregular, else null.
    """
    rng = generator(params, session.symbol, session.day, "trades")
    count = int(rng.poisson(session.intensity.sum()))
    minute = np.arange(MINUTES + 1)
    expected = np.append(0.0, np.cumsum(session.intensity))
    times = np.interp(np.sort(rng.random(count)) * expected[-1], expected, minute)
    path = _path(session, np.interp(times, minute, np.append(0.0, np.cumsum(session.variance))), rng)
    marks = _marks(params, rng.random(count))
    away = rng.choice([-1.0, 1.0], count) * rng.uniform(0.005, 0.02, count) * marks.is_not_null().to_numpy()
    size = np.exp(np.log(params.size) + params.size_spread * rng.standard_normal(count))
    return pl.DataFrame(
        {
            "ts_event": epoch_ns(session.opens) + (times * 60 * SECOND).astype(np.int64),
            "price": np.round(np.exp(path + away), 2),
            "size": np.maximum(1, np.round(size)).astype(np.int64),
            "mark": marks,
        }
    )


def generator(params: MarketParams, symbol: str, day: date, purpose: str) -> np.random.Generator:
    """Random numbers that belong to one symbol, day and purpose, whatever else is simulated."""
    return np.random.default_rng([params.seed, crc32(symbol.encode()), day.toordinal(), crc32(purpose.encode())])


def _weekdays(start: date, end: date) -> list[date]:
    days = [start + timedelta(days=n) for n in range((end - start).days)]
    return [day for day in days if day.weekday() < 5]


def _activity(params: MarketParams, shocks: Floats) -> tuple[Floats, Floats]:
    """Variance and expected trades of each minute, one row a day."""
    wave, shape = np.zeros((len(shocks), MINUTES)), np.ones(MINUTES)
    if params.clustering:
        wave, shape = _waves(params, shocks), 1 + _U / 2
    volatility = np.exp(wave - params.swing**2 * params.clustering) * shape / np.sqrt(np.mean(shape**2))
    intensity = np.exp(wave / 2) * (1 + 2 * _U) / np.mean(1 + 2 * _U)
    return (volatility * params.volatility_bps * 1e-4) ** 2, intensity * params.trades_per_minute


def _waves(params: MarketParams, shocks: Floats) -> Floats:
    """Log volatility of each minute around its mean: x of `MarketParams`, for all days at once."""
    keep, follow = 2 ** (-1 / params.half_life_minutes), 1 - 2 ** (-1 / params.lag_minutes)
    target = params.swing * shocks[:, 0]
    wave = np.empty((len(shocks), MINUTES))
    here = target
    for minute in range(MINUTES):
        target = keep * target + params.swing * np.sqrt(1 - keep**2) * shocks[:, minute + 1]
        here = here + follow * (target - here)
        wave[:, minute] = here
    return wave


def _path(session: Session, clock: Floats, rng: np.random.Generator) -> Floats:
    """Log prices at the trades: a Brownian motion in the variance's time, bridged to the session's move."""
    end = session.variance.sum()
    free = np.cumsum(rng.standard_normal(len(clock) + 1) * np.sqrt(np.diff(clock, prepend=0.0, append=end)))
    return session.level + free[:-1] + (session.move - free[-1]) * clock / end


def _marks(params: MarketParams, draw: Floats) -> pl.Series:
    """What is irregular about each trade, from one uniform number each."""
    shares = [getattr(params, mark) for mark in MARKS]
    return pl.Series([*MARKS, None]).gather(np.searchsorted(np.cumsum(shares), draw, side="right"))

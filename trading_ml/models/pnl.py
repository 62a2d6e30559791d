"""What positions would have earned: each change of the middle on what was held, less half the spread on each trade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trading_ml.core.params import Params
from trading_ml.models.evaluate import THRESHOLD, Probabilities

Floats = NDArray[np.float64]


class PnlParams(Params):
    """Of the profit and loss of a model whose label is a position, or a direction to be held.

    Example:
        >>> PnlParams.parse({"spread_bps": 5}, "evaluation.pnl").spread_bps
        5.0
    """

    spread_bps: float = 0.0
    """Whole spread in basis points of the close, for bars without columns `bid` and `ask`."""


@dataclass(frozen=True)
class Pnl:
    """Profit and loss step by step, in units of price for one unit held; row 0 only trades."""

    position: Floats
    """Held from this row to the next; 0 on the last row."""
    middle: Floats
    """Halfway between bid and ask."""
    gain: Floats
    """By the change of the middle since the row before."""
    cost: Floats
    """Of this row's trade."""
    uncharged: Floats
    """What this row's sale would look better by, if the amount of a sale counted as negative."""

    @property
    def net(self) -> Floats:
        """Gain less cost, of each row."""
        return self.gain - self.cost

    @property
    def turnover(self) -> float:
        """Units traded."""
        return float(np.abs(np.diff(self.position, prepend=0.0)).sum())

    def bps(self, values: Floats) -> float:
        """The sum of some of these values in basis points of the first middle."""
        return float(1e4 * values.sum() / self.middle[0])


def decided(p: Probabilities) -> Floats:
    """Positions that follow probabilities: +1 where P(second class) > 0.5, else −1.

    Example:
        >>> decided(np.array([0.4, 0.5, 0.6])).tolist()
        [-1.0, -1.0, 1.0]
    """
    return np.where(p > THRESHOLD, 1.0, -1.0)


def pnl(position: Floats, bid: Floats, ask: Floats) -> Pnl:
    """Profit and loss of holding `position[t]` from row t to row t + 1, flat before the first row and from the last on.

    Formula: pnl[t] = position[t−1]·(mid[t] − mid[t−1]) − |position[t] − position[t−1]|·(ask[t] − bid[t])/2. Every trade
    crosses half the spread, a sale as much as a purchase, and what is held at the end is sold.
    Known at: row t. A position may follow from anything that is known at its own row, and is taken to trade at that
    row's quote, in any amount, without a fee.
    Source: the reckoning of epython, which left the absolute value out: selling then earns half the spread.
    `Pnl.uncharged` is what that would have added, (|trade| − trade)·(ask − bid)/2.

    Args:
        position: What is wanted after each row; on the last row there is no next one, so nothing is held.
        bid: Best bid at each row.
        ask: Best ask at each row.

    Example:
        >>> found = pnl(np.array([1.0, -1, 1]), np.array([9.0, 11, 7]), np.array([11.0, 13, 9]))
        >>> found.gain.tolist(), found.cost.tolist(), found.uncharged.tolist()
        ([0.0, 2.0, 4.0], [1.0, 2.0, 1.0], [0.0, 4.0, 0.0])
    """
    held = np.append(position[:-1], 0.0)
    middle, half = (bid + ask) / 2, (ask - bid) / 2
    trade = np.diff(held, prepend=0.0)
    gain = np.append(0.0, held[:-1] * np.diff(middle))
    cost = np.abs(trade) * half
    return Pnl(held, middle, gain, cost, cost - trade * half)

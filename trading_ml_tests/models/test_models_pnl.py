"""Profit and loss by a plain loop over cash and units, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.models.figures import positions
from trading_ml.models.pnl import decided, pnl

PRICES = st.tuples(st.floats(1, 1e6), st.floats(0, 100))
STEPS = st.lists(st.tuples(PRICES, st.sampled_from([-1.0, 0.0, 1.0])), min_size=1, max_size=40)


def worth(position: list[float], bid: list[float], ask: list[float]) -> float:
    """Cash after buying at the ask and selling at the bid, and selling or buying back all at the last row."""
    cash = held = 0.0
    for wanted, sold_at, bought_at in zip([*position[:-1], 0.0], bid, ask, strict=True):
        trade = wanted - held
        cash -= trade * (bought_at if trade > 0 else sold_at)
        held = wanted
    return cash


@given(STEPS)
def test_it_is_the_cash_of_buying_at_the_ask_and_selling_at_the_bid(steps: list) -> None:
    bid = [low for (low, _), _ in steps]
    ask = [low + spread for (low, spread), _ in steps]
    position = [wanted for _, wanted in steps]
    found = pnl(np.array(position), np.array(bid), np.array(ask))
    assert found.net.sum() == pytest.approx(worth(position, bid, ask), abs=1e-6)
    assert (found.cost >= 0).all()
    assert (found.uncharged >= 0).all()


@given(STEPS)
def test_the_mistake_adds_the_spread_of_every_sale(steps: list) -> None:
    position = np.array([wanted for _, wanted in steps])
    bid = np.array([low for (low, _), _ in steps])
    ask = bid + np.array([spread for (_, spread), _ in steps])
    found, held, credited = pnl(position, bid, ask), 0.0, 0.0
    for t, wanted in enumerate([*position[:-1], 0.0]):
        charged, original = abs(wanted - held) * (ask[t] - bid[t]) / 2, (wanted - held) * (ask[t] - bid[t]) / 2
        credited, held = credited + charged - original, wanted
    assert found.uncharged.sum() == pytest.approx(credited, abs=1e-6)


def test_by_hand() -> None:
    found = pnl(np.array([1.0, 1, -1, -1]), np.array([99.0, 101, 104, 102]), np.array([101.0, 103, 106, 104]))
    assert found.position.tolist() == [1, 1, -1, 0]
    assert found.gain.tolist() == [0, 2, 3, 2]
    assert found.cost.tolist() == [1, 0, 2, 1]
    assert found.net.sum() == 3
    assert found.turnover == 4
    assert found.bps(found.net) == pytest.approx(300)
    assert found.uncharged.tolist() == [0, 0, 4, 0]


def test_a_position_follows_the_likelier_class() -> None:
    assert decided(np.array([0.0, 0.5, 0.51])).tolist() == [-1, -1, 1]


def test_the_figure_shows_both_positions_and_what_they_earn() -> None:
    quotes = np.array([99.0, 101, 104]), np.array([101.0, 103, 106])
    by = {who: pnl(np.array(held), *quotes) for who, held in
          {"model": [1.0, -1, 1], "optimal": [1.0, 1, 1], "held": [1.0, 1, 1]}.items()}  # fmt: skip
    figure = positions("bitflyer:BTC_JPY", np.arange(3) * 60_000_000_000, by)
    price, position, earned = figure.axes
    assert price.get_title() == "bitflyer:BTC_JPY"
    drawn = {str(line.get_label()): line.get_ydata() for axes in (position, earned) for line in axes.get_lines()}
    assert np.diff(drawn["optimal"]).tolist() == [0, -1]
    assert np.asarray(drawn["net"]).tolist() == by["model"].net.cumsum().tolist()
    assert np.asarray(drawn["sales not charged (a mistake)"])[-1] > np.asarray(drawn["net"])[-1]

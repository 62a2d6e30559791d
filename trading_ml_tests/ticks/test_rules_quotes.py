"""Rules for quotes: crossed ones, and sides that are missing or carried forward."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.instruments import Instrument
from trading_ml.ticks.rules import chosen, judged

Quote = tuple[float | None, float | None, float | None, float | None]
COLUMNS = ("bid", "bid_size", "ask", "ask_size")


def after(quotes: list[Quote], *rules: object) -> pl.DataFrame:
    facts = {"source": "x", "symbol": "X", "rules": rules}
    ticks = pl.DataFrame(quotes, schema=dict.fromkeys(COLUMNS, pl.Float64), orient="row")
    return judged(ticks, chosen(Instrument.parse(facts, "by hand"), "quotes"))


def test_crossed_quotes_are_left_out_and_locked_ones_on_demand() -> None:
    quotes: list[Quote] = [(9, 1, 10, 1), (10, 1, 10, 1), (11, 1, 10, 1), (None, None, 10, 1), (-2, 1, -1, 1)]
    assert after(quotes, "crossed")["excluded_by"].to_list() == [None, None, "crossed", None, None]
    locked = after(quotes, {"crossed": {"locked": True}})
    assert locked["excluded_by"].to_list() == [None, "crossed", "crossed", None, None]


def test_one_sided_quotes_are_left_out() -> None:
    quotes: list[Quote] = [
        (9, 1, 10, 1), (None, None, 10, 1), (9, 1, 0, 0), (0, None, 10, 1), (0, 5, 10, 1), (None, 3, None, 3),
    ]  # fmt: skip
    reasons = after(quotes, "one_sided")["excluded_by"].to_list()
    assert reasons == [None, "one_sided", "one_sided", "one_sided", None, "one_sided"]


def test_the_other_side_is_carried_and_marked() -> None:
    quotes: list[Quote] = [
        (9, 1, 0, 0), (0, 0, 10, 2), (9.5, None, None, None), (None, None, None, None), (None, 7, 11, 3),
    ]  # fmt: skip
    frame = after(quotes, {"one_sided": {"carry": True}})
    assert frame.rows() == [
        (9, 1, 0, 0, None, "one_sided"),
        (9, 1, 10, 2, "bid", None),
        (9.5, None, 10, 2, "ask", None),
        (None, None, None, None, None, "one_sided"),
        (9.5, None, 11, 3, "bid", None),
    ]


def test_rules_before_decide_what_may_be_carried() -> None:
    quotes: list[Quote] = [(9, 1, 10, 1), (12, 1, 11, 1), (None, None, 10.5, 1)]
    carry = {"one_sided": {"carry": True}}
    assert after(quotes, carry, "crossed").rows()[2][:4] == (12, 1, 10.5, 1)
    frame = after(quotes, "crossed", carry)
    assert frame.rows()[2][:4] == (9, 1, 10.5, 1)
    assert frame["excluded_by"].to_list() == [None, "crossed", None]


side = st.sampled_from([None, 0.0, 9.0, 10.0, 11.0])
size = st.sampled_from([None, 0.0, 1.0, 2.0])


@given(st.lists(st.tuples(side, size, side, size), max_size=20))
def test_carrying_is_that_of_plain_python(quotes: list[Quote]) -> None:
    seen: dict[str, tuple[float | None, float | None]] = {}
    expected: list[tuple] = []
    for quote in quotes:
        sides = {"bid": quote[:2], "ask": quote[2:]}
        there = {name: pair for name, pair in sides.items() if pair[0] is not None and (pair[0] or pair[1])}
        seen |= there
        missing = [name for name in sides if name not in there]
        mark = missing[0] if len(missing) == 1 and missing[0] in seen else None
        if mark:
            sides[mark] = seen[mark]
        reason = "one_sided" if missing and not mark else None
        expected.append((*sides["bid"], *sides["ask"], mark, reason))
    assert after(quotes, {"one_sided": {"carry": True}}).rows() == expected

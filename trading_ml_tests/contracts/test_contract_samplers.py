"""What holds for every sampler: pure, in order, and decided by what is known at the sample's moment."""

from __future__ import annotations

import doctest
import inspect

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.errors import BadParams
from trading_ml.core.time import NS, SECOND
from trading_ml.datasets.samplers import NEVER, SAMPLERS, Day, Moments, Sampler, resolve

EXAMPLES = {
    "bar_close": {},
    "every_nth_tick": {"n": 7},
    "last_tick_of": {"unit": "10m"},
    "orders": {},
    "cusum": {"threshold": 0.01},
}
"""Parameters of every sampler, fit for the bars drawn here."""
MIDNIGHT = 1_706_745_600 * SECOND
MINUTE = 60 * SECOND


def sampler_of(name: str) -> Sampler:
    sampler = resolve({"at": name} | EXAMPLES[name])
    assert isinstance(sampler, Sampler)
    return sampler


@st.composite
def drawn(draw: st.DrawFn) -> tuple[pl.DataFrame, Day]:
    """A day's bars of one to twenty minutes with pauses between them, and some orders."""
    spans = draw(st.lists(st.tuples(st.integers(0, 15), st.integers(1, 20)), max_size=30))
    steps = np.cumsum([step for span in spans for step in span], dtype=np.int64).reshape(-1, 2) * MINUTE + MIDNIGHT
    size = len(spans)
    close = draw(st.lists(st.sampled_from([99.0, 100.0, 100.3, 101.0, 105.0]), min_size=size, max_size=size))
    trades = draw(st.lists(st.integers(0, 30), min_size=size, max_size=size))
    seconds = draw(st.lists(st.integers(0, 40_000), max_size=8))
    orders = np.sort(np.array(seconds, np.int64)) * SECOND + MIDNIGHT
    frame = {"ts_open": steps[:, 0], "ts_close": steps[:, 1], "close": close, "trades": trades}
    kinds = {"ts_open": NS, "ts_close": NS, "close": pl.Float64, "trades": pl.Int64}
    return pl.DataFrame(frame, schema_overrides=kinds), Day(MIDNIGHT, MIDNIGHT + 24 * 60 * MINUTE, orders)


def asked(sampler: Sampler, bars: pl.DataFrame, day: Day) -> Moments:
    return sampler.moments(bars.select("ts_open", "ts_close", *sampler.columns), day)


def test_every_sampler_has_an_example() -> None:
    assert set(EXAMPLES) == set(SAMPLERS)


@pytest.mark.parametrize("name", SAMPLERS)
def test_parameters_survive_the_snapshot(name: str) -> None:
    sampler = resolve({"at": name, "where": "x > 1"} | EXAMPLES[name])
    assert isinstance(sampler, Sampler)
    assert resolve(sampler.model_dump(mode="json")) == sampler


@pytest.mark.parametrize("name", SAMPLERS)
def test_an_unknown_key_is_named(name: str) -> None:
    with pytest.raises(BadParams, match=r"samples\.wehre: unknown key.*where"):
        resolve({"at": name, "wehre": "x > 1"} | EXAMPLES[name])


@pytest.mark.parametrize("name", SAMPLERS)
@given(given_day=drawn())
def test_a_moment_lies_between_the_bars_close_and_the_next_open(name: str, given_day: tuple[pl.DataFrame, Day]) -> None:
    bars, day = given_day
    moments = asked(sampler_of(name), bars, day)
    assert moments.dtype == np.int64
    opens, closes = (bars[column].to_physical().to_list() for column in ("ts_open", "ts_close"))
    for row, moment in enumerate(moments.tolist()):
        if moment != NEVER:
            assert closes[row] <= moment <= day.end
            assert moment == closes[row] or row == bars.height - 1 or moment <= opens[row + 1]


@pytest.mark.parametrize("name", SAMPLERS)
@given(given_day=drawn(), minutes=st.integers(0, 600))
def test_what_comes_later_moves_no_sample(name: str, given_day: tuple[pl.DataFrame, Day], minutes: int) -> None:
    bars, day = given_day
    now = MIDNIGHT + minutes * MINUTE
    opens, closes = (bars[column].to_physical() for column in ("ts_open", "ts_close"))
    begun, done = bars.filter(opens <= now), (closes <= now).to_numpy()
    other = begun.with_columns(  # of a bar still open at `now` nobody knows more than that it has opened
        pl.when(pl.col("ts_close").to_physical() <= now).then(pl.col(column)).otherwise(strange)
        for column, strange in (("close", 1e6), ("trades", 999), ("ts_close", pl.lit(day.end).cast(NS)))
    )
    known = day._replace(orders=day.orders[day.orders <= now])
    expected, found = asked(sampler_of(name), bars, day)[done], asked(sampler_of(name), other, known)[: done.sum()]
    if name == "orders":  # asks in the name of an order that comes between its bar's close and the next one
        next_close = np.append(closes.to_numpy()[1:], day.end)[done]
        expected, found = expected[next_close <= now], found[next_close <= now]
    assert np.array_equal(np.where(expected <= now, expected, NEVER), np.where(found <= now, found, NEVER))


@pytest.mark.parametrize("name", SAMPLERS)
def test_says_what_it_is_and_its_example_holds(name: str) -> None:
    made = SAMPLERS[name]
    module = inspect.getmodule(made)
    assert module is not None
    assert module.__name__ == f"trading_ml.datasets.samplers.{name}"
    examples = doctest.DocTestFinder().find(made, name, module, vars(module) | {"np": np})
    assert sum(len(test.examples) for test in examples) > 0
    runner = doctest.DocTestRunner(verbose=False)
    for test in examples:
        runner.run(test)
    assert runner.failures == 0


@given(drawn())
def test_cusum_is_that_of_plain_python(given_day: tuple[pl.DataFrame, Day]) -> None:
    bars, day = given_day
    expected, up, down, before = [], 0.0, 0.0, None
    for close in bars["close"]:
        change = 0.0 if before is None else float(np.log(close)) - float(np.log(before))
        up, down, before = max(0.0, up + change), min(0.0, down + change), close
        expected.append(up > 0.01 or down < -0.01)
        up, down = (0.0 if up > 0.01 else up), (0.0 if down < -0.01 else down)
    assert (asked(sampler_of("cusum"), bars, day) != NEVER).tolist() == expected


@given(drawn())
def test_every_nth_tick_counts_ticks(given_day: tuple[pl.DataFrame, Day]) -> None:
    bars, day = given_day
    owners = [row for row, trades in enumerate(bars["trades"]) for _ in range(trades)]
    assert np.flatnonzero(asked(sampler_of("every_nth_tick"), bars, day) != NEVER).tolist() == sorted(set(owners[6::7]))


@given(drawn())
def test_every_unit_is_sampled_at_its_end_or_when_the_bar_open_then_closes(given_day: tuple[pl.DataFrame, Day]) -> None:
    bars, day = given_day
    spans = list(zip(bars["ts_open"].to_physical(), bars["ts_close"].to_physical(), strict=True))
    expected = [NEVER] * len(spans)
    for start in range(day.start, day.end, 10 * MINUTE):
        end = start + 10 * MINUTE
        for row, (opened, closed) in enumerate(spans):
            open_then, last = (
                opened < end < closed,
                start < closed <= end and not any(o < end for o, _ in spans[row + 1 :]),
            )
            if (open_then or last) and expected[row] == NEVER:  # a bar makes one sample, whatever ends with it
                expected[row] = closed if open_then else end
    assert asked(sampler_of("last_tick_of"), bars, day).tolist() == expected

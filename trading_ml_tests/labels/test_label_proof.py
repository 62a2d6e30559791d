"""Labels that reach past their `label_end`, guess, or misstate it are refused; honest ones pass with their reach."""

from __future__ import annotations

import json
import re

import numpy as np
import polars as pl
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from trading_ml.core.context import Extent
from trading_ml.core.crafted import crafted
from trading_ml.core.errors import BadParams, LookAhead, Refused
from trading_ml.core.lake import Lake
from trading_ml.core.script import Bound, Script, load
from trading_ml.core.signature import params_of
from trading_ml.core.witness import Statement, Witness
from trading_ml.labels import LABELS, check
from trading_ml.labels.proof import LabelProof, prove, prove_and_store, require

CLOSE, STAMP, VOLUME = pl.col("close"), pl.col("ts_close"), pl.col("volume")
Columns = dict[str, pl.Expr]


def bound_of(columns: Columns, name: str = "planted") -> Bound:
    def planted() -> Columns:
        return columns

    planted.__name__ = name
    return Script(name, "label", planted, params_of(planted, name)).bind({})


def ahead(bars: int) -> pl.Expr:
    return STAMP.shift(-bars)


def first_touch(horizon: int) -> Columns:
    """Whether the price first leaves ±0.2 % upwards within `horizon` bars; it ends where that is decided."""

    def decided_after(column: pl.Series) -> pl.Series:
        close = column.to_numpy()
        later = sliding_window_view(np.append(close[1:], np.full(horizon, np.nan)), horizon)
        away = np.abs(later / close[:, None] - 1) > 0.002
        known = np.arange(len(close)) + horizon < len(close)
        bars = np.where(away.any(axis=1), away.argmax(axis=1) + 1, np.where(known, horizon, -1))
        return pl.Series(bars).replace(-1, None)

    bars = CLOSE.map_batches(decided_after, return_dtype=pl.Int64)
    then = (pl.int_range(pl.len()) + bars).cast(pl.UInt32)
    return {"up": CLOSE.gather(then) > CLOSE, "label_end": STAMP.gather(then)}


WRONG: dict[str, tuple[Columns, str]] = {
    "one_bar_past_label_end": (
        {"up": CLOSE.shift(-2) > CLOSE, "label_end": ahead(1)}, "reaches 2 bars ahead and declares 1"),
    "label_end_shifted_by_one": (
        {"up": CLOSE.shift(-5) > CLOSE.shift(1), "label_end": ahead(4)}, "reaches 5 bars ahead and declares 4"),
    "maximum_over_one_more": (
        {"top": CLOSE.rolling_max(6).shift(-6), "label_end": ahead(5)}, "reaches 6 bars ahead and declares 5"),
    "only_one_row_in_a_hundred": (
        {"next": pl.when(VOLUME > 400_000).then(CLOSE.shift(-3)).otherwise(CLOSE.shift(-2)), "label_end": ahead(2)},
        "reaches 3 bars ahead and declares 2"),
    "only_one_row_in_a_thousand": (
        {"next": pl.when(STAMP.hash(3) % 1_000 == 0).then(CLOSE.shift(-3)).otherwise(CLOSE.shift(-2)),
         "label_end": ahead(2)}, "reaches past its label_end: 'next' of row"),
    "only_at_session_ends": (
        {"next": pl.when(STAMP.dt.date() != STAMP.dt.date().shift(-1)).then(CLOSE.shift(-2)).otherwise(CLOSE.shift(-1)),
         "label_end": ahead(1)}, "reaches 2 bars ahead and declares 1"),
    "only_without_volume": (
        {"next": pl.when(VOLUME == 0).then(CLOSE.shift(-9)).otherwise(CLOSE.shift(-8)), "label_end": ahead(8)},
        "reaches 9 bars ahead and declares 8"),
    "by_the_last_digits": (
        {"next": CLOSE.shift(-1) + 1e-12 * CLOSE.shift(-2).fill_null(0.0), "label_end": ahead(1)},
        "reaches 2 bars ahead and declares 1"),
    "quantile_of_the_whole_sample": (
        {"big": CLOSE.shift(-1) > CLOSE.quantile(0.9), "label_end": ahead(1)}, "reaches past its label_end"),
    "high_of_the_rest_of_the_day": (
        {"top": pl.col("high").max().over(STAMP.dt.date()), "label_end": ahead(1)}, "reaches past its label_end"),
    "a_whole_sample_threshold": (
        {"big": CLOSE.shift(-1) > CLOSE.mean(), "label_end": ahead(1)}, "reaches past its label_end"),
    "guessed_at_the_end": (
        {"up": (CLOSE.shift(-3) > CLOSE).fill_null(False), "label_end": ahead(3)}, "reaches past its label_end"),
    "guessed_with_what_is_there": (
        {"next": CLOSE.shift(-1).forward_fill(), "label_end": ahead(1)}, "reaches past its label_end"),
    "without_label_end": (
        {"up": CLOSE.shift(1) < CLOSE, "label_end": pl.when(VOLUME > 100).then(STAMP)}, "without a label_end"),
    "label_end_before_the_bar": (
        {"up": CLOSE.shift(1) < CLOSE, "label_end": STAMP.shift(1)}, "puts the label_end .* before that close"),
    "known_sooner_than_it_is": (
        {"up": CLOSE.shift(1) < CLOSE, "label_end": STAMP.dt.offset_by("1h")}, "although its label_end lies after"),
    "label_end_that_depends_on_later_bars": (
        {"up": CLOSE.shift(-1) > CLOSE,
         "label_end": pl.when(CLOSE.shift(-4) > CLOSE).then(ahead(1)).otherwise(ahead(2))},
        "reaches past its label_end"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_labels_are_refused(name: str) -> None:
    columns, said = WRONG[name]
    proof = prove(bound_of(columns))
    assert not proof.passed
    assert not proof.reach.passed
    assert re.search(said, "; ".join(proof.reasons)), proof.reasons


HONEST: dict[str, tuple[Columns, Extent]] = {
    "past_only": ({"up": CLOSE.shift(1) < CLOSE, "label_end": STAMP}, Extent()),
    "next_close": ({"next": CLOSE.shift(-1), "label_end": ahead(1)}, Extent(bars=1)),
    "declared_farther_than_needed": ({"up": pl.when(ahead(4).is_not_null()).then(CLOSE.shift(-2) > CLOSE),
                                      "label_end": ahead(4)}, Extent(bars=4)),
    "first_touch": (first_touch(4), Extent(bars=4)),
    "end_of_the_day": (
        {"up": pl.when(STAMP.dt.date() != STAMP.dt.date().max()).then(CLOSE.last().over(STAMP.dt.date()) > CLOSE),
         "label_end": STAMP.dt.truncate("1d").dt.offset_by("1d")}, Extent(seconds=86_400)),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_honest_labels_pass(name: str) -> None:
    columns, after = HONEST[name]
    proof = prove(bound_of(columns))
    assert proof.passed, proof.reasons
    assert proof.reach.measured <= proof.reach.declared
    assert proof.after.seconds == after.seconds
    if name != "end_of_the_day":
        assert proof.after == after


def test_label_end_must_be_a_time() -> None:
    with pytest.raises(BadParams, match="planted: 'label_end' is Int64; make it a time, from ts_close"):
        prove(bound_of({"up": CLOSE > 100, "label_end": pl.col("trades")}))


def test_a_label_that_remembers_since_ever_is_refused() -> None:
    proof = prove(bound_of({"above": CLOSE.shift(-1) > CLOSE.cum_sum() / CLOSE.cum_count(), "label_end": ahead(1)}))
    assert proof.reach.passed
    assert proof.warm_up is None
    assert "has no finite warm-up: 'above'" in proof.reasons[0]


@pytest.mark.parametrize(
    ("params", "after"), [({"horizon": 20_000}, Extent(bars=20_000)), ({"seconds": 864_000}, None)]
)
def test_a_far_end_is_declared_although_no_core_holds_it(params: dict[str, int], after: Extent | None) -> None:
    proof = prove(load("fixed_horizon", "label").bind(params))
    assert proof.passed, proof.reasons
    assert proof.after == after if after else proof.after.seconds >= params["seconds"]


def test_check_gives_json() -> None:
    found = json.loads(json.dumps(check("direction", {"horizon": 3})))
    assert (found["script"], found["passed"], found["warm_up"]) == ("direction", True, 0)
    assert found["reach"] == {"passed": True, "measured": 3, "declared": 3, "declared_seconds": 0, "detail": ""}
    assert found["lookahead"]["rows_tested"] > 900  # ties have no value


def test_a_refused_label_is_named_with_both_figures(lake: Lake) -> None:
    bound = bound_of({"up": CLOSE.shift(-2) > CLOSE, "label_end": ahead(1)}, "far")
    with pytest.raises(Refused, match="label far: is not proven yet"):
        require(lake, bound)
    prove_and_store(lake, bound)
    with pytest.raises(
        LookAhead, match="label far: reaches 2 bars ahead and declares 1; reaches past its label_end: 'up'"
    ):
        require(lake, bound)


def test_a_passing_proof_is_kept(lake: Lake) -> None:
    bound = load("direction", "label").bind({"horizon": 2})
    proof = prove_and_store(lake, bound)
    assert isinstance(proof, LabelProof)
    assert require(lake, bound) == proof
    assert proof.after == Extent(bars=2)


def test_every_built_in_label_gives_a_witness_the_same_values() -> None:
    """In another process with other threads, hash seed, zone and date, at the first call and later."""
    with Witness() as witness:
        for name in LABELS:
            bound = load(name, "label").bind({})
            given = bound.given(crafted())
            here, there = Statement.of(bound, given), witness.ask(bound, given)
            assert isinstance(there, Statement), f"{name} {there}"
            for ours, theirs in zip(here, there, strict=True):
                assert ours.equals(theirs), name


def test_a_label_that_looks_thousands_of_bars_ahead_is_tested_all_the_same():
    """The simulated series is lengthened by what it declares, so there are rows whose future can be exchanged."""
    proof = prove(load("fixed_horizon", "label").bind({"horizon": 5_000}))
    assert proof.passed, str(proof.reasons)
    assert (proof.reach.measured, proof.lookahead.rows_tested > 1_000) == (5_000, True)


def test_a_proof_that_tested_nothing_does_not_pass():
    never = bound_of({"up": pl.lit(None, pl.Float64) * CLOSE, "label_end": ahead(1)})
    proof = prove(never)
    assert not proof.passed
    assert "has no value on any of" in str(proof.reasons)

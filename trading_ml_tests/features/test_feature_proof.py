"""Planted leaks are caught, honest scripts pass, and the proof says which row moved, by how much, after which cut."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.errors import LookAhead, Refused
from trading_ml.core.lake import Lake
from trading_ml.core.script import Bound, Script, load
from trading_ml.core.signature import params_of
from trading_ml.features import check
from trading_ml.features.proof import FeatureProof, prove, prove_and_store, require

CLOSE, VOLUME, STAMP = pl.col("close"), pl.col("volume"), pl.col("ts_close")
DAY = STAMP.dt.date()
NEW_YORK = STAMP.dt.convert_time_zone("America/New_York")


def bound_of(function: Callable[..., Any]) -> Bound:
    return Script(function.__name__, "feature", function, params_of(function, function.__name__)).bind({})


def computed(function: Callable[[np.ndarray], np.ndarray]) -> pl.Expr:
    return CLOSE.map_batches(lambda s: pl.Series(function(s.to_numpy())), return_dtype=pl.Float64)


def smooth(values: np.ndarray) -> np.ndarray:
    """Keep the slow tenth of the spectrum: every value then depends on all others."""
    spectrum = np.fft.rfft(values)
    spectrum[len(spectrum) // 10 :] = 0
    return np.fft.irfft(spectrum, len(values))


LEAKS: dict[str, pl.Expr] = {
    "next_close": CLOSE.shift(-1),
    "next_direction": (CLOSE.shift(-1) > CLOSE).fill_null(False),
    "centred_window": CLOSE.rolling_mean(5, center=True),
    "global_z_score": (CLOSE - CLOSE.mean()) / CLOSE.std(),
    "whole_sample_minimum_and_maximum": (CLOSE - CLOSE.min()) / (CLOSE.max() - CLOSE.min()),
    "whole_sample_rank": CLOSE.rank() / pl.len(),
    "backward_fill": pl.when(VOLUME > 3_000).then(CLOSE).backward_fill().fill_null(CLOSE),
    "interpolation": pl.when(VOLUME > 3_000).then(CLOSE).interpolate().fill_null(CLOSE),
    "future_maximum": CLOSE.reverse().cum_max().reverse(),
    "high_of_the_day": pl.col("high").max().over(DAY),
    "resample_edge": CLOSE.last().over(STAMP.dt.truncate("1h")),
    "relative_to_last": CLOSE / CLOSE.last(),
    "far_away": CLOSE.shift(-400).fill_null(CLOSE),
    "rolled_around": computed(lambda values: np.roll(values, -1)),
    "spectral_smoothing": computed(smooth),
    "one_row_of_a_thousand": pl.when(crafted()["ts_close"][700] == STAMP).then(CLOSE.shift(-1)).otherwise(CLOSE),
    "only_at_bursts": pl.when(VOLUME > 400_000).then(CLOSE.shift(-1)).otherwise(CLOSE),
    "only_at_session_ends": pl.when(DAY.shift(-1) != DAY).then(pl.col("open").shift(-1)).otherwise(pl.col("open")),
    "only_at_the_closing_bell": pl.when((NEW_YORK.dt.hour() == 16) & (NEW_YORK.dt.minute() == 0))
    .then(CLOSE.shift(-1)).otherwise(CLOSE),
    "only_at_ties": (CLOSE.shift(-1) == CLOSE).fill_null(False),
    "minutes_to_the_next_bar": (pl.col("ts_open").shift(-1) - STAMP).dt.total_minutes().fill_null(0),
    "share_of_all_bars": pl.int_range(pl.len()) / pl.len(),
}  # fmt: skip

HONEST: dict[str, pl.Expr] = {
    "z_score": (CLOSE - CLOSE.rolling_mean(20)) / CLOSE.rolling_std(20),
    "flag": CLOSE.rolling_mean(5) > CLOSE.rolling_mean(20),
    "vwap_of_the_session": (CLOSE * VOLUME).cum_sum().over(DAY) / VOLUME.cum_sum().over(DAY),
    "since_the_open": CLOSE / pl.col("open").first().over(DAY),
    "last_hour": CLOSE.rolling_max_by("ts_close", "1h"),
    "convolved": computed(lambda values: np.convolve(values, np.ones(9) / 9)[: len(values)]),
    "correlation": pl.rolling_corr(CLOSE, VOLUME, window_size=30),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_planted_leaks_are_caught(leak: str) -> None:
    def planted() -> dict[str, pl.Expr]:
        return {"honest": CLOSE, leak: LEAKS[leak]}

    proof = prove(bound_of(planted))
    assert not proof.passed
    assert not proof.lookahead.passed
    assert proof.lookahead.share > 0.9
    said = rf"'{leak}' of row \d+ \(closing 2024-\S+Z\) moved from \S+ to \S+ when the bars after (it|row \d+) "
    assert re.search(said, proof.reasons[0]), proof.reasons


@pytest.mark.parametrize("name", HONEST)
def test_honest_scripts_pass(name: str) -> None:
    def honest() -> pl.Expr:
        return HONEST[name]

    proof = prove(bound_of(honest))
    assert proof.passed, proof.reasons
    assert proof.reasons == ()
    assert proof.lookahead.rows_tested > 1_050
    assert proof.partition_invariance.worst <= 1e-9


def test_honest_talib_passes() -> None:
    def relative_strength() -> pl.Expr:
        import talib

        return computed(lambda values: talib.RSI(values, 14))

    proof = prove(bound_of(relative_strength))
    assert proof.passed, proof.reasons
    assert 300 < (proof.warm_up or 0) < 500


@pytest.mark.parametrize("total", [CLOSE.cum_sum(), (CLOSE.diff().sign() * VOLUME).cum_sum(), CLOSE.cum_max()])
def test_sums_since_the_beginning_are_refused(total: pl.Expr) -> None:
    def since_ever() -> dict[str, pl.Expr]:
        return {"total": total}

    proof = prove(bound_of(since_ever))
    assert (proof.passed, proof.lookahead.passed, proof.warm_up) == (False, True, None)
    assert re.match(r"has no finite warm-up: 'total' still depends on bars [\d,]+ back; anchor it", proof.reasons[0])


def test_a_script_that_answers_differently_is_refused() -> None:
    random = np.random.default_rng()

    def noise() -> pl.Expr:
        return computed(lambda values: values + random.normal(size=len(values)))

    proof = prove(bound_of(noise))
    assert not proof.deterministic
    assert "gives other values when evaluated again on the same bars" in proof.reasons


def test_real_bars_are_judged_too() -> None:
    """A script that leaks only on what no crafted bar shows, a price above a thousand, is caught on real ones."""

    def at_high_prices() -> pl.Expr:
        return pl.when(CLOSE.is_between(1_000, 99_000)).then(CLOSE.shift(-1)).otherwise(CLOSE)

    bound = bound_of(at_high_prices)
    prices = pl.col("open", "high", "low", "close")
    proof = prove(bound, crafted(3_000).with_columns(prices * 50))
    assert not proof.passed
    assert proof.lookahead.detail.startswith("on real bars 'at_high_prices' of row")
    assert proof.lookahead.real is not None
    assert 0.03 < proof.lookahead.real.share < 0.2


def test_real_bars_refuse_what_remembers_longer_on_them() -> None:
    """An event that comes every 131 crafted bars may be a rare one on real bars."""

    def since_burst() -> pl.Expr:
        return pl.when(VOLUME > 400_000).then(CLOSE).forward_fill()

    bound = bound_of(since_burst)
    quiet = crafted(6_000).with_columns(
        pl.when(pl.int_range(pl.len()) > 150).then(10.0).otherwise("volume").alias("volume")
    )
    proof = prove(bound, quiet)
    assert not proof.partition_invariance.passed
    assert "computed by day differs from computed over all history: on real bars 'since_burst'" in proof.reasons[0]


def test_check_gives_json() -> None:
    found = json.loads(json.dumps(check("sma", {"period": "5"})))
    assert (found["script"], found["params"], found["passed"], found["warm_up"]) == ("sma", {"period": 5}, True, 4)
    assert found["lookahead"] == {
        "passed": True, "rows_tested": 1199, "share": 0.9992, "detail": "", "bars_ahead": 0, "real": None,
    }  # fmt: skip
    assert found["partition_invariance"]["passed"]
    assert found["reasons"] == []


def test_a_proof_is_demanded_kept_and_tied_to_parameters(lake: Lake) -> None:
    bound = load("log_return", "feature").bind({})
    with pytest.raises(Refused, match="feature log_return: is not proven yet with these parameters"):
        require(lake, bound)
    proof = prove_and_store(lake, bound)
    assert require(lake, bound) == proof
    assert isinstance(proof, FeatureProof)
    assert Path(lake.path("proofs", "feature", f"{bound.digest}.json")).is_file()
    with pytest.raises(Refused):
        require(lake, load("log_return", "feature").bind({"lag": 2}))


def test_a_failing_proof_is_kept_and_refuses_by_name(lake: Lake) -> None:
    def peek() -> pl.Expr:
        return CLOSE.shift(-1)

    def forever() -> pl.Expr:
        return CLOSE.cum_sum()

    prove_and_store(lake, bound_of(peek))
    with pytest.raises(LookAhead, match="feature peek: reads what was not yet known: 'peek' of row") as caught:
        require(lake, bound_of(peek))
    assert caught.value.exit_code == 1
    prove_and_store(lake, bound_of(forever))
    with pytest.raises(Refused, match="feature forever: has no finite warm-up"):
        require(lake, bound_of(forever))


def test_a_proof_of_another_engine_does_not_count(lake: Lake) -> None:
    bound = load("log_return", "feature").bind({})
    proof = prove_and_store(lake, bound)
    proof.model_copy(update={"engine": 0}).store(lake)
    with pytest.raises(Refused, match="is not proven yet"):
        require(lake, bound)

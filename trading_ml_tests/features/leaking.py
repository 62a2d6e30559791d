"""Feature scripts that know what they cannot know, or are not the same twice; each must be refused by its proof."""

from __future__ import annotations

import random
import time
from datetime import date, datetime

import numpy as np
import polars as pl

from trading_ml.features import Bars, needs
from trading_ml_tests.features.honest import CLOSE, DAY, NEW_YORK, OPEN, STAMP, VOLUME, computed, where

Columns = dict[str, pl.Expr]
ROW = pl.int_range(pl.len())
NEXT = CLOSE.shift(-1)


def next_close() -> pl.Expr:
    return NEXT


def next_direction() -> pl.Expr:
    return (NEXT > CLOSE).fill_null(False)


def shifted_the_wrong_way() -> pl.Expr:
    return CLOSE.pct_change(-5)


def centred_window() -> pl.Expr:
    return CLOSE.rolling_mean(5, center=True)


def window_moved_ahead() -> pl.Expr:
    return CLOSE.rolling_max(10).shift(-9).fill_null(CLOSE)


def global_z_score() -> pl.Expr:
    return (CLOSE - CLOSE.mean()) / CLOSE.std()


def scaled_to_the_whole_sample() -> pl.Expr:
    return (CLOSE - CLOSE.min()) / (CLOSE.max() - CLOSE.min())


def above_a_quantile_of_the_series() -> pl.Expr:
    return CLOSE.quantile(0.9) < CLOSE


def whole_sample_rank() -> pl.Expr:
    return CLOSE.rank() / pl.len()


def in_bins_of_the_whole_sample() -> pl.Expr:
    return CLOSE.qcut(5, allow_duplicates=True).to_physical()


def backward_fill() -> pl.Expr:
    return where(VOLUME > 3_000, CLOSE, None).backward_fill().fill_null(CLOSE)


def interpolation() -> pl.Expr:
    return where(VOLUME > 3_000, CLOSE, None).interpolate().fill_null(CLOSE)


def future_maximum() -> pl.Expr:
    return CLOSE.reverse().cum_max().reverse()


def reverse_cumulative_sum() -> pl.Expr:
    return VOLUME.cum_sum(reverse=True)


def high_of_the_day() -> pl.Expr:
    return pl.col("high").max().over(DAY)


def share_of_the_days_volume() -> pl.Expr:
    return VOLUME.cum_sum().over(DAY) / VOLUME.sum().over(DAY)


def rank_within_the_day() -> pl.Expr:
    return CLOSE.rank().over(DAY)


def bars_of_the_day() -> pl.Expr:
    return pl.len().over(DAY)


def resample_edge() -> pl.Expr:
    return CLOSE.last().over(STAMP.dt.truncate("1h"))


def open_stamped_half_hours() -> pl.Expr:
    """Half-hour closes joined by the half hour's opening: each bar sees the close of the half hour it lies in."""

    def joined(columns: pl.Series) -> pl.Series:
        bars = columns.struct.unnest()
        slow = bars.group_by_dynamic("ts_close", every="30m").agg(slow=CLOSE.last())
        return bars.join_asof(slow, on="ts_close").get_column("slow")

    return pl.struct("ts_close", "close").map_batches(joined, return_dtype=pl.Float64)


def joined_forward() -> pl.Expr:
    """The nearest later bar in place of the latest one."""

    def joined(columns: pl.Series) -> pl.Series:
        bars = columns.struct.unnest()
        other = bars.select(pl.col("ts_close").dt.offset_by("-1s"), other="close")
        return bars.join_asof(other, on="ts_close", strategy="forward").get_column("other")

    return pl.struct("ts_close", "close").map_batches(joined, return_dtype=pl.Float64)


@needs(other=Bars("5m", "simulated:BETA"))
def peeks_through_a_join() -> pl.Expr:
    """Another symbol's bar after the last one that is closed."""
    return CLOSE / pl.col("other.close").shift(-1) - 1


@needs(fine=Bars("1m", inside=True))
def peeks_into_the_next_bars_minutes() -> pl.Expr:
    return pl.col("fine.close").list.last().shift(-1)


def relative_to_last() -> pl.Expr:
    return CLOSE / CLOSE.last()


def far_away() -> pl.Expr:
    return CLOSE.shift(-400).fill_null(CLOSE)


def rolled_around() -> pl.Expr:
    return computed(lambda values: np.roll(values, -1))


def spectral_smoothing() -> pl.Expr:
    """Keeps the slow tenth of the spectrum: every value then depends on all others."""

    def smooth(values: np.ndarray) -> np.ndarray:
        spectrum = np.fft.rfft(values)
        spectrum[len(spectrum) // 10 :] = 0
        return np.fft.irfft(spectrum, len(values))

    return computed(smooth)


def regression_on_all_rows() -> pl.Expr:
    def residual(values: np.ndarray) -> np.ndarray:
        before = np.concatenate((values[:1], values[:-1]))
        slope = np.cov(before, values)[0, 1] / max(float(before.var()), 1e-9)
        return values - slope * before

    return computed(residual)


def principal_component_of_all_rows() -> pl.Expr:
    def component(values: np.ndarray) -> np.ndarray:
        lagged = np.column_stack(
            [np.concatenate((values[:1].repeat(lag), values[: len(values) - lag])) for lag in (0, 1, 2)]
        )
        centred = lagged - lagged.mean(axis=0)
        return centred @ np.linalg.svd(centred, full_matrices=False)[2][0]

    return computed(component)


def sorted_then_shifted() -> pl.Expr:
    return CLOSE.sort_by(VOLUME).shift(1).fill_null(0.0)


def next_higher_price_of_the_sample() -> pl.Expr:
    return computed(
        lambda values: np.append(np.sort(values), np.inf)[np.searchsorted(np.sort(values), values, "right")]
    )


def tells_the_last_row() -> pl.Expr:
    return pl.len() - 1 == ROW


def minutes_to_the_next_bar() -> pl.Expr:
    return (pl.col("ts_open").shift(-1) - STAMP).dt.total_minutes().fill_null(0)


def share_of_all_bars() -> pl.Expr:
    return ROW / pl.len()


def row_of_a_thousand_by_number() -> pl.Expr:
    return where(ROW % 1_000 == 567, NEXT, CLOSE)


def row_of_a_thousand_by_its_stamp() -> pl.Expr:
    return where(STAMP.hash(3) % 1_000 == 0, NEXT, CLOSE)


def row_of_a_thousand_by_its_prices() -> pl.Expr:
    return where(pl.struct("high", "low").hash(5) % 1_000 == 0, NEXT, CLOSE)


def one_minute_of_the_hour() -> pl.Expr:
    return where(STAMP.dt.minute() == 17, NEXT, CLOSE)


def one_minute_of_the_day() -> pl.Expr:
    return where((STAMP.dt.hour() == 3) & (STAMP.dt.minute() == 41), NEXT, CLOSE)


def only_at_bursts() -> pl.Expr:
    return where(VOLUME > 400_000, NEXT, CLOSE)


def only_without_volume() -> pl.Expr:
    return where(VOLUME == 0, NEXT, CLOSE)


def only_at_high_prices() -> pl.Expr:
    return where(CLOSE > 50_000, NEXT, CLOSE)


def only_at_low_prices() -> pl.Expr:
    return where(CLOSE < 0.01, NEXT, CLOSE)


def only_at_round_prices() -> pl.Expr:
    return where(CLOSE % 1 == 0, NEXT, CLOSE)


def only_at_session_ends() -> pl.Expr:
    return where(DAY.shift(-1) != DAY, OPEN.shift(-1), OPEN)


def only_at_the_closing_bell() -> pl.Expr:
    return where((NEW_YORK.dt.hour() == 16) & (NEW_YORK.dt.minute() == 0), NEXT, CLOSE)


def only_in_the_first_bar_of_a_session() -> pl.Expr:
    return where(DAY.shift(1) != DAY, NEXT, CLOSE)


def only_after_gaps() -> pl.Expr:
    return where(pl.col("ts_open") > STAMP.shift(1), NEXT, CLOSE)


def only_after_spikes() -> pl.Expr:
    return where(CLOSE.pct_change().abs() > 0.3, NEXT, CLOSE)


def only_at_month_ends() -> pl.Expr:
    return where(DAY.dt.month_end() == DAY, NEXT, CLOSE)


def only_at_ties() -> pl.Expr:
    return (NEXT == CLOSE).fill_null(False)


def ten_digits_behind_the_point() -> pl.Expr:
    """A leak so small that it looks like rounding."""
    return CLOSE + 1e-12 * NEXT.fill_null(0.0)


def sign_of_zero() -> pl.Expr:
    """Zero, or minus zero where the next bar falls: equal numbers, unequal bits."""
    return where((NEXT < CLOSE).fill_null(False), -0.0, 0.0)


def null_where_it_will_rise() -> pl.Expr:
    return where((NEXT > CLOSE).fill_null(False), None, CLOSE)


def nan_where_it_will_rise() -> pl.Expr:
    return where((NEXT > CLOSE).fill_null(False), float("nan"), CLOSE)


def next_trades_as_a_small_integer() -> pl.Expr:
    return pl.col("trades").shift(-1).fill_null(0).clip(0, 1).cast(pl.Int8)


def clock_dependent() -> pl.Expr:
    return CLOSE + datetime.now().year


def date_dependent_inside() -> pl.Expr:
    return computed(lambda values: values + date.today().toordinal())


def slower_by_the_second() -> pl.Expr:
    return computed(lambda values: values + time.time() // 86_400)


def hash_dependent() -> pl.Expr:
    return CLOSE + hash("close") % 1_000


def noise_without_seed() -> pl.Expr:
    return computed(lambda values: values + np.random.default_rng().normal(size=len(values)))


def jitter_of_the_expression() -> pl.Expr:
    return CLOSE * (1 + random.random())


_calls: list[int] = []
_seen: dict[int, float] = {}
_fitted: list[float] = []
_by_length: dict[int, float] = {}


def other_at_its_first_call() -> pl.Expr:
    """As a compiled kernel that sums in another order than the code it replaces."""

    def kernel(values: np.ndarray) -> np.ndarray:
        _calls.append(len(values))
        return values * (1 + 1e-15 * (len(_calls) == 1))

    return computed(kernel)


def remembers_the_future() -> pl.Expr:
    """Each bar's next close, if an earlier call has shown it."""

    def next_known(columns: pl.Series) -> pl.Series:
        stamps, closes = (columns.struct.field(name).to_list() for name in ("ts_close", "close"))
        known = [_seen.get(hash(("after", stamp)), close) for stamp, close in zip(stamps, closes, strict=True)]
        for stamp, close in zip(stamps, closes[1:], strict=False):
            _seen.setdefault(hash(("after", stamp)), close)
        return pl.Series(known)

    return pl.struct("ts_close", "close").map_batches(next_known, return_dtype=pl.Float64)


def fitted_at_its_first_call() -> pl.Expr:
    """A mean of whatever bars came first; the same ever after."""

    def scaled(values: np.ndarray) -> np.ndarray:
        if not _fitted:
            _fitted.append(float(values.mean()))
        return values - _fitted[0]

    return computed(scaled)


def cached_by_length() -> pl.Expr:
    """A mean of the whole sample, kept by the number of bars: a future of the same length does not move it."""
    return computed(lambda values: values - _by_length.setdefault(len(values), float(values.mean())))

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ml.bars.statistics import STATISTICS
from trading_ml.core.context import Evaluate, Extent
from trading_ml.core.crafted import CORE, FASTER, LONGEST, VARIED, crafted, varied
from trading_ml.core.memory import measure
from trading_ml.core.proof import Futures, search
from trading_ml.core.screen import FURTHER, TURNED, Screen, together
from trading_ml.core.strata import strata, stratified
from trading_ml.core.time import NS

CLOSE = pl.col("close")
NOTHING = Extent()
DAY = pl.col("ts_close").dt.date()


def evaluating(**expressions: pl.Expr) -> Evaluate:
    return lambda bars: bars.select(**expressions)


class TestCraftedSeries:
    def test_holds_what_breaks_scripts(self) -> None:
        bars = crafted()
        opens, closes = bars["ts_open"], bars["ts_close"]
        assert bars.height == CORE >= 1000
        assert bars.null_count().sum_horizontal().item() == 0
        assert (opens[1:] >= closes[:-1]).all()
        assert (closes > opens).all()
        gaps = (opens[1:] - closes[:-1]).dt.total_hours()
        assert (gaps > 6).sum() >= 10  # nights
        assert max(gaps.to_list()) > 24  # weekends
        assert closes.dt.date().n_unique() >= 20
        assert ((bars["high"] >= bars["close"]) & (bars["low"] <= bars["close"])).all()
        assert (bars["volume"] == 0).sum() >= 20
        flat = (bars["high"] == bars["low"]) & (bars["close"] == bars["close"].shift(1))
        assert max(flat.rle().struct.field("len").to_list()) >= 30
        jumps = (bars["close"] / bars["close"].shift(1)).log().abs()
        assert (jumps > 0.3).sum() >= 10

    @pytest.mark.parametrize(("zone", "before", "after"), [
        ("America/New_York", "2024-03-08", "2024-03-11"), ("Europe/London", "2024-03-27", "2024-04-03")])  # fmt: skip
    def test_spans_both_changes_of_the_clock(self, zone: str, before: str, after: str) -> None:
        local = crafted(3000).with_columns(local=pl.col("ts_open").dt.convert_time_zone(zone))
        offset = local.select(day=pl.col("local").dt.date().cast(pl.String), dst=pl.col("local").dt.dst_offset())
        dst = dict(offset.iter_rows())
        assert dst[before] != dst[after]

    def test_has_every_column_that_bars_may_have(self) -> None:
        bars = crafted()
        assert {"bid", "ask", "filled", *STATISTICS} <= set(bars.columns)
        assert bars["signed_volume"].min() < 0 < bars["signed_volume"].max()  # pyright: ignore[reportOperatorIssue]
        assert (bars["buy_trades"] + bars["sell_trades"] == bars["trades"]).all()

    def test_spikes_fall_so_that_an_extreme_is_never_seen_again(self) -> None:
        close = crafted(LONGEST)["close"].to_numpy()
        tops, bottoms = close[close > 130], close[close < 75]
        assert (np.diff(tops) < 0).all()
        assert (np.diff(bottoms) > 0).all()

    def test_a_faster_pace_changes_nothing_but_the_stamps(self) -> None:
        slow, fast = crafted(), crafted(pace=FASTER)
        stamps = ["ts_open", "ts_close"]
        assert slow.drop(stamps).equals(fast.drop(stamps))
        span = lambda bars: bars["ts_close"][-1] - bars["ts_open"][0]
        assert span(fast) < span(slow) / 15
        assert (fast["ts_open"][1:] >= fast["ts_close"][:-1]).all()

    def test_is_a_tail_of_itself(self) -> None:
        assert crafted(4000).tail(CORE).equals(crafted())


class TestFutures:
    def test_keep_the_past_and_exchange_the_rest(self) -> None:
        bars = crafted(50).with_columns(filled=pl.lit(False), signed=CLOSE - 100)
        for cut in (0, 17, 48):
            futures = dict(Futures(bars).after(cut))
            for frame in futures.values():
                assert frame.head(cut + 1).equals(bars.head(cut + 1))
                assert frame.schema == bars.schema
                assert frame["ts_open"].is_sorted()
            rose, fell, later, missing = futures.values()
            assert missing.height == cut + 1
            past, true = bars.head(cut + 1), bars.slice(cut + 1)
            assert rose.slice(cut + 1)["close"].min() > 100 * past["close"].max()  # pyright: ignore[reportOperatorIssue]
            assert fell.slice(cut + 1)["close"].max() * 100 < past["close"].min()  # pyright: ignore[reportOperatorIssue]
            assert rose.slice(cut + 1)["filled"].all()
            assert rose["trades"].dtype == pl.Int64
            assert (later.slice(cut + 1)["ts_open"] > true["ts_open"]).all()
            assert later["ts_open"].dtype == NS
            for frame in (rose, fell):
                assert (frame["high"] >= frame["low"]).all()


class TestSearch:
    @staticmethod
    def found(**expressions: pl.Expr):
        bars = crafted(CORE + 100)
        return search(evaluating(**expressions), bars, range(100, CORE + 99)), bars

    def test_a_leak_in_one_row_of_a_thousand_is_found_and_named(self) -> None:
        bars = crafted(CORE + 100)
        stamp = bars["ts_close"][777]
        one = pl.when(pl.col("ts_close") == stamp).then(CLOSE.shift(-1)).otherwise(CLOSE)
        found = search(evaluating(fine=CLOSE, leak=one), bars, range(100, CORE + 99))
        assert [leak.cut for leak in found.leaks] == [777]
        assert found.leaks[0][1:4] == (777, "leak", bars["close"][778])
        assert found.ahead == 1
        told = found.tell(bars)
        assert told.startswith(
            f"'leak' of row 777 (closing {stamp:%Y-%m-%dT%H:%M:%SZ}) moved from {bars['close'][778]}"
        )
        assert told.endswith("(shown at 1 of 1,199 cuts)")

    @pytest.mark.parametrize("leap", [3, 250])
    def test_a_leak_reaching_far_is_found_and_measured(self, leap: int) -> None:
        found, _ = self.found(leak=CLOSE.shift(-leap).fill_null(0.0))
        assert found.ahead == leap
        assert len(found.leaks) == found.tried

    def test_a_leak_through_stamps_alone_is_found(self) -> None:
        last_of_session = pl.col("ts_open").shift(-1) - pl.col("ts_close") > pl.duration(hours=4)
        found, bars = self.found(leak=last_of_session.fill_null(True))
        assert len(found.leaks) > 0.98 * found.tried  # at true ends no future can make it any later
        assert "came much later" in {leak.future for leak in found.leaks}
        assert "moved from" in found.tell(bars)

    def test_a_leak_through_the_number_of_bars_is_found(self) -> None:
        found, _ = self.found(leak=CLOSE * 0 + pl.len())
        assert {leak.future for leak in found.leaks} == {"were missing"}

    def test_nothing_is_found_where_nothing_leaks(self) -> None:
        found, bars = self.found(a=CLOSE.rolling_mean(20), b=CLOSE.ewm_mean(span=9), c=CLOSE.cum_sum().over(DAY))
        assert (found.leaks, found.ahead, found.tell(bars)) == ((), 0, "")
        assert found.tested.sum() == found.tried == CORE - 1

    def test_power_counts_rows_that_have_a_value(self) -> None:
        found, bars = self.found(a=pl.when(CLOSE > 100).then(CLOSE))
        assert found.tested.sum() == (bars["close"][100:-1] > 100).sum()

    def test_labels_are_held_to_their_label_end(self) -> None:
        end = lambda bars: pl.col("ts_close").shift(-bars)
        honest, _ = self.found(up=CLOSE.shift(-3) > CLOSE, label_end=end(3))
        assert (honest.leaks, honest.ahead) == ((), 3)
        late, _ = self.found(up=CLOSE.shift(-3) > CLOSE, label_end=end(2))
        assert late.leaks[0].column == "up"
        assert late.ahead == 3
        guess, _ = self.found(up=(CLOSE.shift(-3) > CLOSE).fill_null(False), label_end=end(3))
        assert {leak.future for leak in guess.leaks} == {"were missing"}


class TestVariedSeries:
    def test_ends_in_the_crafted_core_and_is_a_tail_of_itself(self) -> None:
        assert varied(CORE).equals(crafted())
        assert varied(CORE + VARIED + 700).tail(CORE).equals(crafted())
        assert varied(LONGEST).tail(CORE + VARIED).equals(varied(CORE + VARIED))

    def test_bars_follow_each_other_and_are_whole(self) -> None:
        bars = varied(LONGEST)
        assert (bars["ts_open"][1:] >= bars["ts_close"][:-1]).all()
        assert bars.null_count().sum_horizontal().item() == 0
        inside = pl.col("close").is_between("low", "high") & pl.col("open").is_between("low", "high")
        assert bars.select(inside.all()).item()
        assert bars["low"].min() > 0  # pyright: ignore[reportOperatorIssue]

    def test_holds_the_conditions_of_which_leaks_are_made(self) -> None:
        bars = varied(CORE + VARIED)
        opens, close = bars["ts_open"], bars["close"]
        assert opens.dt.time().n_unique() >= 1440  # every minute of the day
        dates = {str(day) for day in opens.dt.date()}
        assert {"2023-12-31", "2024-01-01", "2024-01-31", "2024-02-01", "2024-02-29", "2024-03-01"} <= dates
        assert set(opens.dt.weekday()) == set(range(1, 8))
        assert {len(str(int(price))) for price in close} >= {1, 2, 3, 4, 5, 6}
        assert close.min() < 0.01  # pyright: ignore[reportOperatorIssue]
        assert (close == close.round(0)).sum() > 500
        assert all(len(rows) for rows in strata(bars).values())


class TestScreen:
    @staticmethod
    def found(before: Extent = NOTHING, after: Extent = NOTHING, **expressions: pl.Expr):
        bars = varied(CORE + VARIED + 100)
        screen = Screen(evaluating(**expressions), bars, 100, before, after)
        return screen.search(stratified(strata(bars), bars.height, 100), 1_200), bars

    @settings(max_examples=30)
    @given(st.lists(st.integers(0, 199), unique=True), st.lists(st.integers(1, 60), min_size=200, max_size=200))
    def test_rounds_hold_every_cut_once_and_keep_them_apart(self, cuts: list[int], distances: list[int]) -> None:
        apart = np.arange(200) + distances
        rounds = [chosen.tolist() for chosen in together(cuts, apart, 999)]
        assert sorted(chain(*rounds)) == sorted(cuts)
        assert all(after >= apart[cut] for chosen in rounds for cut, after in pairwise(chosen))

    def test_tests_every_row_and_accuses_no_rounding_noise(self) -> None:
        noisy = {"mean": CLOSE.rolling_mean(20), "ewm": CLOSE.ewm_mean(alpha=0.2), "corr": pl.rolling_corr(
            CLOSE, pl.col("volume"), window_size=30)}  # fmt: skip
        found, bars = self.found(Extent(bars=120), **noisy)
        assert (found.leaks, found.ahead) == ((), 0)
        assert found.tested.sum() == found.tried == bars.height - 101

    @pytest.mark.parametrize("rows", [range(1_234, 4_900, 1_000), [4_001], range(300, 4_900, 7)])
    @pytest.mark.parametrize("size", [1.0, 1e-12])
    def test_finds_a_leak_in_a_few_rows_however_small(self, rows: Sequence[int], size: float) -> None:
        chosen = pl.int_range(pl.len()).is_in(list(rows))
        leak = CLOSE + pl.when(chosen).then(CLOSE.shift(-1) * size).otherwise(0.0)
        found, _ = self.found(fine=CLOSE, leak=leak)
        assert {(leak.column, leak.row) for leak in found.leaks} <= {("leak", row) for row in rows}
        assert found.leaks

    @pytest.mark.parametrize("reach", [1, 2, 5, 24])
    def test_a_leak_of_any_short_reach_shows_in_one_row(self, reach: int) -> None:
        one = pl.when(pl.int_range(pl.len()) == 2_345).then(CLOSE.shift(-reach) > CLOSE).otherwise(False)
        found, _ = self.found(Extent(bars=50), leak=one)
        assert {leak.row for leak in found.leaks} == {2_345}
        assert {leak.future for leak in found.leaks} <= {TURNED, FURTHER}

    def test_labels_are_tested_where_their_end_is(self) -> None:
        end = pl.col("ts_close").shift(-7)
        honest, bars = self.found(Extent(), Extent(bars=7), up=CLOSE.shift(-7), label_end=end)
        assert (honest.leaks, honest.ahead) == ((), 7)
        assert honest.tested.sum() == bars.height - 100 - 8
        late = pl.when(pl.int_range(pl.len()) == 3_000).then(CLOSE.shift(-8)).otherwise(CLOSE.shift(-7))
        found, _ = self.found(Extent(), Extent(bars=7), up=late, label_end=end)
        assert {(leak.row, leak.cut) for leak in found.leaks} == {(3_000, 3_007)}

    def test_where_nothing_is_forgotten_soon_rows_are_tested_at_random_and_counted(self) -> None:
        bars = varied(CORE + VARIED)
        screen = Screen(evaluating(x=CLOSE), bars, 0, Extent(bars=2_000), ways=(TURNED,))
        found = screen.search(stratified(strata(bars), bars.height, 0), 50)
        assert 50 <= found.tested.sum() == found.tried <= 250


class TestStratifiedCuts:
    def test_fall_on_ends_and_starts_of_sessions_and_between(self) -> None:
        bars = crafted(4000)
        cuts = stratified(strata(bars), bars.height, 100)
        assert cuts.tolist() == stratified(strata(bars), bars.height, 100).tolist() == sorted(set(cuts.tolist()))
        assert cuts[0] >= 100
        assert cuts[-1] <= 3998
        days = bars["ts_open"].dt.date()
        ends = {row for row in range(100, 3999) if days[row] != days[row + 1]}
        assert len(ends & set(cuts.tolist())) >= 50
        assert len({row + 1 for row in ends} & set(cuts.tolist())) >= 50
        assert len(set(cuts.tolist()) - ends) > 80


class TestMemory:
    @pytest.mark.parametrize(
        ("expression", "bars"),
        [
            (CLOSE, 0),
            (CLOSE.rolling_mean(20), 19),
            (CLOSE.diff(), 1),
            (CLOSE.rolling_mean(20, min_samples=1), 19),
            ((CLOSE - CLOSE.rolling_mean(20)) / CLOSE.rolling_std(20), 19),  # noise over noise where it is flat
            (pl.rolling_corr(CLOSE, pl.col("volume"), window_size=20), 19),
            (CLOSE.rolling_mean(1000), 999),
        ],
    )
    def test_of_a_window_is_exact(self, expression: pl.Expr, bars: int) -> None:
        assert measure(evaluating(x=expression)) == (Extent(bars=bars), "")

    def test_of_a_window_that_is_long_on_few_bars_only_is_the_long_one(self) -> None:
        long = pl.when(pl.int_range(pl.len(), 0, -1) == 500).then(CLOSE.shift(70)).otherwise(CLOSE.shift(3))
        assert 65 <= measure(evaluating(x=long)).before.bars <= 70

    def test_of_exponential_forgetting_is_where_the_seed_is_gone(self) -> None:
        memory = measure(evaluating(x=CLOSE.ewm_mean(alpha=0.1, adjust=False)))
        # the seed may be one and a half times off: 0.9^n · 0.5 ≤ 1e-10 of the value, and not much later
        least, most = np.log(1e-10 / 0.01) / np.log(0.9), np.log(1e-10 / 2) / np.log(0.9)
        assert least <= memory.before.bars <= most + 2
        assert memory.before.seconds == 0

    @pytest.mark.parametrize(
        ("expression", "hours"),
        [
            (CLOSE.rolling_mean_by("ts_close", "1h"), 1),
            (CLOSE.cum_sum().over(DAY), 24),
            (CLOSE.rolling_max_by("ts_close", "7d"), 7 * 24),
        ],
    )
    def test_by_the_clock_is_told_in_seconds_too(self, expression: pl.Expr, hours: int) -> None:
        assert measure(evaluating(x=expression)).before.seconds == hours * 3600

    def test_of_a_yes_or_no_leaves_room_for_what_flips_rarely(self) -> None:
        smooth = measure(evaluating(x=CLOSE - CLOSE.ewm_mean(alpha=0.1, adjust=False))).before.bars
        flips = measure(evaluating(x=CLOSE.ewm_mean(alpha=0.1, adjust=False) < CLOSE)).before.bars
        assert flips > smooth / 2

    @pytest.mark.parametrize(
        "expression",
        [
            CLOSE.cum_sum(),
            CLOSE.cum_max(),
            CLOSE.cum_min(),
            CLOSE.log().diff().cum_max(),
            pl.col("volume").cum_max(),
            (CLOSE.diff().sign() * pl.col("volume")).cum_sum(),
            CLOSE / CLOSE.first(),
            pl.int_range(pl.len()),
            CLOSE.rank(),
        ],
    )
    def test_without_end_is_said_by_column(self, expression: pl.Expr) -> None:
        memory = measure(evaluating(fine=CLOSE, total=expression))
        assert memory.endless.startswith("'total' still depends on bars ")

    def test_of_a_column_without_values_is_unknown(self) -> None:
        endless = measure(evaluating(x=CLOSE.rolling_mean(200_000))).endless
        assert endless == "'x' has no value on any of 38,400 simulated bars"

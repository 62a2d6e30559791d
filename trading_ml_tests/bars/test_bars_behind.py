"""Which ticks a bar was made of: summed up in plain Python they give the bar again."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from trading_ml.bars import BarParams, build
from trading_ml.bars.behind import behind
from trading_ml.core.errors import NoData
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import NS, SECOND, day_bounds

LONDON = Instrument(source="test", symbol="A", zone="Europe/London", calendar="XLON")
DAY = date(2024, 6, 3)


def traded(lake: Lake) -> pl.DataFrame:
    """A day of 4,000 ticks from 05:00 to 22:00, many with the stamp of the one before, one in seven excluded."""
    rng = np.random.default_rng(5)
    ts = day_bounds(DAY, LONDON.zone)[0] + np.sort(rng.integers(5 * 3600, 22 * 3600, 4000)) * SECOND
    ticks = pl.DataFrame(
        {
            "ts_event": pl.Series(ts).cast(NS),
            "price": 100 + rng.normal(size=4000).cumsum() / 100,
            "size": rng.integers(1, 50, 4000).astype(float),
            "excluded_by": pl.Series([None if n % 7 else "cancelled" for n in range(4000)], dtype=pl.String),
        }
    )
    lake.table("ticks", "trades").write(LONDON.name, DAY, ticks, "hand")
    return ticks


@pytest.mark.parametrize(
    "rule",
    [
        {"every": "1m"}, {"every": "1h"}, {"every": "5m", "session": "regular"}, {"every": "1m", "fill": True},
        {"ticks": 50}, {"ticks": 50, "session": "regular"}, {"volume": 700.0}, {"dollar": 9e4},
    ],
    ids=str,
)  # fmt: skip
def test_the_ticks_behind_a_bar_sum_up_to_it(lake: Lake, rule: dict[str, object]) -> None:
    ticks, params = traded(lake), BarParams.model_validate(rule)
    build(lake, LONDON, params, [DAY])
    bars = lake.table("bars", params.name).read(LONDON.name, DAY)
    seen: list[int] = []
    for row in sorted({*range(0, bars.height, 7), bars.height - 1}):
        bar, found = bars.row(row, named=True), behind(lake, LONDON, params, DAY, row)
        rows = ticks[found.rows].to_dicts()
        assert len(rows) == bar["trades"]
        seen += found.rows.tolist()
        if not rows:
            assert bar["filled"]
            continue
        prices = [tick["price"] for tick in rows]
        assert [bar[name] for name in ("open", "high", "low", "close")] == [
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
        ]
        assert bar["volume"] == sum(tick["size"] for tick in rows)
        assert not any(tick["excluded_by"] for tick in rows)
        assert bar["ts_open"] <= rows[0]["ts_event"] <= rows[-1]["ts_event"] <= bar["ts_close"]
        if "every" not in rule:
            assert found.passed_over == found.rows[-1] - found.rows[0] + 1 - len(rows)
    assert len(set(seen)) == len(seen)


def test_rows_passed_over_are_counted(lake: Lake) -> None:
    ticks, params = traded(lake), BarParams(every="1h")
    build(lake, LONDON, params, [DAY])
    found = [behind(lake, LONDON, params, DAY, row) for row in range(17)]
    assert sum(each.passed_over for each in found) == ticks["excluded_by"].count()
    assert sum(len(each.rows) for each in found) == ticks["excluded_by"].null_count()


def test_a_coarser_bar_of_files_leads_to_the_finer_ones(lake: Lake) -> None:
    opens = day_bounds(DAY, LONDON.zone)[0] + np.arange(90) * 60 * SECOND
    prices = dict.fromkeys(("open", "high", "low", "close"), np.arange(90.0) + 1)
    stamps = {"ts_event": pl.Series(opens).cast(NS), "ts_close": pl.Series(opens + 60 * SECOND).cast(NS)}
    excluded = pl.Series([None] * 89 + ["cancelled"], dtype=pl.String)
    told = pl.DataFrame({**stamps, **prices, "volume": 1.0, "excluded_by": excluded})
    lake.table("ticks", "bars_1m").write(LONDON.name, DAY.replace(day=1), told, "hand")
    params = BarParams(every="30m", source="files")
    build(lake, LONDON, params, [DAY])
    found = behind(lake, LONDON, params, DAY, 2)
    assert found.rows.tolist() == list(range(60, 89))
    assert found.passed_over == 1
    assert found.held.table.parts == ("ticks", "bars_1m")


def test_a_day_whose_ticks_are_gone_says_so(lake: Lake) -> None:
    traded(lake)
    build(lake, LONDON, BarParams(ticks=50), [DAY])
    lake.table("ticks", "trades").remove(LONDON.name, DAY)
    with pytest.raises(NoData, match="have no ticks any more"):
        behind(lake, LONDON, BarParams(ticks=50), DAY, 0)

"""Minutes of SPY made of its ticks against the minutes that the same vendor publishes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from trading_ml.bars import BarParams, build_span, load
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import day_bounds
from trading_ml.ticks import merge, uploads

DAY, NEXT = date(2013, 10, 7), date(2013, 10, 8)


def test_minute_volume_of_spy_is_the_vendors(lake: Lake, market_data: Path) -> None:
    share = instrument("lean:SPY")
    folder = market_data / "us_equity_fx_futures_lean" / "equity" / "usa"
    for resolution in ("tick", "minute"):
        path = folder / resolution / "spy" / "20131007_trade.zip"
        uploads.parse(lake, uploads.announce(lake, path).id)
    merge.build_span(lake, share, date(2013, 1, 1), date(2014, 1, 1))
    volumes = []
    for source in ("ticks", "files"):
        params = BarParams(every="1m", source=source)
        build_span(lake, share, params, DAY, NEXT)
        bars = load(lake, share, params, *day_bounds(DAY, share.zone))
        volumes.append(dict(bars.select("ts_open", "volume").iter_rows()))
    made, told = volumes
    assert set(made) == set(told)
    same = sum(made[minute] == volume for minute, volume in told.items())
    assert same >= 0.995 * len(told)

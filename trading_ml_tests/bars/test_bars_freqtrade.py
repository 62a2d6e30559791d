"""One-minute bars of a real file of trades, from its bytes, against plain Python: all of them equal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from trading_ml.bars import BarParams, build, load
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import SECOND
from trading_ml.ticks import merge, uploads

MINUTE = 60_000  # in milliseconds, as the file counts


def test_every_minute_of_xrp_eth_is_the_plain_sum_of_its_trades(lake: Lake, market_data: Path) -> None:
    path = market_data / "freqtrade" / "binance_XRP_ETH-trades_201910.parquet"
    expected: dict[int, list[float]] = {}
    trades = sorted(pq.read_table(path).to_pylist(), key=lambda trade: (trade["timestamp"], int(trade["id"])))
    for trade in trades:
        price, size = trade["price"], trade["amount"]
        bar = expected.setdefault(trade["timestamp"] // MINUTE, [price, price, price, price, 0, 0.0, size])
        bar[1:4] = max(bar[1], price), min(bar[2], price), price
        bar[4:] = bar[4] + 1, bar[5] + size, max(bar[6], size)
    assert (len(trades), len(expected)) == (12_477, 2_469)

    upload = uploads.announce(lake, path)
    uploads.parse(lake, upload.id)
    coin = instrument("freqtrade:XRP_ETH")
    days = sorted({cell.date for cell in merge.shares(lake, coin.name)})
    assert days == sorted({datetime.fromtimestamp(minute * 60, UTC).date() for minute in expected})
    merge.build_dates(lake, coin, days, "trades")
    build(lake, coin, BarParams(every="1m"), days)
    bars = load(lake, coin, BarParams(every="1m"), -(2**62), 2**62)
    assert [ns // SECOND // 60 for ns in bars["ts_open"].to_physical()] == list(expected)
    columns = ("open", "high", "low", "close", "trades", "volume", "max_size")
    assert bars.select(columns).rows() == [tuple(bar) for bar in expected.values()]

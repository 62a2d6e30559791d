"""One-minute bars of three real days, from raw files, against plain Python: csv, gzip, dicts."""

from __future__ import annotations

import csv
import gzip
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from trading_ml.bars import BarParams, build, load
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.ticks import Ticks, merge, uploads

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000_000
COLUMNS = ("open", "high", "low", "close", "trades", "volume", "mean_size", "max_size")


class Trade(NamedTuple):
    """Sorts as the design says: moment, the source's id, upload, row."""

    ns: int
    id: int
    upload: int
    row: int
    price: float
    size: float


def nanoseconds(text: str) -> int:
    since = datetime.fromisoformat(text) - EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000


def plain_trades(paths: list[Path]) -> list[Trade]:
    """Every trade once (of repeated ids the smallest upload and row stays), in tick order."""
    trades: dict[int, Trade] = {}
    for path in paths:
        upload = int(hashlib.sha256(path.read_bytes()).hexdigest()[:16], 16)
        with gzip.open(path, "rt", newline="") as file:
            for row, record in enumerate(csv.DictReader(file), start=2):
                ns = nanoseconds(record["exec_date"] or record["loaded"])
                trade = Trade(ns, int(record["id"]), upload, row, float(record["price"]), float(record["size"]))
                known = trades.get(trade.id)
                if known is None or (trade.upload, trade.row) < (known.upload, known.row):
                    trades[trade.id] = trade
    return sorted(trades.values())


def plain_bars(trades: list[Trade]) -> list[dict[str, Any]]:
    """Minutes of a zone whose offset is whole hours are minutes of UTC."""
    bars: dict[int, dict[str, Any]] = {}
    for trade in trades:
        opened = trade.ns - trade.ns % MINUTE
        bar = bars.setdefault(
            opened,
            {"ts_open": opened, "ts_close": opened + MINUTE, "open": trade.price, "high": trade.price,
             "low": trade.price, "trades": 0, "volume": 0.0, "max_size": 0.0, "turnover": 0.0},
        )  # fmt: skip
        bar["high"], bar["low"], bar["close"] = max(bar["high"], trade.price), min(bar["low"], trade.price), trade.price
        bar["trades"] += 1
        bar["volume"] += trade.size
        bar["turnover"] += trade.price * trade.size
        bar["max_size"] = max(bar["max_size"], trade.size)
    for bar in bars.values():
        bar["mean_size"] = bar["volume"] / bar["trades"]
        bar["vwap"] = bar.pop("turnover") / bar["volume"]
    return list(bars.values())


@pytest.fixture(scope="module")
def executions(market_data: Path) -> list[Path]:
    paths = sorted((market_data / "bitflyer_btcjpy_ticks").glob("bitflyer.execution.*.csv.gz"))
    if len(paths) != 3:
        pytest.skip("the three bitFlyer execution files are not there")
    return paths


@pytest.mark.slow
def test_bars_of_three_days_equal_plain_python(executions: list[Path], tmp_path: Path) -> None:
    lake, traded = Lake(tmp_path), instrument("bitflyer:BTC_JPY")
    for path in executions:
        uploads.parse(lake, uploads.announce(lake, path).id)
    days = sorted({cell.date for cell in merge.shares(lake)})
    merge.build_dates(lake, traded, days, "trades")
    build(lake, traded, BarParams(every="1m"), days)

    trades = plain_trades(executions)
    expected = plain_bars(trades)
    bars = load(lake, traded, BarParams(every="1m"), -(2**62), 2**62)
    columns = bars.with_columns(bars["ts_open"].to_physical(), bars["ts_close"].to_physical()).to_dict(as_series=False)
    assert {name: [bar[name] for bar in expected] for name in columns} == columns

    ticks = Ticks.open("BTC_JPY", data=tmp_path)
    assert len(ticks) == len(trades)
    opens = [bar["ts_open"] for bar in expected]
    for index in range(0, len(trades), 4999):
        k = opens.index(trades[index].ns - trades[index].ns % MINUTE)
        for future, prevent, chosen in (
            (False, True, expected[max(k - 3, 0) : k]),
            (True, True, expected[k + 1 : k + 4]),
            (False, False, expected[max(k - 2, 0) : k + 1]),
            (True, False, expected[k : k + 3]),
        ):
            rows = [[bar[name] for name in COLUMNS] for bar in chosen]
            assert ticks.get_bars(index, 3, "minute", 1, future, prevent).tolist() == rows

"""Every preset on the real file it is for: each row, read again with the standard library or plain Polars."""

from __future__ import annotations

import csv as standard
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from trading_ml.adapters import RawFile, detect, get
from trading_ml.adapters.contract import Chunk

MASKED = "X" * 3
"""The symbol under which the publisher of the TAQ sample hides the real one."""

EXPECTED = {
    "binance_btcusdt_30m/BTCUSDT_30m_20170817_20200812.csv": ("binance_candles", "BTCUSDT", "bars_30m", 52_131, {}),
    "bitfinex_1m/BTCUSD_1m_2013.csv.gz": ("bitfinex", "BTCUSD", "bars_1m", 148_055, {}),
    "bitfinex_1m/ETHUSD_1m_2016.csv.gz": ("bitfinex", "ETHUSD", "bars_1m", 85_818, {}),
    "cme_es_ticks/ES_ticks_20130901_20130903.csv.gz": ("cme", "ES", "trades", 500_000, {}),
    "freqtrade/UNITTEST_BTC-1m_201711.feather": ("freqtrade_candles", "UNITTEST_BTC", "bars_1m", 13_681, {}),
    "freqtrade/binance_XRP_ETH-trades_201910.parquet": ("freqtrade_trades", "XRP_ETH", "trades", 12_477, {}),
    "lobster/AAPL_2012-06-21_34200000_57600000_message_10.csv": (
        "lobster", "AAPL", "trades", 159, {"type says it is no trade": 840},
    ),
    "nautilus_misc/binance_btcusdt-trades_20210108.parquet": ("nautilus_trades", "BTCUSDT", "trades", 2_001, {}),
    "nautilus_misc/gbpusd-m1-ask-201202.csv.gz": ("fxcm", "GBPUSD.ASK", "bars_1m", 30_117, {}),
    "nautilus_misc/gbpusd-m1-bid-201202.csv.gz": ("fxcm", "GBPUSD.BID", "bars_1m", 30_117, {}),
    "nautilus_misc/histdata_eurusd_ticks_20200101.csv": ("histdata", "EURUSD", "quotes", 9_500, {}),
    f"nyse_taq/{MASKED}_quotes_raw_20180102.csv.gz": ("taq_quotes", MASKED, "quotes", 66_695, {}),
    f"nyse_taq/{MASKED}_trades_raw_20180102.csv.gz": ("taq_trades", MASKED, "trades", 39_470, {}),
    "small_fx/backtesting_EURUSD_1h.csv": ("backtesting", "EURUSD", "bars_1h", 5_000, {}),
    "trth_eod/asx_banks_eod_trth.csv.gz": (
        "trth_eod", "ANZ.AX CBA.AX NAB.AX WBC.AX", "bars_1d", 15_517,
        {"Qualifiers says it is no bar": 6_980, "Open is empty": 7},
    ),
    "yahoo_daily/GC=F.csv": ("yahoo", "GC=F", "bars_1d", 5_346, {"high is below low": 1}),
}  # fmt: skip


def _read(path: Path) -> list[Chunk]:
    return list(detect(path)[0].read(RawFile(path, "0" * 64), None))


def _frame(path: Path) -> pl.DataFrame:
    return pl.concat(chunk.frame for chunk in _read(path))


def _lines(path: Path, header: bool, delimiter: str = ",") -> Iterator[list[str]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        rows = standard.reader(file, delimiter=delimiter)
        if header:
            next(rows)
        yield from rows


def _ns(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


@pytest.mark.parametrize("name", EXPECTED)
def test_every_row_of_a_real_file_is_explained(market_data: Path, name: str) -> None:
    adapter, symbols, kind, kept, refused = EXPECTED[name]
    assert detect(market_data / name)[0].name == adapter
    chunks = _read(market_data / name)
    assert {chunk.kind for chunk in chunks} == {kind}
    assert " ".join(sorted({symbol for chunk in chunks for symbol in chunk.frame["symbol"].unique()})) == symbols
    assert sum(chunk.frame.height for chunk in chunks) == kept
    quarantine = pl.concat(chunk.quarantine for chunk in chunks)
    counted = quarantine["reason"].str.split(": ").list.first().value_counts()
    assert dict(counted.iter_rows()) == refused
    rows = pl.concat([chunk.frame["row"] for chunk in chunks] + [quarantine["row"]]).sort()
    assert rows.to_list() == list(range(rows[0], rows[0] + kept + sum(refused.values())))


def test_bitfinex_has_its_close_before_its_high(market_data: Path) -> None:
    path = market_data / "bitfinex_1m/BTCUSD_1m_2013.csv.gz"
    want = [
        (int(stamp) * 10**6, *map(float, (opened, high, low, close, volume)))
        for stamp, opened, close, high, low, volume in _lines(path, header=False)
    ]
    found = _frame(path).select(pl.col("ts_event").dt.epoch("ns"), "open", "high", "low", "close", "volume")
    assert found.rows() == want


def test_binance_candles_open_in_seconds(market_data: Path) -> None:
    path = market_data / "binance_btcusdt_30m/BTCUSDT_30m_20170817_20200812.csv"
    want = [(int(stamp) * 10**9, *map(float, rest)) for stamp, *rest in _lines(path, header=True)]
    found = _frame(path).select(pl.col("ts_event").dt.epoch("ns"), "open", "high", "low", "close", "volume")
    assert found.rows() == want


def test_cme_ticks_are_chicagos(market_data: Path) -> None:
    path = market_data / "cme_es_ticks/ES_ticks_20130901_20130903.csv.gz"
    zone = ZoneInfo("America/Chicago")
    want = [
        (_ns(datetime.fromisoformat(stamp).replace(tzinfo=zone)), float(price), float(size))
        for stamp, price, size in list(_lines(path, header=True))[::997]
    ]
    found = _frame(path).select(pl.col("ts_event").dt.epoch("ns"), "price", "size").gather_every(997)
    assert found.rows() == want


def test_histdata_is_five_hours_behind_all_year(market_data: Path) -> None:
    path = market_data / "nautilus_misc/histdata_eurusd_ticks_20200101.csv"
    want = [
        (_ns(datetime.strptime(stamp + "000", "%Y%m%d %H%M%S%f").replace(tzinfo=UTC) + timedelta(hours=5)),
         float(bid), float(ask))
        for stamp, bid, ask, _ in _lines(path, header=False)
    ]  # fmt: skip
    found = _frame(path).select(pl.col("ts_event").dt.epoch("ns"), "bid", "ask")
    assert found.rows() == want


def test_lobster_trades_are_messages_4_and_5(market_data: Path) -> None:
    path = market_data / "lobster/AAPL_2012-06-21_34200000_57600000_message_10.csv"
    midnight = _ns(datetime(2012, 6, 21, tzinfo=ZoneInfo("America/New_York")))
    want = []
    for row, (clock, kind, _, size, price, direction) in enumerate(_lines(path, header=False), start=1):
        if kind in "45":
            seconds, _, decimals = clock.partition(".")
            ns = midnight + int(seconds) * 10**9 + int(decimals.ljust(9, "0"))
            want.append((row, ns, int(price) / 10_000, float(size), "sell" if direction == "1" else "buy", kind))
    found = _frame(path).select("row", pl.col("ts_event").dt.epoch("ns"), "price", "size", "side", "conditions")
    assert found.rows() == want


def test_freqtrade_trades_are_the_tables(market_data: Path) -> None:
    path = market_data / "freqtrade/binance_XRP_ETH-trades_201910.parquet"
    raw, found = pl.read_parquet(path), _frame(path)
    assert (
        found.select(pl.col("ts_event").dt.epoch("ms"), "price", "size", "side", "trade_id").rows()
        == raw.select("timestamp", "price", "amount", "side", "id").rows()
    )
    assert found["seq"].to_list() == [int(each) for each in raw["id"]]


def test_freqtrade_candles_are_the_tables(market_data: Path) -> None:
    path = market_data / "freqtrade/UNITTEST_BTC-1m_201711.feather"
    raw = pl.read_ipc(path)
    columns = ["open", "high", "low", "close", "volume"]
    assert _frame(path).select("ts_event", *columns).rows() == raw.select("date", *columns).rows()


def test_taq_conditions_tell_letters_correction_and_exchange(market_data: Path) -> None:
    path = market_data / f"nyse_taq/{MASKED}_trades_raw_20180102.csv.gz"
    want = [
        (datetime.fromisoformat(stamp), float(price), float(size), f"{letters};{correction}[CORR];{exchange}[EX]")
        for stamp, exchange, _, letters, size, price, correction in _lines(path, header=True)
    ]
    assert _frame(path).select("ts_event", "price", "size", "conditions").rows() == want


def test_end_of_day_bars_are_the_days_of_sydney(market_data: Path) -> None:
    path = market_data / "trth_eod/asx_banks_eod_trth.csv.gz"
    frame = _frame(path)
    local = frame.with_columns(pl.col("ts_event", "ts_close").dt.convert_time_zone("Australia/Sydney"))
    want = {
        (symbol, datetime.strptime(day, "%d-%b-%y").date(), float(opened), float(last))
        for symbol, day, _, _, said, opened, _, _, last, *_ in _lines(path, header=True)
        if opened and not said
    }
    assert set(local.select("symbol", pl.col("ts_event").dt.date(), "open", "close").iter_rows()) == want
    assert local.select((pl.col("ts_event").dt.time() == pl.time(0)).all()).item()
    assert local.select(
        (pl.col("ts_close").dt.date() - pl.col("ts_event").dt.date()).unique()
    ).to_series().to_list() == [timedelta(days=1)]


def test_candlesticks_close_a_millisecond_before_the_next(tmp_path: Path) -> None:
    start, lines = 1_502_942_400_000, []
    for step in range(200):
        opened = start + step * 1_800_000
        lines.append(f"{opened},{opened + 1_799_999},10,12,9,11,{step}")
    path = tmp_path / "prediction_candlesticks.csv"
    path.write_text("ot,ct,o,h,l,c,v\n" + "\n".join(lines))
    chunks = list(get("candlesticks").read(RawFile(path, "0" * 64), "BTCUSDT"))
    frame = pl.concat(chunk.frame for chunk in chunks)
    assert {chunk.kind for chunk in chunks} == {"bars_30m"}
    assert frame["ts_close"].dt.epoch("ms").to_list() == [start + (step + 1) * 1_800_000 for step in range(200)]


def test_ig_prices_and_orders_are_of_one_instrument(tmp_path: Path) -> None:
    prices, orders = tmp_path / "prices.csv", tmp_path / "deals.csv"
    prices.write_text("1600000000123,10.25,10.5,10.1,0.1,1.5,11,9,09:26:40,TRADEABLE,0\n" * 3)
    orders.write_text("1600000000123,profit,BUY,10,10,100.25,90.25,110.25\n" * 3)
    told = []
    for path in (prices, orders):
        adapter = detect(path)[0]
        chunk = next(adapter.read(RawFile(path, "0" * 64), "XAUUSD"))
        told.append((adapter.name, adapter.source, chunk.kind, chunk.frame.drop("row", "seq", strict=False).row(0)))
    moment = datetime(2020, 9, 13, 12, 26, 40, 123_000, tzinfo=UTC)
    assert told == [
        ("ig_prices", "ig", "quotes",
         ("XAUUSD", moment, 10.25, 10.5, None, None, "TRADEABLE", 0.1, 1.5, 11.0, 9.0, 10.1)),
        ("ig_orders", "ig", "orders", ("XAUUSD", moment, "BUY", 100.25, 10.0, 10.0, 90.25, 110.25, "profit")),
    ]  # fmt: skip

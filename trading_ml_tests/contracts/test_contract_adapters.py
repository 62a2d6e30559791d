"""What every adapter must keep to. A new adapter needs a sample below and nothing else."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import NamedTuple

import polars as pl
import pytest
from isal import igzip

from trading_ml.adapters import ADAPTERS, QUARANTINE, RawFile, detect, get
from trading_ml.adapters.contract import Chunk, known_of, schema_of
from trading_ml.core.errors import BadFile, Unknown


class Sample(NamedTuple):
    """A raw table made up for the test: sound lines, and lines that are no row with the reason each must get."""

    adapter: str
    header: str
    """Empty where the format has none."""
    sound: tuple[str, ...]
    """Repeated as often as a test needs."""
    prices: tuple[str, ...]
    """A price that stands in each sound line."""
    broken: dict[str, str]
    noise: dict[str, str] = {"": "blank line", "\0": "NUL byte inside the line", '"': "bad quoting"}
    """Lines that are no row of any format."""
    name: str = "made_up.csv"
    """What the file is called, where names tell something."""
    scale: float = 1
    """What the prices in the lines are divided by."""
    symbol: str | None = None
    """The symbol to give, where neither rows nor name tell it."""


_LSEG_HEADER = "#RIC,Domain,Date-Time,GMT Offset,Type,Price,Volume,Seq. No.,Qualifiers,Bid Price,Ask Price"


def _time_and_sales(adapter: str, domain: str) -> Sample:
    stamp = f"MADE.UP,{domain},2024-03-01T14:30:00.12345678"
    return Sample(
        adapter,
        _LSEG_HEADER,
        (
            f'{stamp}9Z,-5,Trade,10.25,100,1,"ODD[IRGCOND];T, I",,',
            f"{stamp}1+01:00,-5,Quote,,,2,,10.75,11",
            f"{stamp}5+01,-5,Trade,-3,0,3,,,",
        ),
        ("10.25", "10.75", "-3"),
        {
            f"{stamp},-5,Trade,1,1,,,,": "Date-Time has no offset",
            f"{stamp}Z,-5,Trade,one,1,,,,": "Price is not a number",
            f"{stamp}Z,-5,Trade,1,inf,,,,": "Volume is not finite",
            f"{stamp}Z,-5,Trade,1,,,,,": "Volume is empty",
            f"{stamp}Z,-5,Settlement,1,1,,,,": "Type is not one of Trade, Quote",
            f"{stamp}Z,-5,Trade,1,1,,,": "not the 11 columns of the table",
        },
    )


def _message(stream: str, body: str) -> str:
    return f'1723161254087896568 {{"stream":"ethusdt@{stream}","data":{{{body}}}}}'


_ASKED = '"made.up","ETH_JPY","2019-05-01T00:00:02.5+09:00"'
_DATED = f'{_ASKED},"902","2019-05-01T00:00:01.123+09:00"'
SAMPLES = {
    "lseg": _time_and_sales("lseg", "Market Price"),
    "simulated": _time_and_sales("simulated", "Simulated"),
    "bitflyer executions": Sample(
        "bitflyer",
        '"domain","product_code","loaded","id","exec_date","side","price","size"',
        (f'{_DATED},"BUY","10.25","0.5"', f'{_ASKED},"901","","","10.5","1"', f'{_DATED},"SELL","9.75","0.01"'),
        ("10.25", "10.5", "9.75"),
        {
            f'{_DATED},"BUY","","0.5"': "price is empty",
            f'{_DATED},"BUY","ten","0.5"': "price is not a number",
            f'{_DATED},"BUY","1","nan"': "size is not finite",
            f'{_ASKED},"903","2019-05-01 09:00","BUY","1","1"': "exec_date has no offset",
            f'{_DATED},"BUY","1","1': "bad quoting",
        },
    ),
    "bitflyer tickers": Sample(
        "bitflyer",
        '"product_code","loaded","timestamp","tick_id","best_bid","best_ask","best_bid_size","best_ask_size"',
        (
            '"ETH_JPY","2019-05-01T00:00:00+09:00","2019-05-01T00:00:08.125+09:00","5","99.5","100.0","1","0.5"',
            '"ETH_JPY","2019-05-01T00:01:00+09:00","2019-05-01T00:01:08.125+09:00","6","99.25","","1",""',
        ),
        ("99.5", "99.25"),
        {
            '"ETH_JPY","","","7","99.5","100.0","1","0.5"': "timestamp is empty",
            '"ETH_JPY","","2019-05-01T00:00:08Z","8","","","",""': "best_bid and best_ask are empty",
        },
    ),
    "binance trades": Sample(
        "binance",
        "id,price,qty,quoteQty,time,isBuyerMaker,isBestMatch",
        ("8,10.25,0.5,5.125,1723161255342,True,True", "9,-3,1,3,1735689600000001,false,True"),
        ("10.25", "-3"),
        {
            "9,ten,1,3,1735689600000001,false,True": "price is not a number",
            "9,1,nan,3,1735689600000001,false,True": "qty is not finite",
            "9,1,1,1,17356896,false,True": "time is no time in ms or µs",
            "9,1,1,1,1735689600000001,maybe,True": "isBuyerMaker is not one of true, false, True, False",
            "9,1,1,1,1735689600000001,false": "not the 7 columns of the table",
        },
        name="ETHUSDT-trades-2025-01-01.csv",
    ),
    "binance aggTrades": Sample(
        "binance",
        "",
        ("8,10.25,0.5,1,2,1723161255342,true", "9,10.5,1,3,3,1735689600000001,false"),
        ("10.25", "10.5"),
        {
            "9,,1,3,3,1735689600000001,false": "price is empty",
            "9.5,10.5,1,3,3,1735689600000001,false": "id is not a whole number",
        },
        name="ETHUSD_PERP-aggTrades-2025-01.csv",
    ),
    "binance klines": Sample(
        "binance",
        "",
        (
            "1735689600000000,9.5,10.25,9.5,10,1,1735689659999999,10,3,1,10,0",
            "1735689660000000,10.5,10.5,10.5,10.5,0,1735689719999999,0,0,0,0,0",
        ),
        ("9.5", "10.5"),
        {
            "1735689660000000,10,9,10,10,0,1735689719999999,0,0,0,0,0": "high is below low",
            "1735689660000000,10,10,10,,0,1735689719999999,0,0,0,0,0": "close is empty",
        },
        name="ETHUSDT-1m-2025-01.csv",
    ),
    "binance capture": Sample(
        "binance",
        "",
        (
            _message("trade", '"s":"ETHUSDT","t":5,"p":"10.25","q":"2","T":1723161255342,"m":true'),
            _message("bookTicker", '"u":9,"s":"ETHUSDT","b":"10","B":"3.5","a":"10.5","A":"1.5"'),
        ),
        ("10.25", "10"),
        {
            _message("trade", '"s":"ETHUSDT","t":5,"p":"ten","q":"2","T":1723161255342,"m":true'): "p is not a number",
            _message("trade", '"s":"ETHUSDT","t":5,"q":"2","T":1723161255342,"m":true'): "p is empty",
            _message("trade", '"s":"ETHUSDT","t":'): "message of stream trade is broken",
            _message("depth", '"b":[["10","2"]]'): "stream depth is not read",
        },
        noise={"": "blank line", "\0": "not a local time and a message of a stream"},
    ),
    "lean trades": Sample(
        "lean",
        "",
        ("34200000,1674100,100,P,20,0", "34200000,1674250,50,,,1"),
        ("1674100", "1674250"),
        {
            "34200000,one,100,P,20,0": "price is not a number",
            "34200000,1674100,,P,20,0": "size is empty",
            "34200000,1674100,100,P,20,2": "suspicious is not one of 0, 1",
            "86400000,1674100,100,P,20,0": "time is none of 2013-10-07",
            "34200000,1674100,100,P,20": "not the 6 columns of the table",
        },
        name="20131007_spy_trade_tick.csv",
        scale=10_000,
    ),
    "lean quotes": Sample(
        "lean",
        "",
        ("1787,1.38727,1.38729", "1787.25,1.387,0"),
        ("1.38727", "1.387"),
        {"1787,1.38727,": "ask is empty", "1787,0,0": "bid and ask are 0", "-1,1,1": "time is none of 2014-05-01"},
        name="20140501_eurusd_tick_quote.csv",
    ),
    "lean bars": Sample(
        "lean",
        "",
        ("60000,611.75,611.75,610,611.5,0.5", "120000,612,612.5,612,612.5,0"),
        ("611.75", "612"),
        {"120000,612,611,612,612,1": "high is below low", "120000,612,612,612,nan,1": "close is not finite"},
        name="20161007_btcusd_minute_trade.csv",
    ),
    "sirca": Sample(
        "sirca",
        "#Instrument,Date,Time,Record Type,Price,Volume,Undisclosed Volume,Value,Qualifiers,Trans ID,Bid ID,Ask ID",
        (
            "BHP,20130205,09:59:54.025,TRADE,10.25,90,,3361.5,AC,0,6230424149651779592,6230424149651747083",
            '"BHP","2013-02-05","09:59:54.025","OFFTR","10.5","90","","3361.5","NX XT","8","1","2"',
            "BHP,05-FEB-2013,09:59:54.025,CANCEL_TRADE,10.75,90,,3361.5,,0,,",
        ),
        ("10.25", "10.5", "10.75"),
        {
            "BHP,20130205,09:59:54.025,ENTER,10,90,0,900,,0,1,": "ENTER tells of an order, not of a trade",
            "BHP,20130205,09:59:54.025,DELETE,,,,,,0,1,": "DELETE tells of an order, not of a trade",
            "BHP,20130205,09:59:54.025,HALT,,,,,,0,,": "Record Type is unknown",
            "BHP,20130205,09:59:54.025,TRADE,10,,,,,0,1,2": "Volume is empty",
            "BHP,20130231,09:59:54.025,TRADE,10,1,,,,0,1,2": "Date and Time are none of Sydney",
        },
    ),
}
_MESSAGES = {
    "1,1,7,18,101000,1": "type says it is no trade",
    "34200.5,4,7,18,101000,2": "direction is not one of -1, 1",
    "86400,4,7,18,101000,1": "time is no time from 1900 to 2199 (s of day)",
    "34200.0000000001,4,7,18,101000,1": "time is not a number of at most nine decimals",
    "34200.5,4,7,18,1e4x,1": "price is not a number",
}
_BAR_FAULTS = {
    "1600000060000,9,11,8,12,1": "high is below low",
    "1600000060000,9,12,11,8,1": "close is not from low to high",
    "1600000060000,13,9,12,8,1": "open is not from low to high",
    "1600000060000,9,9,12,8,-1": "volume is negative",
    "1600000060000,9,,12,8,1": "close is empty",
    "16000000600000000,9,9,12,8,1": "time is no time from 1900 to 2199 (ms)",
}
PRESETS = {
    "taq_trades": Sample(
        "taq_trades",
        "DT,EX,SYMBOL,COND,SIZE,PRICE,CORR",
        ("2018-01-02T10:01:21.479000Z,P,MADE,FTI,2,10.25,0", "2018-01-02T10:01:21.5Z,D,MADE,,3,10.5,8"),
        ("10.25", "10.5"),
        {
            "2018-01-02T10:01:21.5,D,MADE,,3,10.5,8": "DT has no offset",
            "2018-01-02T10:01:21Z,D,,,3,10.5,8": "SYMBOL is empty",
        },
    ),
    "taq_quotes": Sample(
        "taq_quotes",
        "DT,EX,BID,BIDSIZ,OFR,OFRSIZ,SYMBOL",
        ("2018-01-02T09:04:13.125000Z,P,10.25,1,10.5,2,MADE", "2018-01-02T09:04:13.125000Z,T,10.5,,,,MADE"),
        ("10.25", "10.5"),
        {"2018-01-02T09:04:13.125000Z,P,,1,,2,MADE": "BID and OFR are empty"},
    ),
    "lobster": Sample(
        "lobster",
        "",
        ("34200.004241176,4,16113575,18,102500,1", "57599.999999999,5,0,1,99900,-1"),
        ("102500", "99900"),
        _MESSAGES,
        name="MADE_2012-06-21_34200000_57600000_message_10.csv",
        scale=10_000,
    ),
    "lobster_attributed": Sample(
        "lobster_attributed",
        "",
        ("34200.004241176,4,16113575,18,102500,1,null", "57599.999999999,5,0,1,99900,-1,MADE"),
        ("102500", "99900"),
        {f"{line},null": reason for line, reason in _MESSAGES.items()},
        name="MADE_2022-06-21_34200000_57600000_message_10.csv",
        scale=10_000,
    ),
    "cme": Sample(
        "cme",
        "DateTime,Price,Volume",
        ("2013-09-01 17:00:00.083,1640.25,8", "2013-11-03 01:30:00,-3,1"),
        ("1640.25", "-3"),
        {
            "2013-03-10 02:30:00,1640.25,8": "DateTime is no time, or no single one, on the clocks of America/Chicago",
            "2013-09-01 17:00:00Z,1640.25,8": "DateTime is not a date or a time without offset",
            "2013-09-31 17:00:00,1640.25,8": "DateTime is not a date or a time without offset",
            "2013-09-01 17:00:00,1640.25,": "Volume is empty",
        },
        name="NQ_ticks_20130901.csv",
    ),
    "bitfinex": Sample(
        "bitfinex",
        "",
        ("1600000000000,10.25,10,10.5,9.75,3.5", "1600000060000,10.5,10.5,10.5,10.5,0"),
        ("10.25", "10.5"),
        _BAR_FAULTS,
        name="MADEUP_1m_2020.csv",
    ),
    "candlesticks": Sample(
        "candlesticks",
        "ot,ct,o,h,l,c,v",
        ("1600000200000,1600001999999,10.25,10.5,9.75,10,3.5", "1600002000000,1600003799999,10.5,10.5,10.5,10.5,"),
        ("10.25", "10.5"),
        {
            "1600002000000,1600002059999,9,9,9,9,1": "ct is not an interval after ot",
            "1600002000000,,9,9,9,9,1": "ct is empty",
        },
        symbol="MADEUP",
    ),
    "binance_candles": Sample(
        "binance_candles",
        "time,open,high,low,close,volume",
        ("1502942400,10.25,10.5,9.75,10,3.5", "1502944200000,10.5,10.5,10.5,10.5,0"),
        ("10.25", "10.5"),
        {
            "-1,10.5,10.5,10.5,10.5,0": "time is no time from 1900 to 2199 (epoch)",
            "0,9,9,9,9,1": "time is no time from 1900 to 2199 (epoch)",
            "1502944,9,9,9,9,1": "time lies before 1980",
            "7258118400,9,9,9,9,1": "time is no time from 1900 to 2199 (epoch)",
        },
        name="MADEUP_30m_2017.csv",
    ),
    "histdata": Sample(
        "histdata",
        "",
        ("20200101 170000065,1.1212,1.12172,0", "20200701 235959999,1.125,1.1255,0"),
        ("1.1212", "1.125"),
        {"20200101 250000065,1,1,0": "time is no time from 1900 to 2199 (%Y%m%d %H%M%S%3f)"},
        name="DAT_ASCII_EURUSD_T_202001.csv",
    ),
    "histdata_bars": Sample(
        "histdata_bars",
        "",
        ("20200101 170000;1.1212;1.1215;1.121;1.1213;0", "20200101 170100;1.125;1.125;1.125;1.125;0"),
        ("1.1212", "1.125"),
        {
            "20200101 170100;1.125;1.12;1.125;1.125;0": "high is below low",
            "20200101 170100;1;1;1": "not the 6 columns of the table",
        },
        name="DAT_ASCII_EURUSD_M1_2020.csv",
    ),
    "truefx": Sample(
        "truefx",
        "",
        ("EUR/USD,20200101 22:00:00.123,1.1212,1.1215", "EUR/USD,20200101 22:00:01,1.125,"),
        ("1.1212", "1.125"),
        {"EUR/USD,2020-01-01 22:00:00.123,1,1": "time is no time from 1900 to 2199 (%Y%m%d %H:%M:%S%.f)"},
    ),
    "fxcm": Sample(
        "fxcm",
        "timestamp,open,high,low,close",
        ("2012-02-01 00:00:00+00:00,1.575,1.5755,1.5745,1.575", "2012-02-01 00:01:00+00:00,1.5,1.5,1.5,1.5"),
        ("1.575", "1.5"),
        {"2012-02-01 00:00:00,1,1,1,1": "timestamp has no offset"},
        name="gbpusd-m1-bid-2012.csv",
    ),
    "backtesting": Sample(
        "backtesting",
        ",Open,High,Low,Close,Volume",
        ("2017-04-19 09:00:00,1.0716,1.0722,1.07083,1.07219,1413", "2017-04-19 10:00:00,1.5,1.5,1.5,1.5,1"),
        ("1.0716", "1.5"),
        {",1,1,1,1,1": " is empty"},
        name="EURUSD_1h.csv",
    ),
    "yahoo": Sample(
        "yahoo",
        "Date|Open|High|Low|Close|Volume|Dividends|Stock Splits",
        ("2000-08-30|273.5|273.5|273.5|275|0|0|0", "2000-08-31|274.75|278.25|274.75|278.25|5|0.5|2"),
        ("273.5", "274.75"),
        {"2000-09-01|null|null|null|null|null|0|0": "Open is not a number"},
        name="MADE=F.csv",
    ),
    "yahoo with commas": Sample(
        "yahoo",
        "Date,Open,High,Low,Close,Adj Close,Volume",
        ("2000-08-30,273.5,273.5,273.5,275,137.5,0", "2000-08-31,274.75,278.25,274.75,278.25,139.125,5"),
        ("273.5", "274.75"),
        {"2000-09-01,1,1,2,1,1,1": "high is below low"},
        name="MADE.csv",
    ),
    "yahoo with offsets": Sample(
        "yahoo",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits,Capital Gains",
        (
            "2024-01-02 00:00:00-05:00,273.5,273.5,273.5,275,0,0.0,0.0,0.0",
            "2024-07-02 00:00:00-04:00,274.75,278.25,274.75,278.25,5,0.5,2.0,0.0",
        ),
        ("273.5", "274.75"),
        {"2024-07-02 09:30:00-04:00,1,1,1,1,1,0,0,0": "Date is no time from 1900 to 2199 (date)"},
        name="MADE.csv",
    ),
    "yahoo_intraday": Sample(
        "yahoo_intraday",
        "Datetime,Open,High,Low,Close,Volume",
        (
            "2024-01-02 09:30:00-05:00,273.5,273.5,273.5,275,0",
            "2024-01-02 09:35:00-05:00,274.75,278.25,274.75,278.25,5",
        ),
        ("273.5", "274.75"),
        {"1969-12-31 09:30:00-05:00,1,1,1,1,1": "time lies before 1980"},
        name="MADE_5m.csv",
    ),
    "yahoo_download": Sample(
        "yahoo_download",
        "Price,Close,High,Low,Open,Volume",
        ("2024-01-02,275,273.5,273.5,273.5,0", "2024-01-03,278.25,278.25,274.75,274.75,5"),
        ("273.5", "274.75"),
        {
            "Ticker,MADE,MADE,MADE,MADE,MADE": "Open is not a number",
            "Date,,,,,": "Price is no time from 1900 to 2199 (date)",
        },
        name="MADE.csv",
    ),
    "trth_eod": Sample(
        "trth_eod",
        "#RIC,Date[L],Time[L],Type,Qualifiers,Open,High,Low,Last,Volume,Open Interest,Settle,Data Source",
        (
            "MADE.AX,4-Jan-00,,End Of Day,,26.25,26.5,25.75,26,1012586,,,Verified",
            "MADE.AX,31-Dec-14,,End Of Day,,27.5,28,27,27.5,1,7,27.25,Verified",
        ),
        ("26.25", "27.5"),
        {
            "MADE.AX,1-Jan-00,,End Of Day,No Trades,,,,,,,,Verified": "Qualifiers says it is no bar",
            "MADE.AX,4-Jan-00,,Intraday,,26.25,26.5,25.75,26,1012586,,,Verified": "Type says it is no bar",
            "MADE.AX,31-Feb-00,,End Of Day,,9,9,9,9,1,,,": "Date[L] is no time from 1900 to 2199 (%d-%b-%y)",
        },
    ),
    "ig_prices": Sample(
        "ig_prices",
        "",
        (
            "1600000000123,10.25,10.5,10,0.1,1.5,11,9,09:26:40,TRADEABLE,0",
            "1600000001000,10.5,,,,,,,09:26:41,EDIT,1",
        ),
        ("10.25", "10.5"),
        {"1600000000123,,,10,0.1,1.5,11,9,09:26:40,TRADEABLE,0": "BID and OFFER are empty"},
        symbol="MADEUP",
    ),
    "ig_orders": Sample(
        "ig_orders",
        "",
        ("1600000000123,profit,BUY,10,10,100.25,90.25,110.25", "1600000001000,loss,BUY,,,10.5,,"),
        ("100.25", "10.5"),
        {"1600000000123,profit,BUY,10,10,,90,110": "price is empty"},
        symbol="MADEUP",
    ),
    "freqtrade_trades": Sample(
        "freqtrade_trades",
        "timestamp,id,type,side,price,amount,cost",
        ("1570752011620,13519807,None,sell,10.25,23,235.75", "1570752011620,13519808,,buy,10.5,1,10.5"),
        ("10.25", "10.5"),
        {
            "1570752011620,a7,None,sell,1,1,1": "id is not a whole number",
            "1570752011620,7,None,none,1,1,1": "side is not one of buy, sell",
        },
        name="MADE_UP-trades.csv",
    ),
    "freqtrade_candles": Sample(
        "freqtrade_candles",
        "date,open,high,low,close,volume",
        ("2017-11-04T23:02:00Z,10.25,10.5,10,10.5,1", "2017-11-04 23:03:00+00:00,10.5,10.5,10.5,10.5,0"),
        ("10.25", "10.5"),
        {"2017-11-04T23:02:00Z,10.25,10.5,11,10.5,1": "high is below low"},
        name="MADE_UP_UP-1m-futures.csv",
    ),
    "nautilus_trades": Sample(
        "nautilus_trades",
        "timestamp,trade_id,price,quantity,buyer_maker",
        ("2021-01-08T00:00:00.278Z,553287559,10.25,0.5,True", "2021-01-08T00:00:00.31Z,553287560,10.5,1,False"),
        ("10.25", "10.5"),
        {"2021-01-08T00:00:00.278Z,553287559,10.25,0.5,maybe": "buyer_maker is not one of False, false, True, true"},
        name="madeup-trades.csv",
    ),
}
SAMPLES |= PRESETS
READERS = {name: sample for name, sample in SAMPLES.items() if name not in PRESETS or name in ("cme", "histdata_bars")}
"""Samples of every reader; presets have but one, with or without a header."""
every_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())


def _text(sample: Sample, sound: int, end: str = "\n") -> str:
    """The broken lines of a sample, each behind and before sound ones."""
    lines = [sample.header] if sample.header else []
    broken = list(sample.broken)
    for number in range(sound):
        lines.append(sample.sound[number % len(sample.sound)])
        if number < len(broken):
            lines.append(broken[number])
    return end.join(lines) + end


def _file(folder: Path, text: str, name: str = "made_up.csv", packed: bool = True) -> RawFile:
    folder.mkdir(exist_ok=True)
    path = folder / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return RawFile.of(path)


def _read(raw: RawFile, sample: Sample, symbol: str | None = None) -> list[Chunk]:
    return list(get(sample.adapter).read(raw, symbol or sample.symbol))


def _frames(chunks: list[Chunk]) -> dict[str, pl.DataFrame]:
    kinds = {chunk.kind for chunk in chunks}
    return {kind: pl.concat(chunk.frame for chunk in chunks if chunk.kind == kind) for kind in kinds}


def _quarantine(chunks: list[Chunk]) -> pl.DataFrame:
    return pl.concat(chunk.quarantine for chunk in chunks).sort("row")


def test_every_adapter_has_a_sample_and_its_own_name() -> None:
    assert {sample.adapter for sample in SAMPLES.values()} == set(ADAPTERS)
    assert all(adapter.name == name and adapter.summary for name, adapter in ADAPTERS.items())


@every_sample
def test_columns_are_canonical(tmp_path: Path, sample: Sample) -> None:
    always = {"symbol", "ts_event", "seq", "row"}
    for chunk in _read(_file(tmp_path, _text(sample, 50), sample.name), sample):
        schema = dict(schema_of(chunk.kind))
        for name in known_of(chunk.kind) - set(chunk.frame.columns):
            del schema[name]
        schema |= dict.fromkeys(sorted(getattr(get(sample.adapter).declaration, "extra", ())), pl.Float64)
        assert chunk.frame.schema == pl.Schema(schema)
        assert chunk.quarantine.schema == pl.Schema(QUARANTINE)
        assert chunk.frame.select(always & schema.keys()).null_count().sum_horizontal().item() == 0


@every_sample
def test_every_line_is_accounted_for_once(tmp_path: Path, sample: Sample) -> None:
    chunks = _read(_file(tmp_path, _text(sample, 5_000), sample.name), sample)
    assert all(chunk.rows == chunk.frame.height + chunk.quarantine.height for chunk in chunks)
    rows = [row for frame in _frames(chunks).values() for row in frame["row"]] + _quarantine(chunks)["row"].to_list()
    first = 2 if sample.header else 1
    assert sorted(rows) == list(range(first, first + 5_000 + len(sample.broken)))


@every_sample
def test_every_malformed_line_is_quarantined_with_its_reason_and_text(tmp_path: Path, sample: Sample) -> None:
    repeated = {sample.header: "header repeated"} if sample.header else {}
    sample = sample._replace(broken=sample.broken | sample.noise | repeated)
    quarantine = _quarantine(_read(_file(tmp_path, _text(sample, 60), sample.name), sample))
    assert quarantine["text"].to_list() == list(sample.broken)
    for found, wanted in zip(quarantine["reason"], sample.broken.values(), strict=True):
        assert found == wanted or found.startswith(f"{wanted}: ")


@every_sample
def test_a_row_leads_to_its_line(tmp_path: Path, sample: Sample) -> None:
    text = _text(sample, 60)
    for kind, frame in _frames(_read(_file(tmp_path, text, sample.name), sample)).items():
        column = {"trades": "price", "quotes": "bid", "orders": "price"}.get(kind, "open")
        for row, price in frame.select("row", column).iter_rows():
            line = text.split("\n")[row - 1]
            known = sample.prices[sample.sound.index(line)]
            assert known in line
            assert float(known) / sample.scale == price


@every_sample
def test_reading_twice_in_any_packing_gives_the_same(tmp_path: Path, sample: Sample) -> None:
    text = _text(sample, 5_000)
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(sample.name, text)
    windows = "\ufeff" + _text(sample, 5_000, end="\r\n")
    files = [
        _file(tmp_path, text, sample.name),
        _file(tmp_path, text, sample.name),
        _file(tmp_path, text, sample.name, packed=False),
        _file(tmp_path / "windows", windows, sample.name, packed=False),
        RawFile.of(path),
    ]
    first, *others = [_read(raw, sample) for raw in files]
    for other in others:
        for kind, frame in _frames(first).items():
            assert frame.equals(_frames(other)[kind])
        assert _quarantine(first).equals(_quarantine(other))


@every_sample
def test_a_symbol_given_replaces_the_one_in_the_file(tmp_path: Path, sample: Sample) -> None:
    raw = _file(tmp_path, _text(sample, 60), sample.name)
    for kind, frame in _frames(_read(raw, sample, "OTHER")).items():
        assert set(frame["symbol"]) == {"OTHER"}
        assert frame.drop("symbol").equals(_frames(_read(raw, sample))[kind].drop("symbol"))


@every_sample
def test_exactly_one_adapter_fits_and_says_why(tmp_path: Path, sample: Sample) -> None:
    adapter, why = detect(_file(tmp_path, _text(sample, 60), sample.name).path)
    assert (adapter.name, bool(why)) == (sample.adapter, True)


@every_sample
def test_a_file_that_breaks_off_is_refused_by_name(tmp_path: Path, sample: Sample) -> None:
    raw = _file(tmp_path, _text(sample, 5_000), sample.name)
    raw.path.write_bytes(raw.path.read_bytes()[:-12])
    with pytest.raises(BadFile, match="truncated or corrupt") as refusal:
        _read(raw, sample)
    assert refusal.value.culprit == str(raw.path)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_file_of_another_format_is_refused_by_name(tmp_path: Path, name: str) -> None:
    raw = _file(tmp_path, "a,b,c\n1,2,3\n")
    with pytest.raises(BadFile, match="first line is 'a,b,c'") as refusal:
        list(get(name).read(raw, "MADEUP"))
    assert refusal.value.culprit == str(raw.path)


def test_the_recipe_names_all_code_and_whatever_else_decides_how_files_are_read() -> None:
    recipes = {adapter.recipe for adapter in ADAPTERS.values()}
    assert len(recipes) == len(ADAPTERS)
    lseg = replace(ADAPTERS["lseg"])
    assert lseg.recipe in recipes
    assert replace(lseg, declaration="edited").recipe not in recipes
    assert replace(lseg, origin="elsewhere").recipe not in recipes
    assert replace(lseg, read=ADAPTERS["bitflyer"].read).recipe != lseg.recipe


_MEASURE = """
import resource, sys
from pathlib import Path
from random import Random
from trading_ml.adapters import RawFile, get
for path in sys.argv[2:]:
    rows = sum(chunk.rows for chunk in get(sys.argv[1]).read(RawFile(Path(path), "0" * 64), None))
    print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def _peaks(adapter: str, *paths: Path) -> list[tuple[int, int]]:
    """Rows, and the highest resident megabytes so far, after each file in turn, in a process of its own."""
    command = [sys.executable, "-c", _MEASURE, adapter, *map(str, paths)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [(int(rows), int(peak)) for rows, peak in (line.split() for line in told.splitlines())]


def _write(path: Path, parts: Iterator[bytes]) -> Path:
    path.parent.mkdir(exist_ok=True)
    with igzip.open(path, "wb") as file:
        for part in parts:
            file.write(part)
    return path


@pytest.mark.parametrize("sample", READERS.values(), ids=READERS.keys())
def test_memory_does_not_grow_with_the_file(tmp_path: Path, sample: Sample) -> None:
    few = _text(sample, 30).encode()
    more = (("\n".join(sample.sound) + "\n") * 1_000).encode()
    times = 12_000_000 // len(more)
    small = _write(tmp_path / "small" / f"{sample.name}.gz", iter([few, *[more] * times]))
    large = _write(tmp_path / "large" / f"{sample.name}.gz", iter([few, *[more] * times * 20]))
    *_, (rows, before), (many, after) = _peaks(sample.adapter, small, small, small, large)
    assert many > 19 * rows
    assert after - before < 90, "megabytes more, reading 228 megabytes more: allocators settle, rows do not pile up"


def test_one_line_without_end_is_one_quarantined_row_in_bounded_memory(tmp_path: Path) -> None:
    sample = SAMPLES["lseg"]
    few = _text(sample, 30).encode()
    small = _write(tmp_path / "small.csv.gz", iter([few]))
    bomb = _write(tmp_path / "bomb.csv.gz", iter([few, *[bytes(1 << 24)] * 16, b"\n", few.partition(b"\n")[2]]))
    (rows, before), (more, after) = _peaks("lseg", small, bomb)
    assert more == 2 * rows + 1
    assert after - before < 80


def test_no_adapter_fits_what_none_knows_and_two_must_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadFile, match=r"is of no known format \(.*lseg.*\); it begins with 'a,b'"):
        detect(_file(tmp_path, "a,b\n1,2\n", "other.csv").path)
    raw = _file(tmp_path, _text(SAMPLES["lseg"], 5))
    monkeypatch.setitem(ADAPTERS, "double", ADAPTERS["lseg"])
    with pytest.raises(BadFile, match=r"could be lseg \(.*\) and lseg \(.*\); choose with --adapter"):
        detect(raw.path)


def test_an_unknown_adapter_suggests_the_nearest() -> None:
    with pytest.raises(Unknown, match="lsge: unknown adapter; did you mean 'lseg'"):
        get("lsge")


_NOISE = ("\0", "\ufffd", '"', ",", ";", "|", "\n", "\r", "-", "9" * 30, "e", "nan", "inf", " ", ".", "{", "}")


@every_sample
def test_a_garbled_file_is_refused_or_loses_no_line(tmp_path: Path, sample: Sample) -> None:
    chance = Random(sample.adapter)
    for number in range(4):
        text = list(_text(sample, 25))
        for _ in range(4**number):
            at = chance.randrange(len(text))
            text[at : at + chance.choice((0, 1, 3))] = chance.choice(_NOISE)
        raw = _file(tmp_path, "".join(text), sample.name, packed=False)
        try:
            chunks = _read(raw, sample)
        except BadFile:
            continue
        assert all(chunk.rows == chunk.frame.height + chunk.quarantine.height for chunk in chunks)
        lines = "".join(text).count("\n") + (text[-1] != "\n")
        assert sum(chunk.rows for chunk in chunks) in (lines - 1, lines), "a header is no row"
        assert all(chunk.quarantine["reason"].null_count() == 0 for chunk in chunks)
        assert all(chunk.frame["ts_event"].null_count() == 0 for chunk in chunks)

"""`bars` and `ticks` with every kind and option, on files written here; expected values are made by hand."""

from __future__ import annotations

import polars as pl
import pytest

from trading_ml.core.errors import BadParams
from trading_ml.ticks import Ticks

HEAD = "#RIC,Date-Time,Type,Price,Volume,Bid Price,Bid Size,Ask Price,Ask Size\n"
TRADES = [("09:00:00", 10.0, 100), ("09:00:30", 12.0, 50), ("09:02:10", 11.0, 150), ("20:00:00", 13.0, 10)]
QUOTES = [("09:00:00", 9.0, 11.0), ("09:00:40", 10.0, 14.0)]


@pytest.fixture
def listed(cli, tmp_path):
    """A London share's trades and quotes, candles of a coin, and somebody's orders, ingested."""
    lines = [f"ABC.L,2024-03-01T{at}Z,Trade,{price},{size},,,," for at, price, size in TRADES]
    lines += [f"ABC.L,2024-03-01T{at}Z,Quote,,,{bid},1,{ask},1" for at, bid, ask in QUOTES]
    (tmp_path / "a.csv").write_text(HEAD + "\n".join(lines) + "\n")
    minutes = [(60_000 * n, 60_000 * (n + 1) - 1, 1 + n, 3 + n, 1, 2 + n, 10) for n in range(4)]
    rows = [
        ",".join(map(str, (1517443200000 + opens, 1517443200000 + closes, *rest))) for opens, closes, *rest in minutes
    ]
    (tmp_path / "BTCUSDT_1m.csv").write_text("ot,ct,o,h,l,c,v\n" + "\n".join(rows) + "\n")
    answers = [cli("ingest", tmp_path / name) for name in ("a.csv", "BTCUSDT_1m.csv")]
    assert [answer.code for answer in answers] == [0, 0], [answer.err for answer in answers]
    return cli


def bars(cli, *words):
    answer = cli("bars", *words, "--json")
    assert answer.code == 0, answer.err
    return answer.json["bars"]


def test_bars_end_by_time_ticks_volume_or_dollar(listed):
    assert [bar["trades"] for bar in bars(listed, "ABC.L")] == [2, 1, 1]
    assert [bar["trades"] for bar in bars(listed, "ABC.L", "--every", "1d")] == [4]
    assert [bar["trades"] for bar in bars(listed, "ABC.L", "--ticks", 3)] == [3, 1]
    assert [bar["volume"] for bar in bars(listed, "ABC.L", "--volume", 150)] == [150, 150, 10]
    assert bars(listed, "ABC.L", "--dollar", 1600)[0]["trades"] == 2


def test_quotes_fill_session_and_statistics(listed):
    (quoted,) = bars(listed, "ABC.L", "--kind", "quotes", "--statistics", "mean_spread, last_spread")
    assert (quoted["open"], quoted["close"], quoted["mean_spread"], quoted["last_spread"]) == (10, 12, 3, 4)
    filled = bars(listed, "ABC.L", "--fill")
    assert [bar["filled"] for bar in filled[:4]] == [False, True, False, True]
    regular = bars(listed, "ABC.L", "--session", "regular")
    assert [bar["close"] for bar in regular] == [12, 11]


def test_bars_that_files_tell(listed):
    told = bars(listed, "BTCUSDT", "--every", "2m", "--source", "files")
    assert [(bar["open"], bar["high"], bar["close"], bar["volume"]) for bar in told] == [(1, 4, 3, 20), (3, 6, 5, 20)]
    answer = listed("bars", "BTCUSDT", "--every", "2m")
    assert answer.code == 2
    assert "--source files" in answer.err


def test_adjusted_bars_and_parquet(listed, tmp_path, monkeypatch):
    (tmp_path / "facts.yaml").write_text("- {match: '*:ABC.L', splits: [{date: 2024-03-02, ratio: 2}]}\n")
    monkeypatch.setenv("TRADING_ML_INSTRUMENTS", str(tmp_path / "facts.yaml"))
    (raw,) = bars(listed, "ABC.L", "--every", "1d")
    target = tmp_path / "bars.parquet"
    assert listed("bars", "ABC.L", "--every", "1d", "--adjusted", "--output", target, "--json").json["rows"] == 1
    (adjusted,) = pl.read_parquet(target).to_dicts()
    assert (adjusted["high"], adjusted["volume"]) == (raw["high"] / 2, raw["volume"] * 2)


def test_other_rules_change_the_bars_without_another_ingest(listed, tmp_path, monkeypatch):
    assert [bar["trades"] for bar in bars(listed, "ABC.L", "--every", "1d")] == [4]
    (tmp_path / "facts.yaml").write_text(
        "- {match: '*:ABC.L', zone: Europe/London, calendar: XLON, rules: [session]}\n"
    )
    monkeypatch.setenv("TRADING_ML_INSTRUMENTS", str(tmp_path / "facts.yaml"))
    (tmp_path / "a.csv").unlink()
    assert [bar["trades"] for bar in bars(listed, "ABC.L", "--every", "1d")] == [3]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--every", "1x"), ("--every",)),
        (("--every", "1m", "--ticks", "5"), ("exactly one of every, ticks",)),
        (("--ticks", "0"), ("--ticks", "greater than 0")),
        (("--volume", "-1"), ("--volume",)),
        (("--kind", "quote"), ("--kind", "quotes")),
        (("--session", "regulr"), ("--session", "regular")),
        (("--statistics", "signed_volum"), ("--statistics", "signed_volume")),
        (("--kind", "quotes", "--statistics", "signed_volume"), ("signed_volume", "trades")),
        (("--ticks", "5", "--fill"), ("fill",)),
        (("--output", "bars.xls"), ("--output",)),
    ],
)
def test_what_cannot_be_asked_for_names_the_option(cli, words, said):
    answer = cli("bars", "ABC.L", *words)
    assert answer.code == 2
    for word in said:
        assert word in answer.err.splitlines()[-1]


def test_quotes_orders_and_told_bars_are_looked_at_like_trades(listed, tmp_path):
    assert listed("ticks", "ABC.L", "--kind", "quotes", "--json").json["rows"] == 2
    told = listed("ticks", "BTCUSDT", "--kind", "bars_1m", "--from", "2018-02-01T00:02", "--json").json
    assert [tick["open"] for tick in told["ticks"]] == [3, 4]
    assert listed("ticks", "BTCUSDT", "--kind", "bars_1m", "--at", 2, "--json").json["fields"]["o"] == "3"
    order = "1521504000000,L,buy,10,20,1.5,1.4,1.7\n"
    (tmp_path / "orders.csv").write_text(order * 3)
    assert listed("ingest", tmp_path / "orders.csv", "--adapter", "ig_orders", "--symbol", "EURUSD").code == 0
    orders = listed("ticks", "EURUSD", "--kind", "orders", "--json").json
    assert orders["ticks"][0]["loss_or_profit"] == "L"
    answer = listed("ticks", "ABC.L", "--kind", "bars_5m")
    assert answer.code == 2
    assert "bars_1m" in answer.err


def test_bars_from_files_have_no_drawing_and_no_bars_around_them(listed, root):
    told = Ticks.open("BTCUSDT", kind="bars_1m", data=root)
    assert (len(told), told[1]["close"], told[1:3].height) == (4, 3, 2)
    with pytest.raises(BadParams, match="bars_1m: has no bars"):
        told.get_bars(0, 1, "minute")
    with pytest.raises(BadParams, match="no drawing"):
        told.display()

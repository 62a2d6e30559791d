"""`ingest`, `ticks` and `bars` on small files written here and on real ones."""

from __future__ import annotations

import csv
import gzip
import signal

from trading_ml.ticks import parts

HEAD = "#RIC,Date-Time,Type,Price,Volume,Qualifiers\n"
ROWS = [
    "ABC.L,2024-03-01T09:00:00.000000001Z,Trade,10.5,100,",
    "ABC.L,2024-03-01T09:00:59.999999999Z,Trade,10.7,50,",
    "ABC.L,2024-03-01T09:01:00.000000000Z,Trade,10.6,20,",
    "ABC.L,not a time,Trade,10.6,20,",
    "ABC.L,2024-03-01T09:01:30Z,Trade,,20,",
]


def small(path):
    path.write_bytes(gzip.compress((HEAD + "\n".join(ROWS) + "\n").encode(), mtime=0))
    return path


def test_every_row_is_accounted_for(cli, tmp_path):
    answer = cli("ingest", small(tmp_path / "a.csv.gz"), "--json")
    (upload,) = answer.json["uploads"]
    assert answer.code == 0
    assert {
        key: upload[key] for key in ("adapter", "symbol", "rows", "kept", "quarantined", "duplicates", "dates")
    } == {
        "adapter": "lseg",
        "symbol": "ABC.L",
        "rows": 5,
        "kept": 3,
        "quarantined": 2,
        "duplicates": 0,
        "dates": ["2024-03-01"],
    }
    assert sum(upload["reasons"].values()) == 2


def test_the_options_that_hold_everywhere_may_stand_anywhere(cli, tmp_path):
    other = tmp_path / "other"
    assert cli("ingest", small(tmp_path / "a.csv.gz"), "--data", other).code == 0
    first = cli("--json", "ticks", "ABC.L", "--data", other).json
    assert first == cli("ticks", "ABC.L", f"--data={other}", "--json").json
    assert first["rows"] == 3


def test_ticks_lead_back_to_the_raw_line(cli, tmp_path):
    cli("ingest", small(tmp_path / "a.csv.gz"))
    ticks = cli("ticks", "ABC.L", "--from", "2024-03-01T09:00:30", "--json").json["ticks"]
    lines = (HEAD + "\n".join(ROWS)).splitlines()
    assert [lines[tick["row"] - 1].split(",")[3] for tick in ticks] == ["10.7", "10.6"]
    assert [tick["price"] for tick in ticks] == [10.7, 10.6]


def test_ticks_from_before_the_first_date_of_the_settings(cli, tmp_path):
    (tmp_path / "old.csv").write_text(HEAD + ROWS[0].replace("2024-", "1998-") + "\n")
    assert cli("ingest", tmp_path / "old.csv", "--json").json["uploads"][0]["dates"] == ["1998-03-01"]


def test_one_tick_comes_with_its_raw_line(cli, tmp_path):
    cli("ingest", small(tmp_path / "a.csv.gz"))
    packet = cli("ticks", "ABC.L", "--at", 1, "--json").json
    assert (packet["line"], packet["text"]) == (3, ROWS[1])
    assert packet["fields"]["Volume"] == "50"
    (tmp_path / "a.csv.gz").write_bytes(b"another")
    assert cli("ticks", "ABC.L", "--at", 1).code == 2


def test_qualifiers_are_searched(cli, tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + "\n".join([ROWS[0] + "ODD[X]", ROWS[1], ROWS[2] + "ODD[Y]"]) + "\n")
    cli("ingest", tmp_path / "a.csv")
    found = cli("ticks", "ABC.L", "--search", "ODD", "--json").json
    assert found["count"] == 2
    assert [tick["position"] for tick in found["ticks"]] == [0, 2]
    assert cli("ticks", "ABC.L", "--search", "EVEN", "--json").json["count"] == 0


def test_bars_are_exported(cli, tmp_path):
    cli("ingest", small(tmp_path / "a.csv.gz"))
    answer = cli("bars", "lseg:ABC.L", "--every", "1m", "--output", tmp_path / "bars.csv", "--json")
    assert answer.json["rows"] == 2
    with (tmp_path / "bars.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(float(r["open"]), float(r["close"]), float(r["volume"])) for r in rows] == [
        (10.5, 10.7, 150),
        (10.6, 10.6, 20),
    ]
    assert cli("bars", "ABC.L", "--every", "1h", "--json").json["bars"][0]["trades"] == 3


def test_real_files_are_accounted_for(cli, market_data):
    files = sorted(market_data.glob("bitflyer_btcjpy_ticks/*.execution.*"))
    files += sorted(market_data.glob("lseg_tick_history/ABF.L*"))
    answer = cli("ingest", *files, "--json")
    counted = [(u["rows"], u["kept"], u["quarantined"], u["duplicates"]) for u in answer.json["uploads"]]
    assert counted == [(143107, 143011, 0, 96), (190036, 190036, 0, 0), (165570, 165570, 0, 0), (6864, 6864, 0, 0)]
    again = cli("ingest", *reversed(files), "--json")
    assert sorted(again.json["uploads"], key=str) == sorted(answer.json["uploads"], key=str)


def test_a_stopped_ingest_says_so_in_one_line_and_goes_on(cli, tmp_path, monkeypatch):
    def stop(*_):
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as during:
        during.setattr(parts.PartWriter, "finish", stop)
        stopped = cli("ingest", small(tmp_path / "a.csv.gz"))
    assert stopped.code == 130
    assert stopped.err.splitlines()[-1].startswith("error: interrupted: what is finished stays")
    assert "Traceback" not in stopped.err
    assert cli("ingest", tmp_path / "a.csv.gz", "--json").json["uploads"][0]["kept"] == 3

"""Bad input: one line that names the culprit, exit code 2, and nothing written."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

GOOD = b"#RIC,Date-Time,Type,Price,Volume\nABC.L,2024-03-01T09:00:00.000000001Z,Trade,10.5,100\n"


def written(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*")) if root.exists() else []


def refused(answer, *said: str) -> None:
    lines = answer.err.strip().splitlines()
    assert answer.code == 2
    assert [line for line in lines if line.startswith("error: ")] == lines[-1:]
    for words in said:
        assert words in lines[-1]
    assert "Traceback" not in answer.err


def test_a_missing_file(cli, root, tmp_path):
    refused(cli("ingest", tmp_path / "gone.csv.gz"), "gone.csv.gz")
    assert not written(root)


def test_an_unknown_adapter_suggests_the_nearest(cli, root, tmp_path):
    (tmp_path / "a.csv").write_bytes(GOOD)
    refused(cli("ingest", tmp_path / "a.csv", "--adapter", "lsag"), "lsag", "lseg")
    assert not written(root)


def test_the_wrong_adapter_says_what_the_file_looks_like(cli, root, tmp_path):
    (tmp_path / "a.csv").write_bytes(GOOD)
    refused(cli("ingest", tmp_path / "a.csv", "--adapter", "bitflyer"), "a.csv", "bitflyer", "lseg")
    assert not written(root)


@pytest.mark.parametrize("content", [b"", gzip.compress(b"")], ids=["plain", "gz"])
def test_an_empty_file(cli, root, tmp_path, content):
    (tmp_path / "a.csv.gz").write_bytes(content)
    refused(cli("ingest", tmp_path / "a.csv.gz"), "a.csv.gz", "empty")
    assert not written(root)


def test_a_truncated_gz(cli, root, tmp_path):
    whole = gzip.compress(GOOD * 5000)
    (tmp_path / "a.csv.gz").write_bytes(whole[: len(whole) // 2])
    refused(cli("ingest", tmp_path / "a.csv.gz"), "a.csv.gz")
    assert not written(root)


def test_a_directory(cli, root, tmp_path):
    refused(cli("ingest", tmp_path), str(tmp_path), "director")
    assert not written(root)


def test_one_bad_file_among_good_ones_stops_all_of_them(cli, root, tmp_path):
    (tmp_path / "a.csv").write_bytes(GOOD)
    refused(cli("ingest", tmp_path / "a.csv", tmp_path / "gone.csv"), "gone.csv")
    assert not written(root)


def test_an_unknown_project_suggests_the_nearest(cli, root):
    refused(cli("project", "run", "volatilty"), "volatilty", "volatility")
    assert not written(root)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("{use: atr, period", "{use: atrr, period"), ("atrr", "'atr'")),
        (("period: 14, window: 100}", "perod: 14, window: 100}"), ("perod", "period")),
        (("training: {epochs", "training: {epoch"), ("training.epoch", "epochs")),
        (("description:", "desciption:"), ("desciption", "description")),
        (("by: date", "by: dates"), ("split",)),
        (("by: date,", "by: date: "), ("is not YAML",)),
    ],
)
def test_a_broken_project_is_named_by_file_line_and_key(cli, root, tmp_path, monkeypatch, change, said):
    text = Path("projects/volatility.yaml").read_text()
    assert change[0] in text
    (tmp_path / "volatility.yaml").write_text(text.replace(*change, 1))
    monkeypatch.setenv("TRADING_ML_PROJECTS", str(tmp_path))
    line = text[: text.index(change[0])].count("\n") + 1
    refused(cli("project", "run", "volatility"), f"volatility.yaml, line {line}", *said)
    assert not written(root)


def test_a_project_without_ticks(cli):
    refused(cli("project", "run", "btc_jpy_volatility"), "bitflyer:BTC_JPY")


def test_a_date_range_without_ticks(cli, tmp_path):
    (tmp_path / "a.csv").write_bytes(GOOD)
    assert cli("ingest", tmp_path / "a.csv").code == 0
    refused(cli("ticks", "ABC.L", "--from", "2025-01-01", "--to", "2025-02-01"), "lseg:ABC.L", "2025-01-01")
    refused(cli("bars", "ABC.L", "--every", "1m", "--from", "2025-01-01"), "lseg:ABC.L")
    words = ("project", "run", "volatility", "--symbols", "ABC.L", "--from", "2025-01-01")
    refused(cli(*words), "2025-01-01", "2024-03-01")
    refused(cli("bars", "ABC.L", "--every", "1x"), "1x")
    refused(cli("ticks", "ABD.L"), "ABD.L", "ABC.L")
    refused(cli("ticks", "ABC.L", "--from", "yesterday"), "yesterday")


def test_with_json_the_error_is_one_object_too(cli, tmp_path):
    answer = cli("ingest", tmp_path / "gone.csv", "--json")
    assert answer.code == 2
    assert "gone.csv" in answer.json["error"]


def test_an_unknown_option_is_bad_input(cli):
    refused(cli("ingest", "--adaptor", "lseg", "x.csv"), "--adaptor")

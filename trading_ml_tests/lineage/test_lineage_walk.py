"""A sample of a real project down to its raw lines, against what plain Python reads in the raw files."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trading_ml.core.errors import BadInput, NoData, OutOfRange, Unknown
from trading_ml.core.lake import Lake
from trading_ml.core.script import load
from trading_ml.lineage import walk
from trading_ml.lineage.text import sections
from trading_ml_tests.lineage.conftest import NAME, PROJECTS, Market

MINUTE = timedelta(minutes=1)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("000Z", "Z"))


def executed(path: Path) -> list[tuple[int, datetime, dict[str, str], str]]:
    """Line, moment, fields and text of every execution of a raw file, in the order of their ids."""
    with gzip.open(path, "rt", newline="") as file:
        lines = file.read().splitlines()
    rows = [
        (at, fields, text) for at, (fields, text) in enumerate(zip(csv.DictReader(lines), lines[1:], strict=True), 2)
    ]
    told = [(at, datetime.fromisoformat(f["exec_date"]), f, text) for at, f, text in rows if f["exec_date"]]
    return sorted(told, key=lambda row: int(row[2]["id"]))


@pytest.fixture(scope="session")
def prediction(market: Market) -> dict[str, Any]:
    """The walk from a sample of the test part; what it returns survives JSON."""
    number = int(market.dataset.indices("test")[500])
    return json.loads(json.dumps(walk(market.lake, f"{market.project.name}#{number}"), allow_nan=False))


def test_a_sample_leads_down_to_its_raw_lines(market: Market, prediction: dict[str, Any]) -> None:
    sample, ticks = prediction["sample"], prediction["ticks"]
    closes = moment(sample["ts"])
    assert moment(ticks["bar"]["ts_close"]) == closes
    (path,) = [path for path in market.raw if ticks["partition"].replace("-", "") in path.name]
    inside = [row for row in executed(path) if closes - MINUTE <= row[1] < closes]
    prices = [float(fields["price"]) for _, _, fields, _ in inside]
    bar = (prices[0], max(prices), min(prices), prices[-1], len(prices))
    assert tuple(ticks["bar"][name] for name in ("open", "high", "low", "close", "trades")) == bar
    assert (ticks["count"], ticks["passed_over"]) == (len(inside), 0)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert ticks["uploads"] == [{"upload": sha256[:16], "ticks": len(inside), "file": str(path), "sha256": sha256}]
    for told, (line, when, fields, text) in ((ticks["first"], inside[0]), (ticks["last"], inside[-1])):
        assert (told["file"], told["line"], told["text"], told["sha256"]) == (str(path), line, text, sha256)
        assert (told["fields"], moment(told["ts_event"])) == (fields, when.astimezone(UTC))
    assert prediction["changes"] == []


def test_a_line_of_a_large_file_is_read_only_when_asked_for(
    market: Market, prediction: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trading_ml.lineage.ticks.LARGE", 1000)
    short, whole = (walk(market.lake, prediction["what"], raw=raw)["ticks"]["first"] for raw in (False, True))
    assert whole == prediction["ticks"]["first"]
    assert (short["file"], short["line"], short["sha256"]) == (whole["file"], whole["line"], whole["sha256"])
    assert (short["text"], short["problem"].partition(":")[0]) == (None, "--raw reads the line")


def test_a_sample_tells_what_it_shows_and_what_it_asks(market: Market, prediction: dict[str, Any]) -> None:
    sample, dataset = prediction["sample"], market.dataset
    row = dataset.samples.row(sample["number"], named=True)
    assert (sample["instrument"], sample["labels"]) == (NAME, {"rises": row["rises"]})
    assert (moment(sample["ts"]), moment(sample["label_end"])) == (row["ts"], row["label_end"])
    assert sample["parts"] == [{"fold": 0, "part": "test"}]
    assert sample["ahead"]["count"] == 5  # the horizon in the project file
    assert moment(sample["ahead"]["last"]) == row["label_end"]
    for feature in sample["features"]:
        (shown,) = dataset.windows(dataset.indices("test")[500:501], feature["name"])
        assert list(feature["values"].values()) == shown[-1].tolist()
        assert feature["window"] == len(shown) == 60
    bars = prediction["bars"]
    assert bars["count"] == len(bars["rows"]) == 60
    (ohlcv,) = dataset.windows(dataset.indices("test")[500:501], "ohlcv")
    assert [bar["close"] for bar in bars["rows"]] == ohlcv[:, 3].astype(float).tolist()  # yen, whole in float32
    assert bars["beside"] == {}


def test_any_bar_of_the_window_has_its_own_ticks(market: Market, prediction: dict[str, Any]) -> None:
    what = f"{market.project.name}:promoted#{prediction['sample']['number']}"
    earlier = walk(market.lake, what, bar=7)
    assert earlier["ticks"]["bar"] == prediction["bars"]["rows"][-8]
    assert earlier["ticks"]["count"] == prediction["bars"]["rows"][-8]["trades"]
    with pytest.raises(OutOfRange, match="looks at 60"):
        walk(market.lake, what, bar=60)
    with pytest.raises(Unknown, match="swing: unknown script that looks at other bars"):
        walk(market.lake, what, on="swing")


def test_the_dataset_tells_scripts_rules_and_raw_files(market: Market) -> None:
    told = walk(market.lake, f"{market.project.name}:{market.dataset.digest[:12]}")
    dataset = told["dataset"]
    assert (dataset["digest"], dataset["params"]["bars"]["every"]) == (market.dataset.digest, "1m")
    assert dataset["days"][NAME] == {"first": "2018-01-21", "last": "2018-01-23", "count": 3}
    scripts = {(script["kind"], script["name"]): script for script in dataset["scripts"]}
    assert set(scripts) == {("feature", n) for n in ("ohlcv", "atr", "swing")} | {("label", "rises")}
    for kind, name in scripts:
        script = scripts[kind, name]
        assert (script["origin"], script["unchanged"]) == ("built-in", True)
        assert script["source"] == load(script["use"], kind).source
        assert Path(script["file"]).name == f"{script['use']}.py"
        assert script["proof"]["passed"]
    assert dataset["rules"] == {NAME: []}  # bitFlyer marks no cancelled or corrected executions
    rows = [gzip.decompress(path.read_bytes()).count(b"\n") - 1 for path in market.raw]
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in market.raw]
    files = [(each["file"], each["sha256"], each["rows"]) for each in told["uploads"]]
    assert files == list(zip(map(str, market.raw), sums, rows, strict=True))
    assert "sample" not in told
    assert [event["event"] for event in told["events"]][-1] == "promoted"


def test_samples_go_by_number_from_either_end_and_by_moment(market: Market, prediction: dict[str, Any]) -> None:
    name, number = market.project.name, prediction["sample"]["number"]
    local = moment(prediction["sample"]["ts"]) + timedelta(hours=9)  # Tokyo, the instrument's zone
    for text in (
        f"{local:%Y-%m-%dT%H:%M}",
        f"BTC_JPY@{prediction['sample']['ts'][:19]}Z",
        number - len(market.dataset.samples),
    ):
        assert walk(market.lake, f"{name}#{text}")["sample"] == prediction["sample"]
    with pytest.raises(OutOfRange, match="it has"):
        walk(market.lake, f"{name}#999999")
    with pytest.raises(NoData, match="the nearest is #0"):
        walk(market.lake, f"{name}#2018-01-01")
    with pytest.raises(BadInput, match="is not a date"):
        walk(market.lake, f"{name}#soon")


def test_what_was_made_anew_since_is_said(market: Market, prediction: dict[str, Any], tmp_path: Path) -> None:
    """On a copy of the lake's files, by links: the same walk after a day's ticks, bars or features went."""
    what, day = f"{market.project.name}#{prediction['sample']['number']}", prediction["ticks"]["partition"]
    copy = Lake(tmp_path)
    for path in (each for each in market.lake.root.rglob("*") if each.is_file()):
        (tmp_path / path.relative_to(market.lake.root)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.relative_to(market.lake.root)).hardlink_to(path)
    assert {**walk(copy, what), "dataset": {}} == {**prediction, "dataset": {}} | {"what": what}
    last = date.fromisoformat(day)
    ticks, bars, features = (
        copy.table(*of) for of in (("ticks", "trades"), ("bars", "1m"), ("features", market.project.name))
    )
    ticks.write(NAME, last, ticks.read(NAME, last).head(-1), "other")
    assert walk(copy, what)["changes"] == [f"ticks of {NAME} on {day} changed since bars 1m were made of them"]
    bars.write(NAME, last, bars.read(NAME, last).with_columns(volume=0.0), "other")
    assert f"bars 1m of {NAME} on {day} changed since features were computed" in walk(copy, what)["changes"]
    features.write(NAME, last, features.read(NAME, last).with_columns(atr=0.0), "other", {"scripts": {}})
    assert f"features of {NAME} on {day} are not those of the dataset any more" in walk(copy, what)["changes"]


def test_the_page_shows_what_a_walk_gives(market: Market) -> None:
    told = walk(market.lake, f"{market.project.name}#2018-01-23T10:00")
    given = [line for heading, lines in sections(told) for line in (heading, *lines)]
    page = (PROJECTS.parent / "docs" / "concepts" / "lineage.md").read_text()
    example = page.partition("\nsample ")[2].partition("\n```")[0]
    for line in f"sample {example}".splitlines():
        pattern = re.escape(re.sub(r"^[├└]── ", "", line)).replace("…", ".*")
        assert any(re.fullmatch(pattern, real) for real in given), line
    assert len([line for heading, lines in sections(told, everything=True) for line in lines]) > len(given) + 50

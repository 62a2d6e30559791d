"""The audit lies beside the dataset, says the same each time, and changes nothing."""

from __future__ import annotations

import json
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from trading_ml.core.errors import BadParams, BadProject, NoData
from trading_ml.datasets import Dataset
from trading_ml.datasets.audit import Audit, AuditParams, audit
from trading_ml.datasets.audit.page import page
from trading_ml.datasets.audit.pictures import pictures
from trading_ml.datasets.audit.view import View
from trading_ml.project import Project, load
from trading_ml_tests.datasets.audit.conftest import BARS, HOME, Market

PROJECT = """\
name: small
instruments: ["simulated:*"]
bars: {every: 1m}
features: {ohlcv: {use: ohlcv, window: 30}}
labels: {rises: {use: atr_rises, period: 14, horizon: 5}}
split: {by: date, validation_from: 2024-01-10, test_from: 2024-01-15}
model: {family: dense, units: [16]}
"""


def test_it_is_kept_beside_the_dataset_and_changes_nothing(honest: Dataset) -> None:
    before = {path.name: path.read_bytes() for path in honest.folder.iterdir()}
    with pytest.raises(NoData, match=f"was not audited; run `trading-ml dataset audit toy {honest.digest[:12]}`"):
        Audit.of(honest)
    told = audit(honest)
    told.keep(honest)
    assert Audit.of(honest) == told
    assert told.dataset == honest.digest
    kept = json.loads((honest.folder / "audit.json").read_text())
    assert kept["passed"] is True
    assert {name: (honest.folder / name).read_bytes() for name in before} == before
    assert Dataset.open(honest.lake, "toy", honest.digest).digest == honest.digest


def test_same_dataset_same_bytes(market: Market, honest: Dataset) -> None:
    audit(honest).keep(honest)
    before = {path.name: path.read_bytes() for path in honest.folder.iterdir()}
    again = Dataset.open(honest.lake, "toy", honest.digest)
    audit(again).keep(again)
    assert {path.name: path.read_bytes() for path in honest.folder.iterdir()} == before


class Reader(HTMLParser):
    """What a page shows, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.tags, self.fetched = "", Counter[str](), []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.fetched += [
            value for name, value in attrs if name in ("src", "href") and not (value or "").startswith("#")
        ]

    def handle_data(self, data: str) -> None:
        self.words += f"{data} "


def test_the_page_says_it_all_and_needs_nothing_else(market: Market) -> None:
    dataset = market.dataset(lambda _, features, labels: (features.with_columns(single=pl.lit(7.5)), labels))
    told = audit(dataset)
    told.keep(dataset)
    text = (dataset.folder / "audit.html").read_text("utf-8")
    read = Reader(text)
    assert read.fetched == []
    assert "url(" not in text
    assert "http" not in text
    for sentence in (finding.sentence for finding in told.findings):
        assert sentence in read.words
    for check in told.made:
        assert check.replace("_", " ") in read.words
    assert read.tags["svg"] == 3  # label balance, drift, samples
    assert read.tags["section"] == len(told.made) + 1
    assert "refused" in read.words


def test_what_users_name_cannot_break_the_page(market: Market) -> None:
    dataset = market.dataset()
    named = audit(dataset).model_dump()
    named["findings"] = [{"check": "leak", "severity": "warn", "sentence": "<script>alert(1)</script> & co"}]
    text = page(dataset, Audit.model_validate(named))
    assert "<script" not in text
    assert "<script>alert(1)</script> & co" in Reader(text).words


def test_labels_and_columns_of_any_kind_are_drawn(market: Market) -> None:
    def told(number: int, features: pl.DataFrame, labels: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        rng = np.random.default_rng(number)
        answers = {"look.move": rng.normal(size=BARS), "look.mood": rng.choice(["calm", "wild"], BARS)}
        return features, labels.with_columns(
            *(pl.Series(name, values) for name, values in answers.items()),
            pl.col("up.label_end").alias("look.label_end"),
        )

    dataset = market.dataset(told, labels={"up": {"use": f"{HOME}:up"}, "look": {"use": f"{HOME}:outlook"}})
    found = audit(dataset)
    drawn = pictures(View(dataset), found)
    assert drawn.keys() == {"balance", "drift", "samples"}
    assert "look.move, mean, 2024-01 to 2024-02" in drawn["balance"]
    for svg in drawn.values():
        assert ElementTree.fromstring(svg).tag == "svg"  # well-formed


def test_balance_by_month_is_what_the_samples_are(honest: Dataset) -> None:
    rows = audit(honest).tables["balance by month"]
    samples = honest.samples
    for row in rows:
        own = [up for ts, up in zip(samples["ts"], samples["up"], strict=True) if f"{ts:%Y-%m}" == row["month"]]
        assert (row["samples"], row["true"], row["false"]) == (len(own), sum(own), len(own) - sum(own))
    assert [row["month"] for row in rows] == ["2024-01", "2024-02"]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"leek": False}, "audit.leek: unknown key; did you mean 'leak'?"),
        ({"drift": {"warn_psy": 1}}, "audit.drift.warn_psy: unknown key; did you mean 'warn_psi'?"),
        ({"filled": {"refuse_share": 2}}, "audit.filled.refuse_share: "),
    ],
)
def test_bad_bounds(section: dict, problem: str) -> None:
    with pytest.raises(BadParams) as caught:
        AuditParams.parse(section, "audit")
    assert str(caught.value).startswith(problem)


def of_file(tmp_path: Path, section: str) -> Project:
    path = tmp_path / "small.yaml"
    path.write_text(PROJECT + section)
    return load(path)


def test_the_section_of_a_project_decides_nothing_of_the_dataset(tmp_path: Path) -> None:
    plain, bounded = of_file(tmp_path, ""), of_file(tmp_path, "audit: {leak: false, filled: {refuse_share: 0.6}}\n")
    assert "leak" not in dict(bounded.audit.checks())
    assert bounded.audit.filled.refuse_share == 0.6
    assert plain.dataset(("simulated:A",)) == bounded.dataset(("simulated:A",))
    with pytest.raises(BadProject, match=r"line 8, audit\.leek: unknown key; did you mean 'leak'"):
        of_file(tmp_path, "audit: {leek: false}\n")

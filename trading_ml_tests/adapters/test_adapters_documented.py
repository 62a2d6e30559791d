"""The page of raw formats: its example is run, and it names every adapter and every key of a mapping."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from trading_ml import adapters
from trading_ml.adapters import RawFile, csv
from trading_ml.adapters.csv import mapping
from trading_ml.adapters.csv.moment import Moment

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "formats.md").read_text("utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return found


def test_the_example_reads_as_the_page_says(tmp_path):
    (tmp_path / "my_feed.mapping.yaml").write_text(block("yaml"))
    path = tmp_path / "widget_2024-03-01.csv"
    path.write_text(block("csv"))
    adapter, _ = adapters.detect(path)
    assert (adapter.name, adapter.source) == ("my_feed", "acme")
    chunks = list(adapter.read(RawFile.of(path), None))
    trades = pl.concat(chunk.frame for chunk in chunks)
    assert trades.select("symbol", "price", "size", "seq", "side", "conditions").rows() == [
        ("WIDGET", 12.34, 100.0, 1, "buy", None),
        ("WIDGET", 12.33, 50.0, 2, "sell", "ODD"),
    ]
    assert trades["ts_event"][0] == datetime(2024, 3, 1, 8, 0, 0, 250_000, UTC)
    (quarantined,) = pl.concat(chunk.quarantine for chunk in chunks).to_dicts()
    assert (quarantined["row"], quarantined["reason"]) == (4, "What says it is no trade: 'HALT'")


def test_every_adapter_has_a_line():
    assert not {name for name in adapters.ADAPTERS if f"| `{name}` |" not in PAGE}
    for preset in csv.presets():
        assert f"| `{preset.name}` | {preset.summary} | {preset.declaration.kind} |" in PAGE


@pytest.mark.parametrize("model", [*mapping.KINDS.values(), Moment, mapping.Symbol, mapping.Interval])
def test_every_key_has_a_line(model):
    assert not {key for key in model.model_fields if f"| `{key}` |" not in PAGE}


@pytest.mark.parametrize("kind", mapping.KINDS)
def test_every_column_is_named(kind):
    columns = mapping.KINDS[kind].model_fields["columns"].annotation.model_fields
    (line,) = re.findall(rf"^\| {kind} \|.*$", PAGE, flags=re.MULTILINE)
    assert not {name for name in columns if f"`{name}`" not in line}

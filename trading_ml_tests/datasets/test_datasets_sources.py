"""What a dataset stands on, other bars included."""

from __future__ import annotations

from trading_ml.datasets.sources import sources
from trading_ml_tests.datasets.conftest import HOME, Tables


def test_rules_are_named_of_every_instrument_whose_bars_enter(tables: Tables) -> None:
    other = {"every": "1m", "instrument": "bitflyer:BTC_JPY"}
    features = {"single": {"use": f"{HOME}:single", "on": other}, "pair": {"use": f"{HOME}:pair", "on": "30m"}}
    found = sources(tables.lake, tables.params(features=features))
    assert list(found["rules"]) == ["bitflyer:BTC_JPY", "test:A", "test:B"]
    assert found["features"]["single"]["on"] == other
    assert found["features"]["pair"]["on"] == {"every": "30m"}
    assert "on" not in found["labels"]["up"]

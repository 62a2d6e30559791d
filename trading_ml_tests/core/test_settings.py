"""Settings come from the environment when asked for, and a mistake names the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from trading_ml.core.errors import BadParams
from trading_ml.core.settings import Settings


def test_the_environment_is_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADING_ML_DATA", raising=False)
    assert Settings().data == Path("data")
    monkeypatch.setenv("TRADING_ML_DATA", "elsewhere")
    assert Settings().data == Path("elsewhere")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("TRADING_ML_WORKERS", "many"), ("TRADING_ML_WORKERS", "0"), ("TRADING_ML_GRANULARITY", "x")],
)
def test_a_mistake_names_the_variable(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadParams) as caught:
        Settings()
    assert caught.value.culprit == variable
    assert repr(value) in caught.value.problem

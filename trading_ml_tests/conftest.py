"""Fixtures every room's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings

settings.register_profile("house", deadline=None)  # a busy machine is no finding
settings.load_profile("house")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty data root of its own."""
    return Lake(tmp_path / "data")


@pytest.fixture(scope="session")
def market_data() -> Path:
    """Real market data, never copied into the project."""
    folder = Settings().market_data
    if not folder.is_dir():
        pytest.skip(f"no market data at {folder}; set TRADING_ML_MARKET_DATA")
    return folder.resolve()

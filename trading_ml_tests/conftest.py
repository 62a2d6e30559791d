"""Fixtures every room's tests share."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings

from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings
from trading_ml.registry import store

settings.register_profile("house", deadline=None)  # a busy machine is no finding
settings.load_profile("house")


@pytest.fixture(scope="session", autouse=True)
def _migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """MLflow's migrations take two CPU-seconds a store: they run for the first one, and the others are copies of it."""
    create, first = store._create, tmp_path_factory.mktemp("mlflow") / "mlflow.db"

    def copied(database: Path, artifacts: str) -> None:
        if not first.exists():
            create(first, "unused")
        shutil.copy(first, database)
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("update experiments set artifact_location = ?", (f"{artifacts}/0",))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_create", copied)
        yield


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

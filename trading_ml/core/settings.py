"""Settings from the environment (`TRADING_ML_…`), read when asked for, never at import."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things are and how much of the machine may be used."""

    model_config = SettingsConfigDict(env_prefix="TRADING_ML_", frozen=True, use_attribute_docstrings=True)

    data: Path = Path("data")
    """Root folder of everything the product writes."""
    projects: Path = Path("projects")
    """Folder of the project files."""
    instruments: Path = Path("instruments.yaml")
    """Reviewed facts about instruments; laid over the packaged ones where the file exists."""
    market_data: Path = Path("../shared/market_data")
    """Real market data that tests and benchmarks read."""
    workers: int = 2
    """Threads for work on independent partitions."""
    granularity: str = "day"
    """Width of a Dagster time partition: day, week, month or year; files in the lake stay daily."""

"""Settings from the environment (`TRADING_ML_…`), read when asked for, never at import."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from trading_ml.core.errors import BadParams
from trading_ml.core.params import explain


class Settings(BaseSettings):
    """Where things are and how much of the machine may be used."""

    model_config = SettingsConfigDict(env_prefix="TRADING_ML_", frozen=True, use_attribute_docstrings=True)

    data: Path = Path("data")
    """Root folder of everything the product writes."""
    projects: Path = Path("projects")
    """Folder of the project files."""
    features: Path = Path("features.yaml")
    """Saved features: scripts with their parameters, shared by projects."""
    instruments: Path = Path("instruments.yaml")
    """Reviewed facts about instruments; laid over the packaged ones where the file exists."""
    market_data: Path = Path("../shared/market_data")
    """Real market data that tests and benchmarks read."""
    workers: int = Field(default=2, ge=1)
    """Threads for work on independent partitions."""
    cluster: str = ""
    """Address of a Dask cluster's scheduler, which does what is done in processes of this machine otherwise."""
    first_date: date = date(2010, 1, 1)
    """Where Dagster's axis of dates begins, unless the lake holds older ticks."""
    granularity: Literal["day", "week", "month", "year"] = "day"
    """Width of a Dagster time partition; files in the lake stay daily."""

    def __init__(self) -> None:
        """Read the environment.

        Raises:
            BadParams: naming the variable that cannot be read.
        """
        try:
            super().__init__()
        except ValidationError as caught:
            key, problem, fix = explain(caught, "", type(self))
            raise BadParams(f"TRADING_ML_{key.upper()}", problem, fix) from None

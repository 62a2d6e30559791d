"""The lake as a Dagster resource: a thin door to `core.lake`."""

import dagster as dg

from trading_ml.core.lake import Lake
from trading_ml.core.settings import Settings


class LakeResource(dg.ConfigurableResource):
    """The data root that assets read and write."""

    root: str

    @classmethod
    def of_settings(cls) -> "LakeResource":
        """The lake at `TRADING_ML_DATA`."""
        return cls(root=str(Settings().data.resolve()))

    def open(self) -> Lake:
        """The lake itself; what killed processes left unfinished is removed."""
        from pathlib import Path

        lake = Lake(Path(self.root))
        lake.sweep()
        return lake

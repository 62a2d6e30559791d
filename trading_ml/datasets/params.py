"""What a dataset is made of: the dataset sections of a project file."""

from __future__ import annotations

from pydantic import Field, field_validator

from trading_ml.bars import BarParams
from trading_ml.core.params import Params
from trading_ml.datasets.samplers import BarClose, SampleParams
from trading_ml.datasets.splits import SplitParams
from trading_ml.features import FeatureUse
from trading_ml.labels import LabelUse

RESERVED = ("instrument", "row", "ts", "label_end", "weight", "date")


class DatasetParams(Params):
    """Everything that decides what is in a dataset; its snapshot lies in the manifest."""

    project: str
    instruments: tuple[str, ...] = Field(min_length=1)
    """`SOURCE:SYMBOL` names, kept sorted: their order makes no difference."""
    bars: BarParams
    features: dict[str, FeatureUse] = Field(min_length=1)
    labels: dict[str, LabelUse] = Field(min_length=1)
    samples: SampleParams = BarClose()
    split: SplitParams

    @field_validator("instruments")
    @classmethod
    def _sorted(cls, instruments: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(instruments)))

    @field_validator("features", "labels")
    @classmethod
    def _plain_names(cls, uses: dict[str, object]) -> dict[str, object]:
        for name in uses:
            if not name.isidentifier() or name in RESERVED:
                raise ValueError(f"'{name}' cannot be a name; use letters, digits and _, and none of {RESERVED}")
        return uses

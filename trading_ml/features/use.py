"""A feature as a project names it."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from trading_ml.core.script import Kind, Use


class FeatureUse(Use):
    """A feature of a project: which script, how many bars of it the model sees, and the script's own parameters.

    Example:
        >>> FeatureUse.parse({"use": "atr", "period": 7, "window": 100}, "features.atr").bound.params
        atr(period=7)
    """

    kind: ClassVar[Kind] = "feature"

    window: int = Field(default=1, ge=1)
    """Bars back that are given to the model, the sample's own included."""

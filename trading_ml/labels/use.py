"""A label as a project names it."""

from __future__ import annotations

from typing import ClassVar

from trading_ml.core.script import Kind, Use


class LabelUse(Use):
    """A label of a project: which script, and the script's own parameters.

    Example:
        >>> LabelUse.parse({"use": "direction", "horizon": 3}, "labels.up").bound.params
        direction(horizon=3, flat_pct=None)
    """

    kind: ClassVar[Kind] = "label"

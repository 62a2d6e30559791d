"""What a project file says about the gate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trading_ml.core.params import Params
from trading_ml.models.baselines import Baseline
from trading_ml.models.pnl import PnlParams

Metric = Literal["roc_auc", "pr_auc", "accuracy", "log_loss", "brier"]


class GateParams(Params):
    """What a version must show on the untouched test part to become champion.

    Example:
        >>> GateParams.parse({"metric": "roc_auc", "min_samples": 500}, "gate").confidence
        0.95
    """

    metric: Metric = "roc_auc"
    """What is compared; of `log_loss` and `brier` less is better."""
    baselines: tuple[Baseline, ...] = Field(default=("majority", "persistence", "logistic_on_last"), min_length=1)
    """The model must be better than each of them beyond sampling error."""
    min_samples: int = Field(default=500, ge=1)
    """Fewest test samples that allow a judgement."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Of the one-sided bound on each advantage, at the first opening of the test part."""


class EvaluationParams(Params):
    """What is looked at beside the gate's metric when the test part is opened.

    Example:
        >>> EvaluationParams.parse({"pnl": {"spread_bps": 5}}, "evaluation").pnl is None
        False
    """

    pnl: PnlParams | None = None
    """Trade by the label: +1 where its second class is likelier than not, else −1; None: do not."""

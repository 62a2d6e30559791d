"""What a project file says about the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from trading_ml.core.errors import BadParams, nearest
from trading_ml.core.params import Params
from trading_ml.models.baselines import BASELINES, Baseline, fits
from trading_ml.models.pnl import PnlParams
from trading_ml.models.source import Kind, Target
from trading_ml.registry.bootstrap import METRICS
from trading_ml.registry.rules import Rules

Metric = Literal["roc_auc", "pr_auc", "accuracy", "balanced_accuracy", "log_loss", "brier", "rmse", "mae"]
Metrics = Annotated[
    Annotated[Metric | None, Tag("tagged-one")] | Annotated[dict[str, Metric], Tag("tagged-each")],
    Discriminator(lambda given: "tagged-each" if isinstance(given, Mapping) else "tagged-one"),
]


class GateParams(Rules):
    """What a version must show on the untouched test part to become champion: some words for all rules, and the rules.

    Example:
        >>> asked = GateParams.parse({"metric": "roc_auc", "support": {"min_recall": 0.1}, "slices": False}, "gate")
        >>> asked.confidence, asked.support.min_recall, asked.slices.on
        (0.95, 0.1, False)
    """

    metric: Metrics = None
    """What is compared, of all labels or label → metric; where nothing is said `roc_auc` of two classes, `log_loss` of
    more, `rmse` of numbers. Of `log_loss`, `brier`, `rmse` and `mae` less is better."""
    baselines: tuple[Baseline, ...] | None = Field(default=None, min_length=1)
    """The model must be better than each of them beyond sampling error; all that fit the label when left out."""
    min_samples: int = Field(default=500, ge=1)
    """Fewest test samples that allow a judgement."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Of the one-sided bounds on advantages and profit, over all openings of the test part together."""

    def metric_for(self, label: str, kind: Kind) -> str:
        """What is compared on a label.

        Raises:
            BadParams: when it does not fit the label's kind.
        """
        given = self.metric.get(label) if isinstance(self.metric, dict) else self.metric
        metric = given or next(iter(METRICS[kind]))
        if metric not in METRICS[kind]:
            problem = f"{metric} does not fit {label}, which is {kind}"
            raise BadParams("gate.metric", problem, f"choose one of {', '.join(METRICS[kind])}")
        return metric

    def baselines_for(self, label: str, kind: Kind) -> tuple[Baseline, ...]:
        """Those to be beaten on a label: of the named ones, or of all, those that fit it.

        Raises:
            BadParams: when none does.
        """
        named = self.baselines or tuple(BASELINES)
        chosen: tuple[Baseline, ...] = tuple(name for name in named if fits(name, kind))
        if not chosen:
            fix = f"add one of {', '.join(name for name in BASELINES if fits(name, kind))}"
            raise BadParams("gate.baselines", f"has none that fits {label}, which is {kind}", fix)
        return chosen

    def check(self, labels: Sequence[Target]) -> None:
        """See that everything named fits some label of a model.

        Raises:
            BadParams: when something does not.
        """
        for label in labels:
            self.metric_for(label.name, label.kind)
            self.baselines_for(label.name, label.kind)
        names = [label.name for label in labels]
        for name in self.metric if isinstance(self.metric, dict) else ():
            if name not in names:
                raise BadParams(f"gate.metric.{name}", "is no label of the model", nearest(name, names))
        for name in self.baselines or ():
            if not any(fits(name, label.kind) for label in labels):
                told = " and ".join(f"{label.name}, which is {label.kind}" for label in labels)
                raise BadParams("gate.baselines", f"{name} does not fit {told}", "leave it out")


class EvaluationParams(Params):
    """What is looked at beside the gate's metric when the test part is opened.

    Example:
        >>> EvaluationParams.parse({"pnl": {"spread_bps": 5}}, "evaluation").pnl is None
        False
    """

    pnl: PnlParams | None = None
    """Trade by the label: +1 where its second class is likelier than not, else −1; None: do not."""

    def traded(self, labels: Sequence[Target]) -> Target | None:
        """The label that is traded by, where any is.

        Raises:
            BadParams: when there is not just one of two classes.
        """
        fit = [label for label in labels if label.kind == "binary"]
        if self.pnl is None:
            return None
        if len(fit) != 1:
            told = ", ".join(f"{label.name} ({label.kind})" for label in labels)
            raise BadParams("evaluation.pnl", f"needs one label of two classes, not {told}", "leave it out")
        return fit[0]

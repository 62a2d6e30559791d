"""What a project run comes to: the version, what it showed, and the gate's answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from trading_ml.core.decimals import decimals
from trading_ml.core.params import Params
from trading_ml.models.baselines import BASELINES
from trading_ml.registry.gate import Verdict

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

JUDGEMENT = "judgement"
POSITIONS = "test/positions.png"
"""Figure of the optimal position against the predicted one, where the project asks for profit and loss."""
COLUMNS = (
    "roc_auc", "pr_auc", "accuracy", "balanced_accuracy", "macro_f1", "precision", "recall", "log_loss", "brier", "ece",
    "rmse", "mae", "r2", "correlation", "rank_correlation", "direction_accuracy",
    "rmse_first", "rmse_last", "mae_first", "mae_last", "pnl_bps",
)  # fmt: skip


class Judgement(Params):
    """Everything an evaluation found, as it is kept with the version."""

    gate_key: str
    """Digest of the gate that judged."""
    verdict: Verdict
    metrics: dict[str, float]
    """`<part>_<metric>` of the model, `<part>_<metric>_<baseline>` of a baseline; of several labels each
    `<part>_<label>_…`."""
    labels: tuple[str, ...] = ()
    """What was judged."""


class Answer(Params):
    """Whether the gate let a version pass."""

    passed: bool
    reasons: tuple[str, ...]
    """Why not; empty when it passed."""


class Result(Params):
    """A registered version; its JSON is that of `project run`."""

    model: str
    """Name of the registered model: the project's."""
    version: int
    alias: str | None
    """`champion`, `candidate`, or none when a newer version took the alias."""
    dataset: str
    """Digest of the dataset."""
    metrics: dict[str, float]
    gate: Answer
    labels: tuple[str, ...] = Field(default=(), exclude=True)
    """What the model answers; not part of the JSON."""

    @classmethod
    def of(cls, version: ModelVersion) -> Result:
        """What is known about a judged version."""
        judgement = Judgement.model_validate_json(version.tags[JUDGEMENT])
        held = [alias for alias in ("champion", "candidate") if alias in version.aliases]
        return cls(
            model=version.name, version=int(version.version), alias=next(iter(held), None),
            dataset=version.tags["dataset"], metrics=judgement.metrics,
            gate=Answer(passed=judgement.verdict.passed, reasons=judgement.verdict.reasons),
            labels=judgement.labels,
        )  # fmt: skip

    def table(self, part: str = "test") -> list[dict[str, Any]]:
        """One row for the model and one for each baseline, of each label; undefined metrics are left out."""
        blocks = comparisons(self.metrics, part, self.labels)
        return [({"label": label} if label else {}) | row for label, rows in blocks.items() for row in rows]


def verdict(version: ModelVersion) -> Verdict:
    """All that the gate found of a judged version."""
    return Judgement.model_validate_json(version.tags[JUDGEMENT]).verdict


def comparisons(metrics: dict[str, float], part: str, labels: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """By label the flat metrics of a part as a table of the model and its baselines; under `""` where there is one."""
    if len(labels) < 2:
        return {"": _comparison(metrics, f"{part}_")}
    return {label: _comparison(metrics, f"{part}_{label}_") for label in labels}


def _comparison(metrics: dict[str, float], start: str) -> list[dict[str, Any]]:
    rows = []
    for name in ("model", *BASELINES):
        suffix = "" if name == "model" else f"_{name}"
        shown = {column: metrics.get(f"{start}{column}{suffix}") for column in COLUMNS}
        rows.append({"": name} | {column: value for column, value in shown.items() if value is not None})
    return [row for row in rows if len(row) > 1]


def markdown(rows: list[dict[str, Any]]) -> str:
    """A table in Markdown."""
    head = list(dict.fromkeys(key for row in rows for key in row))
    lines = [head, ["---"] * len(head)]
    lines += [
        [decimals(cell) if isinstance(cell, float) else str(cell) for cell in (row.get(key, "") for key in head)]
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)

"""Judging a version: the only place where the test part of a dataset is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from trading_ml.core.digest import canonical, digest, file_digest
from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset
from trading_ml.models.evaluate import evaluate
from trading_ml.models.figures import figures, positions
from trading_ml.models.source import Source, Target, part, targets
from trading_ml.models.threshold import ThresholdParams, table
from trading_ml.registry import aliases, openings, trading, trials
from trading_ml.registry.exam import Exam, sit
from trading_ml.registry.gate import Verdict, judge
from trading_ml.registry.known import known
from trading_ml.registry.params import EvaluationParams, GateParams
from trading_ml.registry.report import newest, report
from trading_ml.registry.result import COLUMNS, JUDGEMENT, POSITIONS, Judgement
from trading_ml.registry.runs import Run
from trading_ml.registry.store import LABELS, MODEL_KEY, Registry
from trading_ml.registry.trading import Traded

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


class Asked(Protocol):
    """Where it says what is asked of versions: a project, or an order."""

    @property
    def gate(self) -> GateParams:
        """The rules."""
        ...

    @property
    def evaluation(self) -> EvaluationParams:
        """What is looked at beside."""
        ...

    @property
    def threshold(self) -> ThresholdParams:
        """Where yes begins."""
        ...


HALF = ThresholdParams()
THRESHOLD = "threshold"
"""Tag: by label of two classes the score above which the version answers yes."""


def gate_key(params: GateParams, evaluation: EvaluationParams, threshold: ThresholdParams = HALF) -> str:
    """Digest of what decides a judgement beside model and dataset: parameters and the sources of the gate."""
    room = Path(__file__).parent
    models = room.parent / "models"
    files = [room / f"{name}.py" for name in ("gate", "exam", "bootstrap", "sampling", "known", "permuted")]
    files += sorted((room / "rules").glob("*.py"))
    files += [models / f"{name}.py" for name in ("baselines", "predict", "evaluate", "threshold", "objectives")]
    files += [room / "trading.py", models / "pnl.py"] if evaluation.pnl else []
    return digest(params, evaluation, threshold, [file_digest(file) for file in files])


def judge_version(
    registry: Registry,
    version: ModelVersion,
    source: Source,
    params: GateParams,
    evaluation: EvaluationParams,
    threshold: ThresholdParams = HALF,
) -> Judgement:
    """Evaluate a version on all parts, let the gate decide, and move the aliases.

    The opening of the test part is recorded before it is looked at. The judgement is kept last, so a run that is
    killed on the way judges again, with the same outcome.
    """
    lake, project = registry.lake, registry.project
    labels = targets(source, version.tags[LABELS].split(",") if LABELS in version.tags else None)
    params.check(labels)
    by = evaluation.traded(labels)
    opened = openings.record(lake, project, source.digest, version.tags[MODEL_KEY], _span(source))
    aliases.move(registry, version, aliases.CANDIDATE, "it is judged")
    exams = sit(registry.load(version), source, labels, params)
    trades, exams["test"] = _traded(registry, source, by, evaluation, exams["test"])
    beside = known(registry, version, source, labels, exams, params, threshold)
    verdict = judge(params, exams["test"], opened, trials.count(lake, project, source.digest), beside)
    judgement = Judgement(
        gate_key=gate_key(params, evaluation, threshold), verdict=verdict, labels=tuple(label.name for label in labels),
        metrics=_metrics(exams) | _earned(trades, exams["test"]) | _at_thresholds(exams, verdict, threshold),
    )  # fmt: skip
    told = report(judgement, exams["test"], threshold)
    run = Run(registry.client, str(version.run_id))
    _show(run, version, exams["test"], trades, judgement, told)
    run.text(newest(source, labels, exams["test"], verdict), "test/predictions.md")
    _keep(registry, version, judgement, told)
    return judgement


def rejudge(lake: Lake, project: str, version: str, asked: Asked) -> Judgement:
    """Judge a version again, on the dataset that it was made from, by what is asked of versions now.

    The test part was opened for this model before, so it is not counted again. A version that passes takes the alias
    `champion` from an older one, never from a newer one: what came later and passed is replaced by hand.

    Args:
        lake: The data root.
        project: Its name.
        version: The version's number.
        asked: What has the sections `gate`, `evaluation` and `threshold`: a project, or an order.

    Raises:
        Unknown: when the dataset is gone.
    """
    registry = Registry.open(lake, project)
    found = registry.version(version)
    source = Dataset.open(lake, project, found.tags["dataset"])
    with lake.lock("models", project):
        return judge_version(registry, found, source, asked.gate, asked.evaluation, asked.threshold)


def _span(source: Source) -> tuple[int, int]:
    """Of the test part, from its first sample to its last label's end."""
    starts, ends = source.label_intervals(part(source, "test"))
    return int(starts.min()), int(ends.max())


def _traded(
    registry: Registry, source: Source, label: Target | None, evaluation: EvaluationParams, exams: list[Exam]
) -> tuple[list[Traded], list[Exam]]:
    """Who would have earned what by a label, where one is traded by; and the exams with the model's profit."""
    if label is None or evaluation.pnl is None:
        return [], exams
    by = next(exam for exam in exams if exam.label == label.name)
    indices = source.indices("test")
    trades = trading.traded(registry.lake, source, indices, evaluation.pnl, by.everybody, by.answers)
    return trades, [replace(exam, earned=trading.earned(trades)) if exam is by else exam for exam in exams]


def _metrics(exams: Mapping[str, Sequence[Exam]]) -> dict[str, float]:
    """Flat: `<part>_<metric>` of the model, `<part>_<metric>_<baseline>` of a baseline; `<part>_<label>_…` of several.

    Answers that are not all numbers have none.
    """
    flat = {}
    for name, sat in exams.items():
        for exam in sat:
            for who, told in exam.everybody.items():
                suffix = "" if who == "model" else f"_{who}"
                found = evaluate(exam.answers, told, exam.kind) if np.isfinite(told).all() else {}
                shown = [metric for metric in found if not suffix or metric in COLUMNS]
                flat |= {f"{name}_{_of(exam, sat)}{metric}{suffix}": found[metric] for metric in shown}
    return flat


def _earned(trades: list[Traded], exams: Sequence[Exam]) -> dict[str, float]:
    """Flat: what the totals of the trades come to."""
    found = trading.totals(trades) if trades else {}
    return {f"test_{_of(by, exams)}{name}": found[name] for by in exams if by.earned is not None for name in found}


def _of(exam: Exam, exams: Sequence[Exam], end: str = "_") -> str:
    """What tells a label from the others, where there are any."""
    return f"{exam.label}{end}" if len(exams) > 1 else ""


def _at_thresholds(exams: Mapping[str, list[Exam]], verdict: Verdict, params: ThresholdParams) -> dict[str, float]:
    """Flat: what yes above the chosen threshold comes to, where it is not one half, whose figures are there anyway."""
    if params.rule == "half":
        return {}
    return {
        f"{name}_{_of(exam, sat)}{metric}_at_threshold": float(value)
        for name, sat in exams.items()
        for exam in sat
        if exam.kind == "binary"
        for metric, value in table(exam.answers, exam.model, [verdict.thresholds[exam.label]])[0].items()
    }


def _show(
    run: Run, version: ModelVersion, exams: Sequence[Exam], trades: list[Traded], judgement: Judgement, told: str
) -> None:
    """Metrics, figures and tables, for people who look at the run."""
    run.metrics(judgement.metrics, model=version.model_id)
    for exam in exams:
        if exam.answers.min() < exam.answers.max() and np.isfinite(exam.model).all():
            for name, figure in figures(exam.answers, exam.everybody, exam.kind, exam.classes).items():
                run.figure(figure, f"test/{_of(exam, exams, '/')}{name}.png")
    if trades:
        longest = max(trades, key=lambda each: len(each.moments))
        run.figure(positions(longest.instrument, longest.moments, longest.by), POSITIONS)
    run.text(told, "test/evaluation.md")
    run.text(judgement.model_dump_json(indent=1), "test/judgement.json")


def _keep(registry: Registry, version: ModelVersion, judgement: Judgement, told: str) -> None:
    """Move the alias of a version that passed; then, last, keep the judgement as tags."""
    verdict = judgement.verdict
    champion = registry.champion()
    newest = champion is None or int(champion.version) <= int(version.version)
    if verdict.passed and newest and not aliases.is_retired(version):
        aliases.move(registry, version, aliases.CHAMPION, "the gate let it pass")
    registry.client.update_model_version(registry.project, version.version, description=told)
    registry.tag(
        version,
        {
            "gate": "passed" if verdict.passed else "refused",
            "gate_reasons": "; ".join(verdict.reasons),
            THRESHOLD: canonical(verdict.thresholds),
            JUDGEMENT: judgement.model_dump_json(),
        },
    )

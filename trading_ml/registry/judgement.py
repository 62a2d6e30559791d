"""Judging a version: the only place where the test part of a dataset is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trading_ml.core.digest import digest, file_digest
from trading_ml.models.evaluate import evaluate
from trading_ml.models.figures import figures, positions
from trading_ml.models.source import Source, Target, targets
from trading_ml.registry import aliases, openings, trading
from trading_ml.registry.exam import Exam, sit
from trading_ml.registry.gate import judge
from trading_ml.registry.params import EvaluationParams, GateParams
from trading_ml.registry.result import COLUMNS, JUDGEMENT, POSITIONS, Judgement, comparisons, markdown
from trading_ml.registry.runs import Run
from trading_ml.registry.store import LABELS, MODEL_KEY, Registry
from trading_ml.registry.trading import Traded

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


def gate_key(params: GateParams, evaluation: EvaluationParams) -> str:
    """Digest of what decides a judgement beside model and dataset: parameters and the sources of the gate."""
    room = Path(__file__).parent
    models = room.parent / "models"
    files = [room / "gate.py", room / "exam.py", room / "bootstrap.py"]
    files += [models / "baselines.py", models / "predict.py", models / "evaluate.py"]
    files += [room / "trading.py", models / "pnl.py"] if evaluation.pnl else []
    return digest(params, evaluation, [file_digest(file) for file in files])


def judge_version(
    registry: Registry, version: ModelVersion, source: Source, params: GateParams, evaluation: EvaluationParams
) -> Judgement:
    """Evaluate a version on all parts, let the gate decide, and move the aliases.

    The opening of the test part is recorded before it is looked at. The judgement is kept last, so a run that is
    killed on the way judges again, with the same outcome.
    """
    labels = targets(source, version.tags[LABELS].split(",") if LABELS in version.tags else None)
    params.check(labels)
    by = evaluation.traded(labels)
    count = openings.record(registry.lake, registry.project, source.digest, version.tags[MODEL_KEY])
    aliases.move(registry, version, aliases.CANDIDATE, "it is judged")
    exams = sit(registry.load(version), source, labels, params)
    trades, exams["test"] = _traded(registry, source, by, evaluation, exams["test"])
    verdict, names = judge(params, exams["test"], count), tuple(label.name for label in labels)
    key, metrics = gate_key(params, evaluation), _metrics(exams) | _earned(trades, exams["test"])
    judgement = Judgement(gate_key=key, verdict=verdict, metrics=metrics, labels=names)
    _show(Run(registry.client, str(version.run_id)), version, exams["test"], trades, judgement)
    _keep(registry, version, judgement)
    return judgement


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


def _show(run: Run, version: ModelVersion, exams: Sequence[Exam], trades: list[Traded], judgement: Judgement) -> None:
    """Metrics, figures and tables, for people who look at the run."""
    run.metrics(judgement.metrics, model=version.model_id)
    for exam in exams:
        if exam.answers.min() < exam.answers.max() and np.isfinite(exam.model).all():
            for name, figure in figures(exam.answers, exam.everybody, exam.kind, exam.classes).items():
                run.figure(figure, f"test/{_of(exam, exams, '/')}{name}.png")
    if trades:
        longest = max(trades, key=lambda each: len(each.moments))
        run.figure(positions(longest.instrument, longest.moments, longest.by), POSITIONS)
    run.text(_report(judgement), "test/evaluation.md")
    run.text(judgement.model_dump_json(indent=1), "test/judgement.json")


def _report(judgement: Judgement) -> str:
    verdict = judgement.verdict
    blocks = ["**The gate let it pass.**" if verdict.passed else "**The gate refused it.**"]
    blocks += ["\n".join(f"- {reason}" for reason in verdict.reasons)] if verdict.reasons else []
    for label, rows in comparisons(judgement.metrics, "test", judgement.labels).items():
        blocks += ["#### On the test part" + (f": {label}" if label else ""), markdown(rows)]
    if verdict.advantages:
        blocks += ["#### Advantage over each baseline", markdown([each.model_dump() for each in verdict.advantages])]
    return "\n\n".join([*blocks, f"Models judged on this test part so far: {verdict.openings}."])


def _keep(registry: Registry, version: ModelVersion, judgement: Judgement) -> None:
    """Move the alias of a version that passed; then, last, keep the judgement as tags."""
    verdict = judgement.verdict
    if verdict.passed and not aliases.is_retired(version):
        aliases.move(registry, version, aliases.CHAMPION, "the gate let it pass")
    registry.client.update_model_version(registry.project, version.version, description=_report(judgement))
    registry.tag(
        version,
        {
            "gate": "passed" if verdict.passed else "refused",
            "gate_reasons": "; ".join(verdict.reasons),
            JUDGEMENT: judgement.model_dump_json(),
        },
    )

"""Judging a version: the only place where the test part of a dataset is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from trading_ml.core.digest import digest, file_digest
from trading_ml.models import baselines
from trading_ml.models.evaluate import evaluate
from trading_ml.models.figures import figures, positions
from trading_ml.models.predict import predict
from trading_ml.models.source import Source, binary_target, part
from trading_ml.registry import aliases, openings, trading
from trading_ml.registry.exam import Exam
from trading_ml.registry.gate import judge
from trading_ml.registry.params import EvaluationParams, GateParams
from trading_ml.registry.result import COLUMNS, JUDGEMENT, POSITIONS, Judgement, comparison, markdown
from trading_ml.registry.runs import Run
from trading_ml.registry.store import MODEL_KEY, Registry
from trading_ml.registry.trading import Traded

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

Scores = dict[str, NDArray]


def gate_key(params: GateParams, evaluation: EvaluationParams) -> str:
    """Digest of what decides a judgement beside model and dataset: parameters and the sources of the gate."""
    room = Path(__file__).parent
    models = room.parent / "models"
    files = [room / "gate.py", room / "bootstrap.py", models / "baselines.py"]
    files += [room / "trading.py", models / "pnl.py"] if evaluation.pnl else []
    return digest(params, evaluation, [file_digest(file) for file in files])


def judge_version(
    registry: Registry, version: ModelVersion, source: Source, params: GateParams, evaluation: EvaluationParams
) -> Judgement:
    """Evaluate a version on all parts, let the gate decide, and move the aliases.

    The opening of the test part is recorded before it is looked at. The judgement is kept last, so a run that is
    killed on the way judges again, with the same outcome.
    """
    count = openings.record(registry.lake, registry.project, source.digest, version.tags[MODEL_KEY])
    aliases.move(registry, version, aliases.CANDIDATE, "it is judged")
    scores = _answer(registry.load(version), source, params)
    exam = _exam(source, scores["test"])
    trades = _traded(registry, source, evaluation, scores["test"], exam)
    verdict = judge(params, replace(exam, earned=trading.earned(trades) if trades else None), count)
    metrics = _metrics(source, scores) | _earned(trades)
    judgement = Judgement(gate_key=gate_key(params, evaluation), verdict=verdict, metrics=metrics)
    _show(Run(registry.client, str(version.run_id)), version, source, scores["test"], trades, judgement)
    _keep(registry, version, judgement)
    return judgement


def _answer(model: Any, source: Source, params: GateParams) -> dict[str, Scores]:
    """Probabilities by part and by who gives them; baselines are asked on the test part only."""
    scores = {name: {"model": predict(model, source, part(source, name))} for name in ("train", "validation", "test")}
    for name in params.baselines:
        scores["test"][name] = baselines.fit(name, source)(source.indices("test"))
    return scores


def _exam(source: Source, scores: Scores) -> Exam:
    indices = source.indices("test")
    others = {name: p for name, p in scores.items() if name != "model"}
    label = binary_target(source).name
    answers = source.labels(indices, label).astype(int)
    return Exam(label, "binary", answers, *source.label_intervals(indices), scores["model"], others)


def _metrics(source: Source, scores: Mapping[str, Scores]) -> dict[str, float]:
    """Flat: `<part>_<metric>` of the model, `<part>_<metric>_<baseline>` of a baseline."""
    flat = {}
    for name, given in scores.items():
        answers = source.labels(source.indices(name), binary_target(source).name).astype(int)
        for who, p in given.items():
            suffix = "" if who == "model" else f"_{who}"
            found = evaluate(answers, p)
            flat |= {f"{name}_{metric}{suffix}": found[metric] for metric in found if not suffix or metric in COLUMNS}
    return flat


def _traded(
    registry: Registry, source: Source, evaluation: EvaluationParams, scores: Scores, exam: Exam
) -> list[Traded]:
    """Who would have earned what on the test part, where the project asks."""
    if evaluation.pnl is None:
        return []
    return trading.traded(registry.lake, source, source.indices("test"), evaluation.pnl, scores, exam.answers)


def _earned(trades: list[Traded]) -> dict[str, float]:
    return {f"test_{name}": value for name, value in trading.totals(trades).items()} if trades else {}


def _show(
    run: Run, version: ModelVersion, source: Source, scores: Scores, trades: list[Traded], judgement: Judgement
) -> None:
    """Metrics, figures and tables, for people who look at the run."""
    target, answers = binary_target(source), _exam(source, scores).answers
    run.metrics(judgement.metrics, model=version.model_id)
    if answers.min() < answers.max():
        for name, figure in figures(answers, scores, target.classes or ()).items():
            run.figure(figure, f"test/{name}.png")
    if trades:
        longest = max(trades, key=lambda each: len(each.moments))
        run.figure(positions(longest.instrument, longest.moments, longest.by), POSITIONS)
    run.text(_report(judgement), "test/evaluation.md")
    run.text(judgement.model_dump_json(indent=1), "test/judgement.json")


def _report(judgement: Judgement) -> str:
    verdict = judgement.verdict
    blocks = ["**The gate let it pass.**" if verdict.passed else "**The gate refused it.**"]
    blocks += ["\n".join(f"- {reason}" for reason in verdict.reasons)] if verdict.reasons else []
    blocks += ["#### On the test part", markdown(comparison(judgement.metrics, "test"))]
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

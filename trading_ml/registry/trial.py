"""Trying a set of parameters: a nested run of MLflow that comes to no version and never sees the test part."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trading_ml.core.digest import digest
from trading_ml.core.errors import Refused
from trading_ml.core.lake import Lake
from trading_ml.models.checkpoint import Checkpoints
from trading_ml.models.control import Stopped
from trading_ml.models.objectives import Objective
from trading_ml.models.source import Source
from trading_ml.models.standing import alone, forget
from trading_ml.models.train import train
from trading_ml.models.tuning.pruning import Pruned, Pruning
from trading_ml.models.tuning.trial import Trial
from trading_ml.registry import trials
from trading_ml.registry.beside import completed
from trading_ml.registry.certificates import Clock, certified, certify
from trading_ml.registry.provenance import origin
from trading_ml.registry.register import Order, control, listening
from trading_ml.registry.runs import Run
from trading_ml.registry.store import MODEL_KEY, TRIAL, Registry
from trading_ml.registry.validation import PART, Validation

STATE = "trial_state"
"""Tag: what a trial came to."""
PARENT = "mlflow.parentRunId"
_FILE = "trial.json"
_ONE = threading.Lock()  # training at a time in a process: Keras's seeds are the process's
_held: list[Source] = []  # the dataset that this process read last


@dataclass(frozen=True)
class Trying:
    """What parameters are tried for; it can be pickled, so any executor can run it."""

    parent: str
    """Id of the run in MLflow below which each trial has its own."""
    search: str
    """Which search it is."""
    objectives: tuple[Objective, ...] = ()
    """By what it is judged, beside all metrics of its labels."""
    what: str = "trial"
    """As what it stands on the record of trials."""


def run(
    lake: Lake, order: Order, source: Source, trying: Trying, number: int = 0, pruning: Pruning | None = None
) -> Trial:
    """Train a set of parameters and judge it on the validation part; what was done before is found again.

    It can be called in any process that sees the data root. A trial that was killed goes on in its own run; the same
    parameters in another search, or twice in this one, are not trained again.

    Args:
        lake: The data root.
        order: What is to be trained; its gate is not asked.
        source: The dataset; of its test part nothing is looked at.
        trying: What for.
        number: Which trial of the search it is.
        pruning: Whether it may end early.

    Raises:
        Stopped: when somebody asked it to stop. BadInput: when parameters or objectives do not fit the dataset.
    """
    source, order = _read_before(source), completed(lake, order)
    key = order.key(source)
    with alone(lake, order.project, key), _ONE:
        registry = Registry.make(lake, order.project, order.description)
        registry.settle(key)
        attempt = _Attempt(registry, order, source, trying, pruning, key, f"{trying.search}/{number}")
        return found(registry, key, attempt.name) or attempt.made(number)


def found(registry: Registry, key: str, name: str | None = None) -> Trial | None:
    """The newest trial of this model key that ended, where there is one; `name` (search/number) tells which.

    One that is complete counts only with its certificate.
    """
    asked = f"tags.{MODEL_KEY} = '{key}' and attributes.status = 'FINISHED'"
    for each in registry.client.search_runs([registry.experiment], asked):
        if STATE in each.data.tags and name in (None, each.data.tags.get(TRIAL)):
            trial = Trial.model_validate_json(Path(str(each.info.artifact_uri), _FILE).read_bytes())
            if trial.state != "complete" or certified(registry.lake, registry.project, key):
                return trial
    return None


@dataclass(frozen=True)
class _Attempt:
    """A trial under way."""

    registry: Registry
    order: Order
    source: Source
    trying: Trying
    pruning: Pruning | None
    key: str
    name: str
    course: list[float] = field(default_factory=list)

    def made(self, number: int) -> Trial:
        """It as a run of MLflow: parameters, metrics after each epoch, metrics of the validation part, outcome."""
        lake, order, key = self.registry.lake, self.order, self.source.digest
        tags = order.remembered(self.source) | {PARENT: self.trying.parent, TRIAL: self.name}
        trials.record(lake, order.project, key, self.key, self.trying.what)
        broken = self.registry.broken(self.key, self.name)
        with self.registry.run(f"trial {number}", tags | origin(order.description), order.params(), broken) as run:
            run.dataset(order.project, key, lake.path("datasets", order.project, key[:12]))
            order.given.keep(run)
            trial = self._done_before(run) or self._tried(run)
            run.metrics({**trial.metrics, "seconds": trial.seconds})
            run.text(trial.model_dump_json(indent=1), _FILE)
            self.registry.client.set_tag(run.id, STATE, trial.state)
        return trial

    def _done_before(self, run: Run) -> Trial | None:
        """The same model as another trial, as far as it is known by all that is asked for here."""
        trial = None if self.pruning else found(self.registry, self.key)
        names = [f"{PART}_{each.name}" for each in self.trying.objectives]
        if trial is None or trial.state == "pruned" or (trial.scores and not trial.metrics.keys() >= set(names)):
            return None
        scores = tuple(trial.metrics[name] for name in names) if trial.scores else ()
        return trial.model_copy(update={"run": run.id, "scores": scores})

    def _tried(self, run: Run) -> Trial:
        clock = Clock()
        checkpoints = Checkpoints.at(self.registry.lake, self.order.project, digest(self.key, self.name))
        told: dict[str, Any] = {"model_key": self.key, "run": run.id}
        try:
            told |= self._trained(run, checkpoints, clock)
        except Stopped as stopped:
            fix = f"`trading-ml project tune {self.order.project}` goes on from there"
            raise Stopped(stopped.culprit, stopped.problem, fix) from None
        except Pruned:
            epochs = len(self.course)
            told |= {"state": "pruned", "epochs": epochs, "reason": f"behind earlier trials after epoch {epochs}"}
        except Refused as error:
            told |= {"state": "failed", "reason": str(error)}
        finally:
            forget(self.registry.lake, self.order.project, self.key)
            _clear()
        checkpoints.done()
        return Trial(**told, course=tuple(self.course), seconds=clock.seconds)

    def _trained(self, run: Run, checkpoints: Checkpoints, clock: Clock) -> dict[str, Any]:
        order, objectives = self.order, self.trying.objectives
        with control(self.registry, run, self.source, order, lambda said: None).under_way() as controlled:
            trained = train(
                order.learnt(self.source), order.model, order.training, listening(run, self._listen), checkpoints,
                controlled, self._watch if self.pruning else None, order.donor,
            )  # fmt: skip
        shown = Validation.of(trained.model, self.source, order.labels(self.source))
        scores = tuple(map(shown.score, objectives))
        certify(self.registry.lake, run, self.source, order, trained, shown, clock.cost(order.training.threads))
        named = {f"{PART}_{each.name}": score for each, score in zip(objectives, scores, strict=True)}
        return {
            "state": "complete", "scores": scores, "metrics": shown.metrics() | named,
            "weights": trained.weights_digest, "epochs": len(trained.history),
        }  # fmt: skip

    def _watch(self, model: Any) -> dict[str, float]:
        """The objective as it is after an epoch."""
        objective = self.trying.objectives[0]
        shown = Validation.of(model, self.source, self.order.labels(self.source))
        return {f"val_{objective.name}": shown.score(objective)}

    def _listen(self, epoch: int, metrics: Mapping[str, float]) -> None:
        if self.pruning and (watched := f"val_{self.trying.objectives[0].name}") in metrics:
            self.course.append(metrics[watched])
            if self.pruning.hopeless(tuple(self.course)):
                raise Pruned


def _read_before(source: Source) -> Source:
    """The same dataset as this process knows it, with what it has read of it already."""
    if source not in _held:
        _held[:] = [source]
    return _held[0]


def _clear() -> None:
    """Let go of what Keras keeps of a model that is not needed any more."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()

"""A `fit` of somebody's own, tracked as the product's is: `with trading_ml.run(…) as run`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from trading_ml.core.digest import digest
from trading_ml.core.errors import BadParams, NoData
from trading_ml.core.lake import Lake
from trading_ml.models import runtime
from trading_ml.models.batches import Batches, inputs
from trading_ml.models.conform import by_label, check_answers, check_inputs, check_stored
from trading_ml.models.source import Indices, Source, answers, part, targets
from trading_ml.models.standing import alone
from trading_ml.models.train import weights_digest
from trading_ml.registry import trials
from trading_ml.registry.artifact import log_model
from trading_ml.registry.judgement import judge_version
from trading_ml.registry.provenance import commit, origin
from trading_ml.registry.register import Order
from trading_ml.registry.result import Result
from trading_ml.registry.runs import Run
from trading_ml.registry.store import LABELS, MODEL_KEY, Registry

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

SEEN = ("train", "validation")
"""Parts of a dataset that a run is given."""


@dataclass
class Shown:
    """What a run is given of a dataset: the training and the validation part. The test part is the gate's to open."""

    source: Source
    handed: list[Batches] = field(default_factory=list)
    """Batches that are in use: the callback lets each epoch begin."""

    def indices(self, name: str) -> Indices:
        """The samples of a part.

        Raises:
            BadParams: when it is neither `train` nor `validation`. NoData: when it is empty.
        """
        if name not in SEEN:
            raise BadParams(
                f"part {name}", "is not given to a run", f"known: {', '.join(SEEN)}; run.judge() opens test"
            )
        return part(self.source, name)

    def arrays(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """All windows of a part by feature, shape (samples, window, columns), and all answers by label."""
        chosen = self.indices(name)
        return inputs(self.source, chosen), {t.name: answers(self.source, chosen, t) for t in targets(self.source)}

    def batches(
        self,
        name: str,
        batch_size: int = 512,
        seed: int | None = None,
        features: Iterable[str] | None = None,
        labels: Iterable[str] | None = None,
    ) -> Any:
        """Batches of a part, as `fit` takes them, gathered while training; windows are never all in memory.

        Args:
            name: `train` or `validation`.
            batch_size: Samples in a batch.
            seed: Of a new order in each epoch, which `run.callback` lets begin; without one samples stay in theirs.
            features: Which windows; all by default.
            labels: Which answers; all by default. One comes alone, several by label.
        """
        runtime.start()
        from trading_ml.models.feed import feed

        asked = targets(self.source, labels)
        made = Batches(self.source, self.indices(name), asked, batch_size, seed, features=features)
        self.handed.append(made)
        return feed(made)


@dataclass
class Tracked:
    """A run under way."""

    registry: Registry
    run: Run
    order: Order
    key: str
    """The model key: of this run alone, for nobody else knows what its code comes to."""
    dataset: Shown
    version: ModelVersion | None = None
    """What `register` has made."""

    def log(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log metrics after a step, such as an epoch."""
        self.run.metrics({name: float(value) for name, value in metrics.items()}, step)

    @cached_property
    def callback(self) -> Any:
        """What tells MLflow of every epoch, for the `callbacks` of `fit`; and lets batches begin a new order."""
        import keras

        def begin(epoch: int, logs: Any) -> None:
            for batches in self.dataset.handed:
                batches.begin(epoch)

        end = lambda epoch, logs: self.log(logs or {}, epoch + 1)
        return keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)

    def register(self, model: Any, labels: Iterable[str] | None = None) -> int:
        """Register a Keras model as a version of the project, with the tags that every version has.

        Args:
            model: A functional or sequential model: its inputs are named as features, it answers by label, or with one
                tensor where there is one label.
            labels: What it answers; by default what it says, or all labels of the dataset.

        Returns:
            The version's number.

        Raises:
            BadParams: when it does not fit the dataset, or could not be opened again.
        """
        who, source = f"run of {self.registry.project}", self.dataset.source
        told = _answers(model)
        asked = {each.name: each for each in targets(source, labels or (told if isinstance(told, Mapping) else None))}
        check_inputs(who, [tensor.name for tensor in model.inputs], source.features)
        check_answers(who, by_label(who, told, asked), asked)
        check_stored(who, model)
        logged = log_model(self.registry, self.run, model, source)
        made = {LABELS: ",".join(asked), "weights": weights_digest(model)}
        self.version = self.registry.add(self.run, logged, _tags(self.order, source, self.key) | made)
        return int(self.version.version)

    def judge(self) -> Result:
        """Let the gate judge the version that was registered; the test part is opened, and counted, for it.

        Raises:
            NoData: when none was registered.
        """
        if self.version is None:
            raise NoData(f"run of {self.registry.project}", "has no version yet", "run.register(model) makes one")
        lake, project = self.registry.lake, self.registry.project
        with lake.lock("models", project):
            asked = self.order.gate, self.order.evaluation, self.order.threshold
            judge_version(self.registry, self.version, self.dataset.source, *asked)
            return Result.of(self.registry.version(self.version.version))


def _answers(model: Any) -> Any:
    """What a model gives: by label, or alone; a sequential one does not tell before it has been called."""
    try:
        return model.output
    except AttributeError:
        return model.outputs[0]


@contextmanager
def tracked(lake: Lake, source: Source, order: Order) -> Iterator[Tracked]:
    """A run of MLflow around somebody's own code, which ends as the block does.

    Args:
        lake: The data root.
        source: The dataset.
        order: Whose it is, and how it is to be judged; its model and training are not asked.
    """
    key = digest("tracked", source.digest, uuid4().hex)
    trials.record(lake, order.project, source.digest, key, "own")
    with alone(lake, order.project, key):
        registry = Registry.make(lake, order.project)
        registry.settle(key)
        tags = _tags(order, source, key) | origin(order.description)
        with registry.run(f"own-{key[:8]}", tags, {"model.family": "own"}) as run:
            run.dataset(order.project, source.digest, lake.path("datasets", order.project, source.digest[:12]))
            run.text(order.project_file, "project.yaml")
            if (script := Path(sys.argv[0])).suffix == ".py" and script.is_file():
                run.text(script.read_text("utf-8"), f"code/{script.name}")
            yield Tracked(registry, run, order, key, Shown(source))


def _tags(order: Order, source: Source, key: str) -> dict[str, str]:
    made_by = {f"env.{name}": value for name, value in runtime.environment(order.training.threads).items()}
    tags = {MODEL_KEY: key, "dataset": source.digest, "git_commit": commit(), "project_file": order.project_file}
    return tags | made_by | dict(order.tags)

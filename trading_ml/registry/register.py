"""From a dataset and parameters to a registered, judged version.

Every step finds what an earlier, perhaps killed, run already did: a version with the same model key is not trained
again, a training that was broken off goes on after its last whole epoch, a version that was judged by the same gate is
not judged again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trading_ml.core.digest import digest
from trading_ml.core.errors import NoData
from trading_ml.core.lake import Lake
from trading_ml.models.build import graph_of
from trading_ml.models.checkpoint import Checkpoints
from trading_ml.models.control import Control
from trading_ml.models.families.estimated import Plan
from trading_ml.models.joined import Joined
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.source import Source, Target, targets
from trading_ml.models.standing import Standing, alone, forget, now
from trading_ml.models.threshold import ThresholdParams
from trading_ml.models.train import environment, recipe, train
from trading_ml.models.transfer import Donor
from trading_ml.registry import pictures, trials
from trading_ml.registry.artifact import log_model
from trading_ml.registry.beside import completed
from trading_ml.registry.certificates import Clock, certify
from trading_ml.registry.judgement import gate_key, judge_version
from trading_ml.registry.params import EvaluationParams, GateParams
from trading_ml.registry.provenance import commit, origin
from trading_ml.registry.result import JUDGEMENT, Result
from trading_ml.registry.runs import Given, Run
from trading_ml.registry.store import LABELS, MODEL_KEY, TRAINING, Registry
from trading_ml.registry.validation import Validation

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

OnEpoch = Callable[[int, Mapping[str, float]], None]
OnChange = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What is to be made: the model's part of a project file, and what its version shall remember."""

    project: str
    model: ModelParams
    training: TrainingParams
    gate: GateParams
    evaluation: EvaluationParams = field(default_factory=EvaluationParams)
    threshold: ThresholdParams = field(default_factory=ThresholdParams)
    description: str = ""
    project_file: str = ""
    """Text of the project file."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Further tags, such as `dagster_run_id` and `asset_key`."""
    also: Mapping[str, Source] = field(default_factory=dict)
    """Datasets that are learnt from as well, by project; see `beside.completed`."""
    donor: Donor | None = None
    """The version that weights are taken from."""

    def key(self, source: Source) -> str:
        """The model key: digest of all that decides the weights."""
        told = [source.digest, recipe(graph_of(source, self.model), self.training)]
        return digest(*told, self.besides) if self.besides else digest(*told)

    @property
    def besides(self) -> dict[str, str]:
        """What decides the weights beside dataset and parameters: digests of other datasets, and of first weights."""
        others = {"datasets": ",".join(source.digest for source in self.also.values())} if self.also else {}
        return others | ({"start_from": self.donor.digest} if self.donor else {})

    def learnt(self, source: Source) -> Source:
        """What is learnt from: the dataset, joined with the others."""
        return Joined.of({self.project: source, **self.also}) if self.also else source

    def labels(self, source: Source) -> list[Target]:
        """What the model answers.

        Raises:
            BadParams: when its family does not answer a label of this kind.
        """
        graph = graph_of(source, self.model)
        return graph.checked(source) if isinstance(graph, Plan) else targets(source, graph.labels)

    def remembered(self, source: Source) -> dict[str, str]:
        """Tags of the run and of its version: what they were made from."""
        made_by = {f"env.{name}": value for name, value in environment(self.model, self.training).items()}
        tags = {MODEL_KEY: self.key(source), "dataset": source.digest, "git_commit": commit()}
        tags |= self.besides | ({"start_from.version": self.donor.name} if self.donor else {})
        tags |= {LABELS: ",".join(label.name for label in self.labels(source)), "project_file": self.project_file}
        return tags | made_by | dict(self.tags)

    @property
    def given(self) -> Given:
        """Parameters of model and training, from which the model can be built again."""
        return Given(model=self.model, training=self.training)

    def params(self) -> dict[str, Any]:
        """Parameters of the run: `model.…` and `training.…`."""
        return self.given.flat()


def register(lake: Lake, source: Source, order: Order, on_epoch: OnEpoch = lambda epoch, metrics: None) -> Result:
    """Train, log, register and judge a model; each only if it was not done before.

    Args:
        lake: The data root.
        source: The dataset.
        order: What is to be made.
        on_epoch: Called after each epoch with its number, from 1, and its metrics.

    Raises:
        NoData: when a part of the dataset is empty. BadParams: when gate or evaluation do not fit its labels.
        Refused: when the training diverges. A refusal by the gate is an answer, not an error.
    """
    trained(lake, source, order, on_epoch)
    return judged(lake, source, order)


def trained(
    lake: Lake,
    source: Source,
    order: Order,
    on_epoch: OnEpoch = lambda epoch, metrics: None,
    on_change: OnChange = lambda said: None,
) -> ModelVersion:
    """The first half of `register`: a version that is trained and logged, and perhaps not judged yet.

    Models are trained side by side, but each by one process at a time: a second one waits, and then finds what the
    first has made. Whatever broke off a training, the same call goes on with it, in the same run of MLflow and to the
    same weights.

    Args:
        lake: The data root.
        source: The dataset.
        order: What is to be made.
        on_epoch: Called after each epoch with its number, from 1, and its metrics.
        on_change: Called with a sentence when the training was paused, and when it goes on.

    Raises:
        Stopped: when somebody asked it to stop; besides what `register` raises.
    """
    order = completed(lake, order)
    _ = order.learnt(source)  # before anything is recorded of what cannot be
    order.gate.check(order.labels(source))
    order.evaluation.traded(order.labels(source))
    key = order.key(source)
    with alone(lake, order.project, key):
        registry = Registry.make(lake, order.project, order.description)
        registry.settle(key)
        checkpoints = Checkpoints.at(lake, order.project, key, order.training.keep_checkpoints)
        version = registry.find(key) or _make(registry, source, order, on_epoch, on_change, checkpoints)
        checkpoints.done()
        forget(lake, order.project, key)
        return version


def judged(lake: Lake, source: Source, order: Order) -> Result:
    """The second half of `register`: the gate opens the test part, and only it moves the champion.

    Raises:
        NoData: when the model has not been trained.
    """
    order = completed(lake, order)
    with lake.lock("models", order.project):
        registry = Registry.open(lake, order.project)
        version = registry.find(order.key(source))
        if version is None:
            raise NoData(f"{order.project}, dataset {source.digest[:12]}", "has no trained model", "train it first")
        if not _judged(version, order):
            judge_version(registry, version, source, order.gate, order.evaluation, order.threshold)
        return Result.of(registry.version(version.version))


def _judged(version: ModelVersion, order: Order) -> bool:
    wanted = gate_key(order.gate, order.evaluation, order.threshold)
    return JUDGEMENT in version.tags and json.loads(version.tags[JUDGEMENT])["gate_key"] == wanted


def _make(
    registry: Registry,
    source: Source,
    order: Order,
    on_epoch: OnEpoch,
    on_change: OnChange,
    checkpoints: Checkpoints,
) -> ModelVersion:
    """Train and register; the version appears in one write with all its tags, before its run ends."""
    tags = order.remembered(source)
    name = f"{order.params()['model.family']}-{tags[MODEL_KEY][:8]}"
    broken = registry.broken(tags[MODEL_KEY])
    trials.record(registry.lake, order.project, source.digest, tags[MODEL_KEY])
    with registry.run(name, tags | origin(order.description), order.params(), broken) as run:
        run.dataset(order.project, source.digest, registry.lake.path("datasets", order.project, source.digest[:12]))
        run.text(order.project_file, "project.yaml")
        order.given.keep(run)
        with control(registry, run, source, order, on_change).under_way() as controlled:
            listener, clock = listening(run, on_epoch), Clock()
            learnt, donor = order.learnt(source), order.donor
            trained = train(learnt, order.model, order.training, listener, checkpoints, controlled, donor=donor)
            shown = Validation.of(trained.model, source, order.labels(source))
            certify(registry.lake, run, source, order, trained, shown, clock.cost(order.training.threads))
            pictures.show(run, order.project, graph_of(source, order.model), trained.model)
            logged = log_model(registry, run, trained.model, source)
            made = {"weights": trained.weights_digest, "best_epoch": str(trained.best_epoch)}
            return registry.add(run, logged, {**tags, **made})


def control(registry: Registry, run: Run, source: Source, order: Order, on_change: OnChange) -> Control:
    """Control of the training of a run, which tells MLflow and the caller when it was paused and when it goes on."""

    def tell(standing: Standing) -> None:
        registry.client.set_tag(run.id, TRAINING, standing.sentence if standing.state == "paused" else "under way")
        on_change(standing.sentence)

    standing = Standing(
        project=order.project, key=order.key(source), run=run.id, dataset=source.digest,
        epochs=order.training.epochs, since=now(),
    )  # fmt: skip
    return Control(registry.lake, standing, tell)


def listening(run: Run, on_epoch: OnEpoch) -> OnEpoch:
    """Tell MLflow, unless it knows already, and the caller of each epoch."""
    known = run.steps("loss")

    def tell(epoch: int, metrics: Mapping[str, float]) -> None:
        if epoch not in known:
            run.metrics(metrics, step=epoch)
        on_epoch(epoch, metrics)

    return tell

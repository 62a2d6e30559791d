"""A project file (`projects/<name>.yaml`): the one place where a project is defined, typed room by room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml
from pydantic import Field, field_validator, model_validator

from trading_ml.bars import BarParams
from trading_ml.bars.beside import Wanted, wanted_by
from trading_ml.core.crafted import crafted
from trading_ml.core.document import Document
from trading_ml.core.errors import BadProject, TradingError, Unknown
from trading_ml.core.instruments import pick
from trading_ml.core.lake import Lake
from trading_ml.core.params import Params
from trading_ml.core.script import LABEL_END, Kind
from trading_ml.core.settings import Settings
from trading_ml.datasets.audit import AuditParams
from trading_ml.datasets.dataset import Dataset
from trading_ml.datasets.layout import Layout
from trading_ml.datasets.params import DatasetParams, SplitParams
from trading_ml.datasets.samplers import BarClose, SampleParams
from trading_ml.features import FeatureUse
from trading_ml.labels import LabelUse
from trading_ml.models.build import answer
from trading_ml.models.families.estimated import Plan
from trading_ml.models.form import Blank
from trading_ml.models.graph import Graph
from trading_ml.models.metrics import fitting
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.threshold import ThresholdParams
from trading_ml.models.tuning.params import TuningParams
from trading_ml.models.tuning.space import Space
from trading_ml.registry.params import EvaluationParams, GateParams
from trading_ml.registry.retrain import RetrainParams

if TYPE_CHECKING:
    from trading_ml.registry.tracked import Tracked


class Project(Params):
    """Everything that defines one model: its asset group, its MLflow experiment, its registered name."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Lower-case name, the same as the file's."""
    description: str = ""
    """The question the model answers, in a sentence."""
    instruments: tuple[str, ...] = Field(min_length=1)
    """`SOURCE:SYMBOL` names or patterns (`simulated:*`)."""
    bars: BarParams
    features: dict[str, FeatureUse] = Field(min_length=1)
    labels: dict[str, LabelUse] = Field(min_length=1)
    samples: SampleParams = BarClose()
    split: SplitParams
    audit: AuditParams = AuditParams()
    """What speaks against a dataset; decides nothing about its content."""
    promotion: Literal["automatic", "manual"] = "automatic"
    """Whether a dataset whose audit passes is promoted at once."""
    model: ModelParams
    training: TrainingParams = TrainingParams()
    gate: GateParams = GateParams()
    evaluation: EvaluationParams = EvaluationParams()
    threshold: ThresholdParams = ThresholdParams()
    """Where yes begins, for labels of two classes."""
    tuning: TuningParams | None = None
    """What is searched before the model is trained; nothing is where this is left out."""
    retrain: RetrainParams | None = None
    """How much new data starts a training by itself; none does where this is left out."""

    @property
    def graph(self) -> Graph:
        """The graph of its model."""
        return self.model.graph({name: use.window for name, use in self.features.items()}, self.labels)

    @field_validator("instruments")
    @classmethod
    def _have_a_source(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not all(name.partition(":")):
                raise ValueError(f"'{name}' is not SOURCE:SYMBOL, for example bitflyer:BTC_JPY")
        return names

    @model_validator(mode="after")
    def _model_is_a_graph(self) -> Project:
        try:
            _ = self.graph
        except TradingError as error:
            raise ValueError(str(error)) from error
        return self

    @model_validator(mode="after")
    def _other_bars_can_be(self) -> Project:
        try:
            _ = self.others
        except TradingError as error:
            raise ValueError(str(error)) from None
        return self

    @cached_property
    def others(self) -> tuple[Wanted, ...]:
        """Bars beside the project's own that its features and labels look at."""
        return tuple(wanted_by(self.bars, [*self.features.items(), *self.labels.items()]))

    @property
    def all_bars(self) -> tuple[BarParams, ...]:
        """The project's bars and all kinds of others, each once."""
        return tuple({bars.name: bars for bars in (self.bars, *(other.params for other in self.others))}.values())

    def looks_at(self, instrument: str) -> bool:
        """Whether scripts look at the bars of `instrument` beside those of the project's own ones."""
        return any(other.instrument == instrument for other in self.others)

    def text(self) -> str:
        """The project as a canonical YAML file: what a registered version remembers of it."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)

    def names(self, instrument: str) -> bool:
        """Whether `instrument` is one of the project's."""
        return any(fnmatchcase(instrument, pattern) for pattern in self.instruments)

    def chosen(self, known: Iterable[str], only: Iterable[str] = ()) -> tuple[str, ...]:
        """The project's instruments among the known ones, in the order of the file; `only` takes its place.

        Raises:
            Unknown: when a plain name is not known. BadProject: when a pattern fits nothing.
        """
        names, chosen = sorted(known), []
        for pattern in tuple(only) or self.instruments:
            fits = [name for name in names if fnmatchcase(name, pattern)]
            if not fits and any(sign in pattern for sign in "*?["):
                raise BadProject(
                    f"{self.name}, instruments", f"no ingested instrument fits '{pattern}'", "ingest first"
                )
            chosen += fits or [pick(pattern, names)]
        return tuple(dict.fromkeys(chosen))

    def dataset(self, instruments: tuple[str, ...]) -> DatasetParams:
        """The dataset's part of the project, for the given instruments."""
        return DatasetParams(
            project=self.name, instruments=instruments, bars=self.bars, features=self.features,
            labels=self.labels, samples=self.samples, split=self.split,
        )  # fmt: skip

    def search(self) -> None:
        """See whether all that its search may try can be trained and judged; a BadParams names the key of `tuning`."""
        if self.tuning:
            windows = {name: use.window for name, use in self.features.items()}
            Space(self.tuning, self.model, self.training).fits(windows, list(self.labels))

    def fit(self) -> None:
        """See whether the outputs and metrics of its model fit its labels, which are computed on crafted bars.

        Raises:
            BadParams: naming the node, or the label that its family does not answer.
        """
        form = self.blank()
        if isinstance(self.graph, Plan):
            self.graph.checked(form)
        fitting(self.training.metrics, [answer(name, self.graph, form).kind for name in self.graph.labels.values()])

    def blank(self) -> Blank:
        """What its dataset will look like to a model; which classes a label of texts has, crafted bars have to say."""
        layout, bars = Layout.of(self.dataset(self.instruments)), crafted()
        told = {name: use.bound.evaluate(use.bound.given(bars)) for name, use in self.labels.items()}
        columns = [
            (name, key, column) for name, use in self.labels.items() for key, column in use.bound.names(name).items()
        ]
        return Blank(
            {name: (window.length, window.columns) for name, window in layout.windows.items()},
            [(n, column, self.labels[n].bound.classes_of(told[n][k])) for n, k, column in columns if k != LABEL_END],
        )


def load(path: Path) -> Project:
    """Read and check a project file.

    Raises:
        BadProject: naming the file, the line, the key, and the nearest known key or name.
    """
    document = Document.read(path, "projects/volatility.yaml")
    try:
        project = Project.parse(document.raw, "")
        project.search()
    except TradingError as caught:
        raise document.blamed(caught) from None
    if project.name != path.stem:
        line = document.line("name")
        raise BadProject(f"{path.name}, line {line}, name", f"is '{project.name}'", "name it as the file")
    return project


def find(name: str, folder: Path) -> Project:
    """The project called `name` in `folder`; `name` may also be the path of a project file.

    Raises:
        Unknown: when there is no such file, suggesting the nearest.
    """
    for path in (folder / f"{name}.yaml", Path(name)):
        if path.suffix == ".yaml" and path.is_file():
            return load(path)
    raise Unknown.of("project", name, (p.stem for p in folder.glob("*.yaml")))


@contextmanager
def run(name: str, description: str = "", data: Path | None = None) -> Iterator[Tracked]:
    """Track a `fit` of your own on a project's promoted dataset, as the product's trainings are.

    Args:
        name: The project, or the path of its file.
        description: What is tried, for the run's page in MLflow; the project's question by default.
        data: The data root; that of the settings by default.

    Example:
        >>> with run("volatility", "a loop of my own") as told:  # doctest: +SKIP
        ...     model.fit(told.dataset.batches("train", seed=7), callbacks=[told.callback])
        ...     told.register(model)
    """
    from trading_ml.registry.register import Order
    from trading_ml.registry.tracked import tracked

    project, lake = find(name, Settings().projects), Lake((data or Settings().data).resolve())
    order = Order(
        project=project.name, model=project.model, training=project.training, gate=project.gate,
        evaluation=project.evaluation, threshold=project.threshold, description=description or project.description,
        project_file=project.text(),
    )  # fmt: skip
    with tracked(lake, Dataset.open(lake, project.name), order) as told:
        yield told


def load_all(folder: Path) -> tuple[list[Project], dict[str, TradingError]]:
    """All projects of a folder, and for each broken file its error: one broken project never takes others down."""
    good, broken = [], {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            good.append(load(path))
        except TradingError as error:
            broken[path.stem] = error
    return good, broken


def uses(folder: Path, kind: Kind) -> dict[str, list[str]]:
    """Names of projects by the scripts they use, as their files say: a broken project uses what it names."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            named = (yaml.safe_load(path.read_text("utf-8")) or {}).get(f"{kind}s", {}).values()
            said = [use["use"] for use in named]
        except (yaml.YAMLError, AttributeError, TypeError, KeyError):  # not of a project's form
            continue
        for use in said:
            found.setdefault(str(use), set()).add(path.stem)
    return {use: sorted(projects) for use, projects in found.items()}

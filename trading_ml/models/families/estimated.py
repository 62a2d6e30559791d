"""What every family that scikit-learn fits has."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, SerializeAsAny

from trading_ml.core.digest import digest, file_digest
from trading_ml.core.errors import BadParams
from trading_ml.models.families.choice import Choice
from trading_ml.models.families.family import Scalings
from trading_ml.models.families.sketch import Sketch
from trading_ml.models.form import Form
from trading_ml.models.graph import Graph, Node
from trading_ml.models.source import Target, target

Kind = Literal["binary", "categorical", "numeric"]
ALL: tuple[Kind, ...] = ("binary", "categorical", "numeric")


@dataclass(frozen=True)
class Lesson:
    """Samples to learn from, or to look at while learning."""

    x: NDArray[Any]
    """Shape (samples, inputs)."""
    y: NDArray[Any]
    """Codes of classes; or numbers, of shape (samples,) or (samples, columns)."""
    weights: NDArray[Any] | None
    """What each sample counts, with a mean of 1; None where all count alike."""

    def columns(self) -> list[Lesson]:
        """One lesson for each column of numbers."""
        return [Lesson(self.x, y, self.weights) for y in by_column(self.y)]


class EstimatorParams(Choice):
    """A scikit-learn estimator on flat windows, one for each label."""

    draws: ClassVar[str]
    """What stands between features and labels, in a line."""
    kinds: ClassVar[tuple[Kind, ...]]
    """Labels it answers."""
    several: ClassVar[bool] = True
    """Whether one fit answers several numbers side by side; else there is one for each."""
    double: ClassVar[bool] = False
    """Whether it learns in float64 and not in float32."""
    bytes_per_value: ClassVar[int]
    """Memory that an input of a sample takes while it learns, as measured: copies of scikit-learn's included."""
    otherwise: ClassVar[str] = ""
    """What to take where it cannot answer a label."""

    family: Any
    """Name of the family."""
    inputs: Literal["windows", "last"] = "windows"
    """Whether it is shown all bars of the windows, flat and side by side, or the sample's own bar alone."""
    scale: dict[str, Scalings] = {}
    """Scaling of a feature, or several, by the formulas of the layers; a feature that is not named arrives raw."""
    memory_gb: float = Field(default=2.0, gt=0, allow_inf_nan=False)
    """Gigabytes that the inputs may take while it learns; what takes more is refused."""

    @abstractmethod
    def make(self, kind: Kind, samples: int, seed: int, threads: int) -> Any:
        """The estimator to fit.

        Args:
            kind: The label's.
            samples: How many it is to learn from.
            seed: Of what it draws.
            threads: On which it may learn; the result does not depend on them, but for the last bits.
        """

    @classmethod
    @abstractmethod
    def weights(cls, fitted: Any) -> list[NDArray[Any]]:
        """All arrays that decide the answers of a fitted estimator, in a fixed order."""

    def teach(self, estimator: Any, lesson: Lesson, watched: Lesson) -> None:
        """Fit an estimator to the training samples; `watched` are those of the validation part."""
        estimator.fit(lesson.x, lesson.y, sample_weight=lesson.weights)

    def check(self, target: Target) -> None:
        """Whether it answers a label.

        Raises:
            BadParams: when it does not.
        """
        if target.kind not in self.kinds:
            is_ = "a number" if target.classes is None else f"{len(target.classes)} classes"
            raise BadParams("model.family", f"{self.family} does not answer {target.name}, {is_}", self.otherwise)

    def graph(self, windows: Mapping[str, int], labels: Iterable[str]) -> Plan:
        """What is to be fitted.

        Args:
            windows: Bars that it sees of each feature.
            labels: What it answers.

        Raises:
            BadParams: when it names a feature or a label that is not there.
        """
        windows, labels = self.chosen(windows, labels)
        sketch = Sketch(windows, self.scale)
        flat = sketch.joined(sketch.ready.values())
        nodes: dict[str, Any] = dict(sketch.nodes)
        for label in labels:
            fitted = f"{label.replace('.', '_')}_{self.family}"
            nodes[fitted] = Fit(use=self.family, reads=(flat,), fits=self)
            name = label.replace(".", "_")
            name = f"{name}_out" if name in nodes else name
            nodes[name] = {"use": "output", "label": label, "reads": fitted}
        return Plan(nodes=nodes, params=self)


class Fit(Node):
    """A node that is fitted: not a component of a network, but what scikit-learn makes of the inputs."""

    fits: EstimatorParams

    @property
    def settings(self) -> EstimatorParams:
        """The family's parameters; its scalings are nodes of their own."""
        return self.fits.model_copy(update={"scale": {}})


class Plan(Graph):
    """What is to be fitted for the labels of a project, drawn as any graph."""

    params: SerializeAsAny[EstimatorParams]

    def checked(self, source: Form) -> list[Target]:
        """Its labels, all of which the family answers.

        Raises:
            BadParams: when it does not.
        """
        targets = [target(source, label) for label in self.labels]
        for asked in targets:
            self.params.check(asked)
        return targets

    def recipe(self, seed: int, threads: int, class_weight: Any) -> str:
        """Digest of everything but the dataset that decides the weights, computed without scikit-learn."""
        room = Path(__file__).parents[1]
        parts = [f"estimators/{part}" for part in ("estimator", "gather", "fit")]
        parts += ["families/estimated", f"families/{self.params.family}", "scaling", "weights"]
        decisive = self.params.model_dump(mode="json", exclude={"memory_gb"})
        sources = {part: file_digest(room / f"{part}.py") for part in parts}
        return digest(decisive, list(self.labels), seed, class_weight, sources, environment(threads))


def environment(threads: int) -> dict[str, str]:
    """What beside parameters and data decides the last bits of an estimator."""
    packages = {name: version(name) for name in ("scikit-learn", "scipy", "numpy")}
    return packages | {"threads": str(threads)}


def by_column(values: Any) -> list[NDArray[Any]]:
    """Columns of (samples, columns), or the only one."""
    array = np.asarray(values)
    return [array] if array.ndim == 1 else list(array.T)

"""The space of a search: from values by dotted path to the parameters of a model and its training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from trading_ml.core.errors import BadParams, TradingError, nearest
from trading_ml.models.families import ESTIMATORS, FAMILIES, resolve
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.tuning.params import Axis, Choice, Range, TuningParams
from trading_ml.models.tuning.suggest import as_known, distribution, suggest

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

Values = dict[str, Any]
FAMILY = "model.family"


@dataclass(frozen=True)
class Space:
    """What is searched, around the parameters that a project file gives.

    Example:
        >>> over = {"training.batch_size": {"low": 100, "high": 1000, "log": True}, "model.use_bias": [True, False]}
        >>> tuning = TuningParams.parse({"over": over}, "tuning")
        >>> space = Space(tuning, resolve({"family": "linear"}), TrainingParams())
        >>> model, training = space.params({"training.batch_size": 200, "model.use_bias": False})
        >>> model.use_bias, training.batch_size
        (False, 200)
    """

    tuning: TuningParams
    model: ModelParams
    training: TrainingParams

    def params(self, values: Values) -> tuple[ModelParams, TrainingParams]:
        """The parameters of a trial; of another family than the file's, what both have is kept.

        Raises:
            BadParams: for a path that leads nowhere, suggesting the nearest, or a value that is not allowed there.
        """
        raw = {"model": self.model.model_dump(mode="json"), "training": self.training.model_dump(mode="json")}
        if (family := values.get(FAMILY, raw["model"]["family"])) != raw["model"]["family"]:
            known = (FAMILIES | ESTIMATORS).get(family)
            kept = known.model_fields if known else ()
            raw["model"] = {key: value for key, value in raw["model"].items() if key in kept}
        for path, value in values.items():
            _put(raw, path, value)
        return resolve(raw["model"]), TrainingParams.parse(raw["training"], "training")  # pyright: ignore[reportReturnType]

    def check(
        self, see: Callable[[ModelParams], object] = lambda model: None
    ) -> list[tuple[ModelParams, TrainingParams]]:
        """Try the ends of every range and each choice; gives the parameters they come to.

        Args:
            see: Looks at a model, and raises where it cannot be.

        Raises:
            BadParams: naming the key of `tuning.over`, and what is wrong with it or a value of it.
        """
        found = []
        for path, axis in self.tuning.over.items():
            for before, value in product(self._conditions(path, axis), axis.ends):
                try:
                    found.append(self.params(before | {path: value}))
                    see(found[-1][0])
                except TradingError as error:
                    raise _blamed(path, value, error, before.get(FAMILY)) from None
        return found

    def fits(self, windows: Mapping[str, int], labels: Sequence[str]) -> None:
        """See whether all of it can be trained on a dataset, and judged.

        Args:
            windows: Bars that the dataset shows of each feature.
            labels: Its labels.

        Raises:
            BadParams: naming the key of `tuning`.
        """
        self.check(lambda model: model.graph(windows, labels))
        answered = list(self.model.graph(windows, labels).labels.values())
        for objective in self.tuning.objectives:
            try:
                objective.judged(answered)
            except BadParams as error:
                raise BadParams("tuning.objective", f"{error.culprit} {error.problem}", error.fix) from None

    def ask(self, trial: Trial) -> Values:
        """What a trial of Optuna suggests, parameter after parameter in the order of the file."""
        values: Values = {}
        for path, axis in self.tuning.over.items():
            if self._holds(axis, values):
                values[path] = suggest(trial, path, axis, self._whole(path, axis))
        return values

    def told(self, values: Values) -> tuple[Values, dict[str, BaseDistribution]]:
        """Values of a trial as Optuna knows them, and what they were drawn from."""
        axes = self.tuning.over
        shown = {path: as_known(axes[path], value) for path, value in values.items()}
        return shown, {path: distribution(axes[path], self._whole(path, axes[path])) for path in values}

    def points(self) -> Iterator[Values]:
        """All combinations, the last parameter changing fastest."""
        yield from self._points(list(self.tuning.over.items()), {})

    def _points(self, axes: list[tuple[str, Axis]], values: Values) -> Iterator[Values]:
        if not axes:
            yield values
            return
        (path, axis), *others = axes
        if not self._holds(axis, values):
            yield from self._points(others, values)
            return
        for value in _grid(axis, self._whole(path, axis)):
            yield from self._points(others, values | {path: value})

    def _holds(self, axis: Axis, values: Values) -> bool:
        """Whether the condition of a parameter is met, by values so far or else by the file."""
        return all(self._at(path, values) in _listed(wanted) for path, wanted in axis.when.items())

    def _at(self, path: str, values: Values) -> Any:
        if path in values:
            return values[path]
        room, _, rest = path.partition(".")
        found: Any = {"model": self.model, "training": self.training}[room].model_dump(mode="json")
        for part in rest.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def _conditions(self, path: str, axis: Axis) -> list[Values]:
        """All values of others under which a parameter is searched; a parameter of the model, with every family."""
        above = list(self.tuning.over)[: list(self.tuning.over).index(path)]
        for other in axis.when:
            if other not in self.tuning.over and other.partition(".")[0] not in ("model", "training"):
                raise BadParams(f"tuning.over.{path}.when", f"unknown key {other}", nearest(other, above))
            if other in self.tuning.over and other not in above:
                raise BadParams(f"tuning.over.{path}.when", f"{other} does not stand above it", "put it there")
        family = self.tuning.over.get(FAMILY)
        every = {FAMILY: family.ends} if family and path.startswith("model.") and path != FAMILY else {}
        wanted = every | {other: _listed(values) for other, values in axis.when.items()}
        return [dict(zip(wanted, values, strict=True)) for values in product(*wanted.values())]

    def _whole(self, path: str, axis: Axis) -> bool:
        """Whether a range is of whole numbers: its ends are, and the parameter takes no others."""
        if not isinstance(axis, Range) or not all(isinstance(end, int) for end in axis.ends):
            return False
        try:
            self.params(self._conditions(path, axis)[0] | {path: axis.low + 0.5})
        except TradingError:
            return True
        return False


def _put(raw: dict[str, Any], path: str, value: Any) -> None:
    room, _, rest = path.partition(".")
    if room not in raw or not rest:
        raise BadParams(path, "is neither model.… nor training.…", nearest(room, raw))
    *parents, last = path.split(".")
    for part in parents:
        if not isinstance(raw.get(part), dict):  # such as class_weight, which is a word or a mapping
            raw[part] = {}
        raw = raw[part]
    raw[last] = value


def _blamed(path: str, value: Any, error: TradingError, family: Any) -> BadParams:
    """The error about a key of `over`, as short as it can be said."""
    named = error.culprit == path or error.culprit.startswith(f"{path}.")
    problem = error.problem if named else f"{error.culprit} {error.problem}"
    if "unknown key" in problem and family:
        return BadParams(f"tuning.over.{path}", f"unknown key of family {family}", f"add when: {{{FAMILY}: …}}")
    told = "" if repr(value) in problem or "unknown key" in problem else f" (given: {value!r})"
    return BadParams(f"tuning.over.{path}", problem + told, error.fix)


def _grid(axis: Axis, whole: bool) -> tuple[Any, ...]:
    if isinstance(axis, Choice):
        return axis.choices
    assert isinstance(axis, Range)
    assert axis.step is not None
    steps = int((axis.high - axis.low) / axis.step + 1e-9)
    values = (axis.low + number * axis.step for number in range(steps + 1))
    return tuple(values if whole else map(float, values))


def _listed(wanted: Any) -> list[Any]:
    return list(wanted) if isinstance(wanted, list | tuple) else [wanted]

"""A batch: parameters by group, multiplied into the configurations of many models, and the receipt that lists them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from trading_ml.core.digest import digest
from trading_ml.core.errors import BadParams, TradingError, nearest
from trading_ml.core.params import Params
from trading_ml.models.families import ESTIMATORS, FAMILIES
from trading_ml.models.objectives import Objective
from trading_ml.models.params import ModelParams, TrainingParams
from trading_ml.models.tuning.params import TuningParams
from trading_ml.models.tuning.space import FAMILY, Space, Values

Listed = Annotated[
    tuple[Any, ...], Field(min_length=1), BeforeValidator(lambda raw: raw if isinstance(raw, list | tuple) else (raw,))
]
"""One value, or a list of them."""
_FAMILIES = FAMILIES | ESTIMATORS
KeyOf = Callable[[ModelParams, TrainingParams], str]


class BatchParams(Params):
    """A file `projects/batches/<name>.yaml`: what a project's models are trained with, group by group.

    Example:
        >>> groups = {"dense": {"model.units": [[32, 32], [64]], "training.learning_rate": [0.01, 0.001]}}
        >>> batch = BatchParams.parse({"project": "p", "groups": groups}, "batch")
        >>> [config.values["model.units"] for config in batch.configs(FAMILIES["linear"](), TrainingParams())]
        [[32, 32], [32, 32], [64], [64]]
    """

    project: str
    """Whose project file says all that is not said here."""
    description: str = ""
    metric: str = "rmse"
    """By which the models are compared on the validation part, as in `tuning.objective`."""
    parallel: int = Field(default=2, ge=1)
    """How many are trained at once, in processes of their own; makes no difference to what they come to."""
    always: dict[str, Listed] = {}
    """By dotted path (`model.…`, `training.…`) a value or a list of values, in every group whose family has it."""
    groups: dict[str, dict[str, Listed]] = Field(min_length=1)
    """By group the same; a group that is named as a family is of that family, others say `model.family`."""

    @field_validator("metric")
    @classmethod
    def _known(cls, text: str) -> str:
        try:
            objective = Objective.parse(text)
        except BadParams as error:
            raise ValueError(str(error)) from None
        if objective.level is not None:
            raise ValueError("takes no level: models are compared by what every certificate has")
        return text

    def configs(self, model: ModelParams, training: TrainingParams) -> Iterator[Config]:
        """All combinations of each group, those of `always` changing slowest, around the project's parameters.

        Raises:
            BadParams: for a path that leads nowhere or a value that is not allowed, naming the group.
        """
        families = {name: _families(name, own, model.model_dump()["family"]) for name, own in self.groups.items()}
        self._used({family for each in families.values() for family in each})
        for group, own in self.groups.items():
            always = {path: values for path, values in self.always.items() if _has(families[group], path)}
            paths = {FAMILY: families[group]} | always | own
            over = {path: {"choices": list(values)} for path, values in paths.items()}
            space = Space(TuningParams.parse({"over": over, "sampler": "grid"}, f"groups.{group}"), model, training)
            for values in space.points():
                try:
                    yield Config(group, values[FAMILY], values, *space.params(values))
                except TradingError as error:
                    raise BadParams(f"groups.{group}.{error.culprit}", error.problem, error.fix) from None

    def receipt(
        self, name: str, dataset: str, model: ModelParams, training: TrainingParams, key_of: KeyOf
    ) -> tuple[Receipt, list[Config]]:
        """The receipt and its configurations; of those that come to the same model the first one counts.

        Args:
            name: Of the batch.
            dataset: Digest of the dataset.
            model: The project's.
            training: The project's.
            key_of: The model key of parameters on this dataset.
        """
        configs: dict[str, Config] = {}
        asked = 0
        for config in self.configs(model, training):
            asked += 1
            configs.setdefault(key_of(config.model, config.training), config)
        listed = tuple(
            Listing(number=number, group=config.group, family=config.family, values=config.values, model_key=key)
            for number, (key, config) in enumerate(configs.items())
        )
        groups = {group: sum(each.group == group for each in listed) for group in self.groups}
        told = Receipt(
            project=self.project, batch=name, description=self.description, dataset=dataset, asked=asked,
            models=len(listed), groups=groups, digest=digest(dataset, list(configs)), configs=listed,
        )  # fmt: skip
        return told, list(configs.values())

    def _used(self, families: Collection[Any]) -> None:
        """Every path of `always` is for somebody."""
        for path in self.always:
            if not _has(families, path):
                known = {f"model.{key}" for family in families for key in _keys(family)}
                raise BadParams(f"always.{path}", "is a parameter of no group's family", nearest(path, known))


@dataclass(frozen=True)
class Config:
    """What one model is trained with."""

    group: str
    family: str
    values: Values
    model: ModelParams
    training: TrainingParams


class Listing(Params):
    """A configuration on a receipt."""

    number: int
    group: str
    family: str
    values: dict[str, Any]
    """What was chosen, by dotted path."""
    model_key: str
    """Digest of all that decides the weights."""


class Receipt(Params):
    """What a batch is to train, before anything of it is trained."""

    project: str
    batch: str
    description: str
    dataset: str
    """Digest of the dataset."""
    asked: int
    """Combinations in all."""
    models: int
    """How many different models they come to."""
    groups: dict[str, int]
    """How many of them are in each group."""
    digest: str
    """Of the dataset and all model keys in their order."""
    configs: tuple[Listing, ...]

    def chosen(self, listed: Listing) -> str:
        """What is not the same in all of its group, for people."""
        group = [config.values for config in self.configs if config.group == listed.group]
        differ = {path: v for path, v in listed.values.items() if any(other.get(path) != v for other in group)}
        return ", ".join(f"{path.partition('.')[2]} {value}" for path, value in differ.items())


def _families(group: str, own: Mapping[str, tuple[Any, ...]], otherwise: str) -> tuple[Any, ...]:
    """Of which families a group is."""
    return own.get(FAMILY, (group if group in _FAMILIES else otherwise,))


def _has(families: Collection[Any], path: str) -> bool:
    """Whether one of the families has a parameter of the model; those of training are everybody's."""
    room, _, rest = path.partition(".")
    return room != "model" or any(rest.partition(".")[0] in _keys(family) for family in families)


def _keys(family: Any) -> Mapping[str, Any]:
    return _FAMILIES[family].model_fields if family in _FAMILIES else {}

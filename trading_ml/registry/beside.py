"""What a training takes beside its dataset: datasets of other projects, and a version to begin from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trading_ml.core.errors import BadParams, NoData, Unknown
from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset
from trading_ml.models.transfer import Donor, StartFrom
from trading_ml.registry.store import Registry

if TYPE_CHECKING:
    from trading_ml.registry.register import Order


def completed(lake: Lake, order: Order) -> Order:
    """The order with what its training names: promoted datasets as they are now, and the version it starts from.

    Raises:
        NoData: when a project has no promoted dataset, no models, or no champion. Unknown: when it has no such version.
    """
    training = order.training
    for name in training.datasets:
        if name == order.project:
            raise BadParams("training.datasets", f"names {name} itself", "its own dataset is learnt from anyway")
    also = {name: Dataset.open(lake, name) for name in training.datasets}
    start = training.start_from
    return replace(order, also=also, donor=start and donor(lake, start, start.project or order.project))


def donor(lake: Lake, start: StartFrom, project: str) -> Donor:
    """The version of a project that gives its weights.

    Raises:
        NoData: when the project has no models, or no champion. Unknown: when it has no such version.
    """
    registry = Registry.open(lake, project)
    if start.version == "champion":
        version = registry.champion()
        if version is None:
            raise NoData(f"training.start_from, {project}", "has no champion", "name a version by its number")
    else:
        known = {each.version: each for each in registry.client.search_model_versions(f"name = '{project}'")}
        known = {str(number): each for number, each in known.items()}
        if str(start.version) not in known:
            raise Unknown.of(f"version of {project}", str(start.version), known)
        version = known[str(start.version)]
    name = f"{project} version {version.version}"
    return Donor(name, version.tags["weights"], lambda: registry.load(version))

"""Samplers, one file each: when samples are taken; the project file chooses by `samples.at`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, SerializeAsAny

from trading_ml.core.params import one_of
from trading_ml.datasets.samplers.bar_close import BarClose
from trading_ml.datasets.samplers.cusum import Cusum
from trading_ml.datasets.samplers.every_nth_tick import EveryNthTick
from trading_ml.datasets.samplers.last_tick_of import LastTickOf
from trading_ml.datasets.samplers.orders import Orders
from trading_ml.datasets.samplers.sampler import NEVER, Day, Moments, Sampler

SAMPLERS: dict[str, type[Sampler]] = {
    "bar_close": BarClose,
    "every_nth_tick": EveryNthTick,
    "last_tick_of": LastTickOf,
    "orders": Orders,
    "cusum": Cusum,
}


def resolve(raw: object) -> object:
    """Parameters of the sampler that `raw` names in `at`; of `bar_close` where it names none.

    Raises:
        BadParams: for an unknown sampler or a key it does not have, suggesting the nearest.

    Example:
        >>> resolve({"at": "every_nth_tick", "n": 500}).n
        500
    """
    if not isinstance(raw, Mapping):
        return raw
    return one_of(SAMPLERS, str(raw.get("at", "bar_close")), raw, "sampler", "samples", "at")


SampleParams = Annotated[SerializeAsAny[Sampler], BeforeValidator(resolve)]

__all__ = ["NEVER", "SAMPLERS", "BarClose", "Day", "Moments", "SampleParams", "Sampler", "resolve"]

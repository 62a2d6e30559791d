"""A function of somebody's own that returns a Keras model."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, model_validator

from trading_ml.core.errors import BadParams, TradingError
from trading_ml.models.families.family import Family
from trading_ml.models.families.sketch import Sketch
from trading_ml.models.network import Network


class Function(Family):
    """What a Python function makes of the features; its own keyword-only parameters are the remaining keys.

    Its form is told in `models/network.py`.
    """

    model_config = ConfigDict(extra="allow")
    draws: ClassVar = "what your Python function returns"

    family: Literal["function"] = "function"
    use: str
    """`package.module:function`."""

    @cached_property
    def network(self) -> Network:
        """The node."""
        return Network(use=self.use, **(self.model_extra or {}))

    def trunk(self, sketch: Sketch) -> str:
        """The function alone."""
        name = self.network.component.function.__name__
        name = name if name not in sketch.nodes else f"{name}_"
        sketch.nodes[name] = self.network.model_copy(update={"reads": tuple(sketch.ready.values())})
        return name

    @model_validator(mode="before")
    @classmethod
    def _needs_a_path(cls, given: Any) -> Any:
        if isinstance(given, dict) and ":" not in str(given.get("use", ":")):
            raise ValueError(f"use is '{given['use']}', not package.module:function")
        return given

    @model_validator(mode="after")
    def _is_usable(self) -> Function:
        try:
            params = self.network.component.params
        except TradingError as error:
            raise ValueError(str(error)) from None
        for name in type(params).model_fields:
            if name in type(self).model_fields:
                problem = f"parameter '{name}' means something else in a project file"
                raise ValueError(str(BadParams(self.use, problem, "rename it")))
        return self

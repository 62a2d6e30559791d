"""Components: plain functions of typed keyword-only parameters that return a Keras layer.

A built-in component goes by its name (`conv1d`), anybody's own by a dotted path (`my_package.layers:wavelet`). Finding
and checking one does not import Keras; only calling it does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trading_ml.core.digest import digest
from trading_ml.core.errors import BadParams, TradingError, Unknown, nearest
from trading_ml.core.origin import imported, made_of
from trading_ml.core.params import Params
from trading_ml.core.signature import brief, params_of
from trading_ml.models.runtime import quietly


@dataclass(frozen=True)
class Component:
    """A component with its parameters set."""

    use: str
    """How a project names it."""
    function: Callable[..., Any]
    params: Params

    @classmethod
    def load(cls, use: str, params: Mapping[str, Any]) -> Component:
        """Find the component called `use` and set its parameters.

        Raises:
            Unknown: when there is no such component. BadParams: when it takes no such parameters.

        Example:
            >>> Component.load("dense", {"units": 3}).params
            dense(units=3, activation='linear', l1=0.0, l2=0.0, use_bias=True)
        """
        function = found(use)
        return cls(use, function, params_of(function, use).parse(params, use))

    @cached_property
    def source(self) -> str:
        """Digest of the files it is made of."""
        return digest(made_of(self.function, self.use if ":" in self.use else ""))

    @property
    def digest(self) -> str:
        """Digest of sources and parameters."""
        return digest(self.use, self.source, self.params)

    def layer(self, name: str, columns: tuple[str, ...] = ()) -> Any:
        """A new layer of it, called `name`.

        Args:
            name: What the layer is called in the model.
            columns: Names of the columns it reads; a component that has a parameter `columns` is told them.

        Raises:
            BadParams: when the function fails, or does not return a Keras layer.
        """
        import keras

        try:
            made = self.function(**dict(self.params) | self._told(columns))
        except TradingError:
            raise
        except Exception as cause:
            raise BadParams(self.use, f"fails when called: {brief(cause)}") from cause
        if not isinstance(made, keras.Layer):
            raise BadParams(self.use, f"returns {type(made).__name__}", "a component returns a Keras layer")
        made.name = name
        return made

    def _told(self, columns: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        return {"columns": columns} if columns and getattr(self.params, "columns", None) == () else {}


def found(use: str) -> Callable[..., Any]:
    """The function of a component.

    Raises:
        Unknown: when there is none of this name.
    """
    from trading_ml.models.components import COMPONENTS

    if ":" in use:
        with quietly():
            return imported(use)
    if use not in COMPONENTS:
        raise Unknown(use, "unknown component", f"{nearest(use, COMPONENTS)} (your own go by package.module:function)")
    return COMPONENTS[use]


def described(use: str) -> dict[str, Any]:
    """What an editor has to know of a component: its documentation and the form of its parameters."""
    function = found(use)
    told = inspect.getdoc(function) or ""
    return {
        "name": use, "summary": " ".join(told.partition("\n\n")[0].split()), "docstring": told,
        "schema": params_of(function, use).model_json_schema(),
    }  # fmt: skip

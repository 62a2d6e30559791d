"""A function's signature as parameters: types and bounds from annotations, descriptions from the docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection
from typing import Annotated, Any, get_type_hints

from pydantic import ConfigDict, Field, create_model

from trading_ml.core.errors import BadParams
from trading_ml.core.params import Params

_RESERVED = ("use", "window", "on")
_EXAMPLE = "write for example def squeeze(*, period: int = 20)"


class _Signature(Params):
    """Base of the models made here; they have no source lines to read descriptions from."""

    model_config = ConfigDict(use_attribute_docstrings=False)


def params_of(function: Callable[..., Any], use: str, given: Collection[str] = ()) -> type[Params]:
    """The keyword-only parameters of `function` as a model.

    Args:
        function: A script, or anything that is configured by keyword.
        use: How its user named it, for the errors.
        given: Parameters that whoever calls the function fills in; nobody configures them.

    Raises:
        BadParams: when a parameter is positional, has no type, or takes a name that a project file needs.

    Example:
        >>> def squeeze(*, period: int = 20): ...
        >>> params_of(squeeze, "squeeze")(period=5)
        squeeze(period=5)
    """
    try:
        hints = get_type_hints(function, include_extras=True)
    except Exception as cause:
        raise BadParams(use, f"its annotations cannot be read: {brief(cause)}") from cause
    told = _descriptions(inspect.getdoc(function) or "")
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in given:
            continue
        if parameter.kind is not parameter.KEYWORD_ONLY:
            raise BadParams(use, f"parameter '{name}' is not keyword-only", _EXAMPLE)
        if name not in hints:
            raise BadParams(use, f"parameter '{name}' has no type", _EXAMPLE)
        if name in _RESERVED:
            raise BadParams(use, f"parameter '{name}' means something else in a project file", "rename it")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (Annotated[hints[name], Field(description=told.get(name))], default)
    return create_model(function.__name__, __base__=_Signature, **fields)


def _descriptions(doc: str) -> dict[str, str]:
    """Descriptions of the parameters in a Google docstring's `Args:`."""
    _, _, rest = doc.partition("Args:\n")
    block = re.split(r"\n(?=\S)", rest)[0]
    found = re.findall(r"^ {4}(\w+)(?: \([^)]*\))?: (.+(?:\n {5,}.+)*)", block, flags=re.MULTILINE)
    return {name: " ".join(told.split()) for name, told in found}


def brief(cause: BaseException) -> str:
    """What went wrong in somebody else's code, in one line."""
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return f"{type(cause).__name__}: {lines[0] if lines else 'no message'}"

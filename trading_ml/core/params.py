"""Parameters, typed once: frozen pydantic models whose errors name the key, the expectation and the fix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from trading_ml.core.errors import BadParams, TradingError, nearest


class Params(BaseModel):
    """Frozen parameters; unknown keys are errors.

    Example:
        >>> class Sma(Params):
        ...     period: int = 20
        >>> Sma.parse({"period": 5}, "features.sma").period
        5
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def parse(cls, raw: Mapping[str, Any], where: str, error: type[TradingError] = BadParams) -> Self:
        """Validate `raw`; a failure becomes one line that names `where` and the key.

        Raises:
            TradingError: of class `error`, naming the first offending key.
        """
        try:
            return cls.model_validate(dict(raw))
        except ValidationError as caught:
            raise error(*explain(caught, where, cls)) from None


P = TypeVar("P", bound=Params)


def one_of(kinds: Mapping[str, type[P]], name: str, raw: Mapping[str, Any], what: str, where: str, key: str = "") -> P:
    """The parameters `raw` of the kind called `name`.

    Args:
        kinds: All of them, by name.
        name: Which of them.
        raw: Keys and values.
        what: What a kind is, for people.
        where: What leads to `raw`.
        key: Its key that names the kind.

    Raises:
        BadParams: for an unknown kind or a key it does not have, suggesting the nearest.
    """
    if name not in kinds:
        culprit = f"{where}.{key}" if key else where
        raise BadParams(culprit, f"'{name}' is not a {what}", nearest(name, kinds))
    return kinds[name].parse(raw, where)


def explain(caught: ValidationError, where: str, model: type[BaseModel]) -> tuple[str, str, str]:
    """Turn pydantic's first complaint into (culprit, problem, fix)."""
    first = caught.errors()[0]
    path = [str(part) for part in first["loc"] if not str(part).startswith(("function-", "tagged-"))]
    culprit = ".".join([where, *path]) if where else ".".join(path)
    told = getattr(first.get("ctx", {}).get("error"), "__cause__", None)
    if isinstance(told, TradingError) and told.culprit.startswith(culprit):  # knows more closely where it is
        return told.culprit, told.problem, told.fix
    if first["type"] == "extra_forbidden":
        return culprit, "unknown key", nearest(path[-1], _keys_at(model, path[:-1]))
    if first["type"] == "missing":
        return culprit, "is required but missing", ""
    given = first.get("input")
    if first["type"] in ("dict_type", "model_type", "model_attributes_type"):
        return culprit, f"is {given!r}, where keys with values are expected", ""
    if first["type"] == "literal_error" and isinstance(given, str):
        known = re.findall(r"'([^']+)'", first.get("ctx", {})["expected"])
        return culprit, f"'{given}' is not a known value", nearest(given, known)
    said = first["msg"].removeprefix("Value error, ")
    said_already = said.startswith(f"is {given}") or f"'{given}'" in said
    simple = isinstance(given, str | int | float | bool) and not said_already
    shown = f" (given: {given!r})" if simple else ""
    return culprit, said[0].lower() + said[1:] + shown, ""


def _keys_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """Keys that are allowed where `path` leads through nested models, mappings and sequences of them."""
    here = [model]
    for part in path:
        fields = [each.model_fields[part] for each in here if part in each.model_fields]
        here = [inner for field in fields for inner in _models_in(field.annotation)] or here
    return [field.alias or name for each in here for name, field in each.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]

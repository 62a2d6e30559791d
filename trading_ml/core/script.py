"""Scripts: plain functions of typed keyword-only parameters that return expressions over bar columns.

A built-in script goes by its name (`atr`), anybody's own by a dotted path (`my_package.signals:squeeze`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from math import isfinite
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import ConfigDict, Field, model_validator

from trading_ml.core.digest import digest
from trading_ml.core.errors import BadParams, TradingError, Unknown, nearest
from trading_ml.core.joined import with_needs
from trading_ml.core.origin import imported, libraries, made_of
from trading_ml.core.other import Bars
from trading_ml.core.params import Params
from trading_ml.core.saved import written_out
from trading_ml.core.signature import brief, params_of

Kind = Literal["feature", "label"]
LABEL_END = "label_end"
_ONCE = pl.QueryOptFlags.none(simplify_expression=True, comm_subexpr_elim=True)
"""What several columns of a script name is computed once."""
_BUILT_IN = {"feature": ("trading_ml.features", "FEATURES"), "label": ("trading_ml.labels", "LABELS")}


@dataclass(frozen=True)
class Script:
    """A feature or label function, found and understood."""

    use: str
    """How a project names it."""
    kind: Kind
    function: Callable[..., Any]
    params: type[Params]
    """Its parameters, as the signature declares them."""

    @property
    def name(self) -> str:
        """The function's own name."""
        return self.function.__name__

    @property
    def needs(self) -> Mapping[str, Bars]:
        """Other bars it may ask for with `@needs`, whose columns it reads as `name.column`."""
        return getattr(self.function, "needs", {})

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names that a label declares with `@label`, in the order of its values."""
        return getattr(self.function, "classes", ())

    @cached_property
    def source(self) -> str:
        """Digest of the files that the script is made of: its own, its decorators', and those they build on."""
        return digest(made_of(self.function, self.use if ":" in self.use else ""))

    def bind(self, params: Mapping[str, Any]) -> Bound:
        """The script with its parameters set.

        Raises:
            BadParams: when a parameter is unknown (the nearest is suggested), mistyped, missing or out of bounds.
        """
        return Bound(self, self.params.parse(params, self.use))


@dataclass(frozen=True)
class Bound:
    """A script with its parameters: what is evaluated, proven and built."""

    script: Script
    params: Params
    on: Bars | None = None
    """Other bars that a project has it evaluated on; what it computes from bars, and so its digest, stays the same."""

    @cached_property
    def digest(self) -> str:
        """Digest of sources, parameters and the libraries that compute: equal digests give equal values."""
        return digest(self.script.kind, self.script.name, self.script.source, self.params, libraries())

    @property
    def describe(self) -> dict[str, Any]:
        """What a manifest says of the script."""
        on = {"on": self.on.model_dump(mode="json", exclude_defaults=True)} if self.on else {}
        params = self.params.model_dump(mode="json")
        return {"use": self.script.use, "params": params, "source": self.script.source, **on}

    @cached_property
    def expressions(self) -> dict[str, pl.Expr]:
        """The script's expressions by column name; a single one goes by the script's name.

        Raises:
            BadParams: when the function fails or returns something else.
        """
        made, use = self._made, self.script.use
        named = {self.script.name: made} if isinstance(made, pl.Expr) else made
        if not isinstance(named, dict) or not named:
            raise BadParams(
                use, f"returns {type(made).__name__}", "return one expression, or a dict of name: expression"
            )
        for name, expression in named.items():
            if not isinstance(expression, pl.Expr):
                problem = f"'{name}' is {type(expression).__name__}, not a Polars expression"
                raise BadParams(use, problem, "build it from pl.col(…)")
        if self.script.kind == "label" and not {LABEL_END} < set(named):
            raise BadParams(use, f"a label returns its values and '{LABEL_END}'", "return a dict with both")
        return named

    def names(self, called: str) -> dict[str, str]:
        """Column names in a table where the script is called `called`.

        A feature that is a single expression, and a label with one value, go by `called` alone.
        """
        values = [name for name in self.expressions if name != LABEL_END]
        alone = isinstance(self._made, pl.Expr) if self.script.kind == "feature" else len(values) == 1
        return {name: called if alone and name in values else f"{called}.{name}" for name in self.expressions}

    def classes_of(self, column: pl.Series) -> tuple[str, ...] | None:
        """Names of the classes that a label's column has, in the order of their codes; None for numbers."""
        if column.dtype == pl.Boolean:
            return self.script.classes or ("false", "true")
        return None if column.dtype.is_numeric() else tuple(column.drop_nulls().unique().sort().cast(pl.String))

    @property
    def needs(self) -> Mapping[str, Bars]:
        """Other bars that the script asks for with these parameters."""
        where = getattr(self.script.function, "needs_where", {})
        asks = all(getattr(self.params, name) == value for name, value in where.items())
        return self.script.needs if asks else {}

    def given(self, bars: pl.DataFrame) -> pl.DataFrame:
        """Crafted bars with the columns of other bars that the script needs, crafted too, for proofs."""
        return with_needs(bars, self.needs)

    def evaluate(self, bars: pl.DataFrame) -> pl.DataFrame:
        """The script's columns, one row per bar; NaN is null, and every feature is Float64.

        Raises:
            BadParams: naming the script, when it asks for an unknown column, fails, or gives another height.
        """
        frame = self._select(bars)
        if frame.height != bars.height:
            problem = f"gives {frame.height} rows for {bars.height} bars"
            raise BadParams(self.script.use, problem, "return one value per bar, not an aggregate or a filter")
        settled = [self._settled(column) for column in frame.iter_columns()]
        return pl.DataFrame(settled)

    @cached_property
    def _named(self) -> list[pl.Expr]:
        return [expression.alias(name) for name, expression in self.expressions.items()]

    @cached_property
    def _made(self) -> Any:
        try:
            return self.script.function(**dict(self.params))
        except TradingError:
            raise
        except Exception as cause:
            raise BadParams(self.script.use, f"fails when called: {brief(cause)}") from cause

    def _select(self, bars: pl.DataFrame) -> pl.DataFrame:
        try:
            made = bars.lazy().select_seq(self._named)  # in parallel, small frames only take longer
            return made.collect(optimizations=_ONCE, engine="in-memory")
        except pl.exceptions.ColumnNotFoundError as cause:
            name = (re.findall(r'column "([^"]+)"', str(cause)) or [str(cause)])[0]
            bars_of, dot, _ = name.partition(".")
            unasked = f"mark it with @needs({bars_of}=Bars(…))" if dot and bars_of not in self.needs else ""
            fix = unasked or nearest(name, bars.columns)
            raise BadParams(self.script.use, f"bars have no column '{name}'", fix) from cause
        except (Exception, pl.exceptions.PanicException) as cause:
            raise BadParams(self.script.use, f"cannot be evaluated: {brief(cause)}") from cause

    def _settled(self, column: pl.Series) -> pl.Series:
        """The column as it is stored."""
        if self.script.kind == "feature" and column.dtype != pl.Float64:
            if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
                problem = f"'{column.name}' is {column.dtype}"
                raise BadParams(self.script.use, problem, "a feature is a number or a yes or no")
            column = column.cast(pl.Float64)
        if column.dtype in (pl.Categorical, pl.Enum):
            return column.cast(pl.String)
        if column.dtype.is_float() and not isfinite(column.sum()):  # else nothing is: a look at all that is quick
            return pl.Series(column.name, column.to_numpy(), column.dtype, nan_to_null=True)
        return column


class Use(Params):
    """A script as a project names it: `use`, and the script's own parameters as the remaining keys."""

    model_config = ConfigDict(extra="allow")
    kind: ClassVar[Kind]

    use: str
    """Built-in name, `package.module:function`, or `saved:NAME` of a feature in `features.yaml`."""
    on: Bars | None = Field(default=None, exclude_if=lambda on: on is None)
    """Other bars to evaluate it on: their length, or `every`, `instrument`, `max_age` and further keys of `bars`."""

    @cached_property
    def bound(self) -> Bound:
        """The script, found, and with its parameters set."""
        return replace(load(self.use, self.kind).bind(self.model_extra or {}), on=self.on)

    @property
    def others(self) -> Mapping[str, Bars]:
        """All other bars that its values come from, by the key or the marker's name that asks for them."""
        return {"on": self.on} if self.on else self.bound.needs

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, given: Any) -> Any:
        try:
            return written_out(given)
        except TradingError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _is_usable(self) -> Use:
        try:
            _ = self.bound.expressions
        except TradingError as error:
            raise ValueError(str(error)) from None
        if self.on and self.bound.needs:
            raise ValueError(f"{self.use} names the bars it needs itself; leave out 'on'")
        if self.on and self.on.inside:
            raise ValueError("'inside' is for @needs; 'on' takes the last closed bar")
        return self


def load(use: str, kind: Kind) -> Script:
    """Find the feature or label script called `use`.

    Raises:
        Unknown: when there is no such built-in, module or function. BadParams: when it is not a script.

    Example:
        >>> load("sma", "feature").bind({"period": 5}).params
        sma(period=5)
    """
    home, registry = _BUILT_IN[kind]  # by name and at call time: core imports no room
    known: dict[str, Callable[..., Any]] = getattr(import_module(home), registry)
    if ":" not in use and use not in known:
        raise Unknown(use, f"unknown {kind}", f"{nearest(use, known)} (your own go by package.module:function)")
    function = known[use] if use in known else imported(use)
    return Script(use, kind, function, params_of(function, use))

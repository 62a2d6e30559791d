"""What every rule of the gate is: bounds, and a pure function from a case to what it finds."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import model_validator

from trading_ml.core.decimals import decimals
from trading_ml.core.params import Params
from trading_ml.models.source import Kind

if TYPE_CHECKING:
    from trading_ml.registry.rules.case import Case


_SAID = {True: "passed", False: "refused", None: "not asked"}


class Finding(Params):
    """What one rule found on one label of a version."""

    rule: str = ""
    label: str = ""
    passed: bool | None
    """None: it was not asked, and the note says why."""
    reasons: tuple[str, ...] = ()
    """Why it refuses the version; empty when it does not."""
    note: str = ""
    """What else is to be said."""
    figures: dict[str, float] = {}
    rows: tuple[dict[str, Any], ...] = ()
    """The table that the figures rest on, where there is one."""

    @classmethod
    def of(
        cls,
        reasons: Iterable[str],
        figures: Mapping[str, float] | None = None,
        note: str = "",
        rows: Sequence[Mapping[str, Any]] = (),
    ) -> Finding:
        """Passed where there is no reason against it; figures that are undefined are left out."""
        said = tuple(reasons)
        told = tuple({name: cell for name, cell in row.items() if _is_told(cell)} for row in rows)
        known = {name: float(value) for name, value in (figures or {}).items() if math.isfinite(value)}
        return cls(passed=not said, reasons=said, note=note, figures=known, rows=told)

    def line(self) -> dict[str, str]:
        """It as a line of a table."""
        figures = ", ".join(f"{name} {_number(value)}" for name, value in self.figures.items())
        why = "; ".join(filter(None, [*self.reasons, self.note]))
        return {"rule": self.rule, "": _SAID[self.passed], "figures": figures, "why": why}

    @classmethod
    def unasked(cls, why: str) -> Finding:
        """Neither passed nor refused."""
        return cls(passed=None, note=why)


class Rule(Params, ABC):
    """Base of all rules; its fields are the bounds that a project file may move.

    Example:
        >>> from trading_ml.registry.rules.support import Support
        >>> Support.model_validate(False).on
        False
    """

    kinds: ClassVar[frozenset[Kind]] = frozenset({"binary", "categorical", "numeric"})
    """Of labels that it can judge."""

    on: bool = True
    """Whether the rule counts; `false` in place of the bounds says the same, and bounds turn on what is off."""

    @model_validator(mode="before")
    @classmethod
    def _switch(cls, given: object) -> object:
        if isinstance(given, bool):
            return {"on": given}
        return {"on": True, **given} if isinstance(given, dict) and given else given

    @abstractmethod
    def judge(self, case: Case) -> Finding:
        """What the rule has to say about a version; the same for the same case."""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else decimals(value)


def _is_told(cell: object) -> bool:
    return not isinstance(cell, float) or math.isfinite(cell)

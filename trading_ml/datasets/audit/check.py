"""What every check of the audit is: bounds, and a pure function from a dataset to findings and a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import model_validator

from trading_ml.core.params import Params

if TYPE_CHECKING:
    from trading_ml.datasets.audit.verdict import Severity
    from trading_ml.datasets.audit.view import View


@dataclass(frozen=True)
class Verdict:
    """What one check found: sentences by severity, and the table that they rest on."""

    said: Sequence[tuple[Severity, str]] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    beside: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Further tables by name."""


class Check(Params, ABC):
    """Base of all checks; its fields are the bounds that a project file may move.

    Example:
        >>> from trading_ml.datasets.audit.balance import Balance
        >>> Balance.model_validate(False).on
        False
    """

    on: bool = True
    """Whether the check is made; `false` in place of the bounds says the same."""

    @model_validator(mode="before")
    @classmethod
    def _switch(cls, given: object) -> object:
        return {"on": given} if isinstance(given, bool) else given

    @abstractmethod
    def judge(self, view: View) -> Verdict:
        """What the check has to say about a dataset; the same for the same dataset."""


def row(**cells: Any) -> Mapping[str, Any]:
    """A line of a table, numbers to six digits, so that it reads well and is the same on every machine."""
    return {name: float(f"{cell:.6g}") if isinstance(cell, float) else cell for name, cell in cells.items()}

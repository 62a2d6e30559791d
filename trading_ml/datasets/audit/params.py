"""Which checks an audit makes, and their bounds: the `audit` section of a project file."""

from __future__ import annotations

from collections.abc import Iterator

from trading_ml.core.params import Params
from trading_ml.datasets.audit.accounted import Accounted
from trading_ml.datasets.audit.balance import Balance
from trading_ml.datasets.audit.check import Check


class AuditParams(Params):
    """One field a check; what is left out has its bounds by default. Nothing here decides what is in the dataset.

    Example:
        >>> [name for name, _ in AuditParams.parse({"balance": False}, "audit").checks()]
        ['accounted']
    """

    accounted: Accounted = Accounted()
    balance: Balance = Balance()

    def checks(self) -> Iterator[tuple[str, Check]]:
        """Name and bounds of the checks that are on."""
        for name in type(self).model_fields:
            if (check := getattr(self, name)).on:
                yield name, check

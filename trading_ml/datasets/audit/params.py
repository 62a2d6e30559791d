"""Which checks an audit makes, and their bounds: the `audit` section of a project file."""

from __future__ import annotations

from collections.abc import Iterator

from trading_ml.core.params import Params
from trading_ml.datasets.audit.accounted import Accounted
from trading_ml.datasets.audit.balance import Balance
from trading_ml.datasets.audit.check import Check
from trading_ml.datasets.audit.columns import Columns
from trading_ml.datasets.audit.drift import Drift
from trading_ml.datasets.audit.duplicates import Duplicates
from trading_ml.datasets.audit.filled import Filled
from trading_ml.datasets.audit.leak import Leak
from trading_ml.datasets.audit.null_control import NullControl
from trading_ml.datasets.audit.outliers import Outliers


class AuditParams(Params):
    """One field a check; what is left out has its bounds by default. Nothing here decides what is in the dataset.

    Example:
        >>> [name for name, _ in AuditParams.parse({"leak": False, "drift": {"beside": 5}}, "audit").checks()][-2:]
        ['drift', 'null_control']
    """

    accounted: Accounted = Accounted()
    balance: Balance = Balance()
    columns: Columns = Columns()
    outliers: Outliers = Outliers()
    filled: Filled = Filled()
    duplicates: Duplicates = Duplicates()
    drift: Drift = Drift()
    leak: Leak = Leak()
    null_control: NullControl = NullControl()

    def checks(self) -> Iterator[tuple[str, Check]]:
        """Name and bounds of the checks that are on."""
        for name in type(self).model_fields:
            if (check := getattr(self, name)).on:
                yield name, check

"""The table of a project's features: one partition from each day of bars and the warm-up before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from trading_ml.core.context import Extent, Part
from trading_ml.core.derived import Derived
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt
from trading_ml.features.proof import require
from trading_ml.features.use import FeatureUse


def build(
    lake: Lake,
    project: str,
    instrument: Instrument,
    bars: str,
    features: Mapping[str, FeatureUse],
    days: Iterable[date],
) -> dict[date, Receipt]:
    """Bring a project's features of some dates up to date, and those later dates whose warm-up they are.

    Columns are `ts_open`, `ts_close`, then `<feature>.<column>`, or `<feature>` where the script is one expression.
    Rows before the warm-up are null.

    Args:
        lake: Where bars and features are.
        project: Its name, which is the table's.
        instrument: Whose bars.
        bars: Name of the table of bars (`BarParams.name`).
        features: The project's features.
        days: Dates to build; those without bars lose their features.

    Returns:
        Receipts by date, of all partitions looked at.

    Raises:
        Refused: when a feature has no stored passing proof.
    """
    parts = tuple(Part(name, use.bound, require(lake, use.bound).before, Extent()) for name, use in features.items())
    table = Derived(lake.table("bars", bars), lake.table("features", project), ("ts_open", "ts_close"), parts)
    return table.build(instrument.name, days)

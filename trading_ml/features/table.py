"""The table of a project's features: one partition from each day of bars and the warm-up before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from trading_ml.bars import BarParams
from trading_ml.bars.beside import part
from trading_ml.core.days import Days
from trading_ml.core.derived import Derived
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt
from trading_ml.features.proof import require
from trading_ml.features.use import FeatureUse


def build(
    lake: Lake,
    project: str,
    instrument: Instrument,
    bars: BarParams,
    features: Mapping[str, FeatureUse],
    days: Iterable[date],
) -> dict[date, Receipt]:
    """Bring a project's features of some dates up to date, and those later dates whose warm-up they are.

    Columns are `ts_open`, `ts_close`, then `<feature>.<column>`, or `<feature>` where the script is one expression.
    Rows before the warm-up, and those without other bars that they look at, are null.

    Args:
        lake: Where bars and features are.
        project: Its name, which is the table's.
        instrument: Whose bars.
        bars: Which bars; other bars that a script looks at take over what it leaves out.
        features: The project's features.
        days: Dates to build; those without bars lose their features.

    Returns:
        Receipts by date, of all partitions looked at.

    Raises:
        Refused: when a feature has no stored passing proof.
        BadInput: naming the feature, when other bars that it looks at cannot be, are of no known instrument, or are
            not built.
    """
    parts = tuple(
        part(lake, bars, instrument, name, use, require(lake, use.bound).before) for name, use in features.items()
    )
    own = Days(lake.table("bars", bars.name), instrument.name, instrument.zone)
    return Derived(own, lake.table("features", project), ("ts_open", "ts_close"), parts).build(days)

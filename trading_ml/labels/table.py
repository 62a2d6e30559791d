"""The table of a project's labels: one partition from each day of bars, the warm-up before and the reach after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from trading_ml.bars import BarParams
from trading_ml.bars.beside import part
from trading_ml.core.days import Days
from trading_ml.core.derived import Derived
from trading_ml.core.instruments import Instrument
from trading_ml.core.lake import Lake, Receipt
from trading_ml.labels.proof import require
from trading_ml.labels.use import LabelUse


def build(
    lake: Lake,
    project: str,
    instrument: Instrument,
    bars: BarParams,
    labels: Mapping[str, LabelUse],
    days: Iterable[date],
) -> dict[date, Receipt]:
    """Bring a project's labels of some dates up to date, and those earlier dates whose future they are.

    Columns are `ts_close`, then `<label>` (`<label>.<column>` where there are several values) and `<label>.label_end`.
    Rows before the warm-up, and rows whose horizon overruns the bars there are, are null.

    Args:
        lake: Where bars and labels are.
        project: Its name, which is the table's.
        instrument: Whose bars.
        bars: Which bars; other bars that a script looks at take over what it leaves out.
        labels: The project's labels.
        days: Dates to build; those without bars lose their labels.

    Returns:
        Receipts by date, of all partitions looked at.

    Raises:
        Refused: when a label has no stored passing proof.
        BadInput: naming the label, when other bars that it looks at cannot be, are of no known instrument, or are not
            built.
    """
    proofs = {name: require(lake, use.bound) for name, use in labels.items()}
    parts = tuple(
        part(lake, bars, instrument, name, use, proofs[name].before, proofs[name].after) for name, use in labels.items()
    )
    own = Days(lake.table("bars", bars.name), instrument.name, instrument.zone)
    return Derived(own, lake.table("labels", project), ("ts_close",), parts).build(days)

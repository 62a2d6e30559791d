"""What bars see of a day: usable ticks, whether or not the day tells that some are excluded."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from trading_ml.core.lake import Lake
from trading_ml.core.time import NS
from trading_ml.ticks.prices import priced
from trading_ml.ticks.search import counted

NAME, DAY = "lseg:TRI.N", date(2024, 1, 1)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("reasons", [[None, None, None], [None, "cancelled", None]])
def test_excluded_ticks_and_those_without_a_price_are_not_usable(
    lake: Lake, reasons: list[str | None], told: bool
) -> None:
    ticks = pl.DataFrame(
        {"ts_event": [1, 2, 3], "price": [9.0, 9.5, None], "size": [1.0, 2.0, 3.0], "excluded_by": reasons},
        schema={"ts_event": NS, "price": pl.Float64, "size": pl.Float64, "excluded_by": pl.String},
    )
    table = lake.table("ticks", "trades")
    table.write(NAME, DAY, ticks, "by hand", {"texts": counted(ticks)} if told else {})
    read = priced(table, NAME, DAY)
    assert read.usable.to_list() == [True, reasons[1] is None, False]
    assert read.kept["price"].to_list() == ([9.0] if reasons[1] else [9.0, 9.5])

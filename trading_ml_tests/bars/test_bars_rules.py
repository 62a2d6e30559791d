"""From a raw file in two units to bars: another choice of rules rebuilds ticks and bars, and reads no raw file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from trading_ml.bars import BarParams, build, load
from trading_ml.core.instruments import Instrument, instrument
from trading_ml.core.lake import Lake
from trading_ml.core.time import moment
from trading_ml.ticks import account, merge, uploads

DAILY = BarParams(every="1d")


def built(lake: Lake, share: Instrument) -> list[tuple[float, float, int]]:
    """Low, high and trades of each day, after bringing ticks and bars up to date."""
    days = sorted({cell.date for cell in merge.shares(lake)})
    merge.build_dates(lake, share, days, "trades")
    build(lake, share, DAILY, days)
    start, end = moment("2023-07-03", share.zone), moment("2023-07-07", share.zone)
    return load(lake, share, DAILY, start, end).select("low", "high", "trades").rows()


def test_pounds_leave_the_bars_when_their_rule_is_chosen(lake: Lake, tmp_path: Path, market_data: Path) -> None:
    raw = tmp_path / "raw.csv.gz"
    shutil.copy(market_data / "lseg_tick_history" / "ABF.L_trades_20230703_20230706.csv.gz", raw)
    upload = uploads.announce(lake, raw)
    uploads.parse(lake, upload.id)
    before = built(lake, instrument("lseg:ABF.L"))
    assert all(low < 21 < 1900 < high for low, high, _ in before)
    raw.unlink()

    facts = tmp_path / "instruments.yaml"
    facts.write_text('- {match: "lseg:*.L", rules: [default, unit_slip]}\n')
    after = built(lake, instrument("lseg:ABF.L", facts))
    assert all(1900 < low < high < 2100 for low, high, _ in after)
    lost = sum(trades for *_, trades in before) - sum(trades for *_, trades in after)
    assert lost == account.summary(lake, upload.id)["excluded"]["unit_slip"] == 234
    assert built(lake, instrument("lseg:ABF.L")) == before


@pytest.mark.parametrize(("after_close", "auctions"), [(None, False), ("10m", True)])
def test_sessions_with_and_without_the_closing_auction(
    lake: Lake, market_data: Path, after_close: str | None, auctions: bool
) -> None:
    upload = uploads.announce(lake, market_data / "lseg_tick_history" / "ABF.L_trades_20230703_20230706.csv.gz")
    uploads.parse(lake, upload.id)
    share = instrument("lseg:ABF.L").model_dump() | {"rules": [{"session": {"after_close": after_close}}]}
    days = sorted({cell.date for cell in merge.shares(lake)})
    receipts = merge.build_dates(lake, Instrument.parse(share, "by hand"), days, "trades")
    assert len(receipts) == 4
    for day in days:
        ticks = lake.table("ticks", "trades").read("lseg:ABF.L", day)
        kept = ticks.filter(ticks["excluded_by"].is_null())["ts_event"].dt.convert_time_zone("Europe/London").dt.time()
        assert str(kept.min()) >= "08:00"
        assert str(kept.max()) < ("16:40" if auctions else "16:30")
        assert (str(kept.max()) > "16:35") is auctions

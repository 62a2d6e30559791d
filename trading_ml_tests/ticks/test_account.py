"""Accounts: every row of a raw file is told of once."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pytest

from trading_ml.core.errors import AccountingError, NoData
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.ticks import account, merge, records, uploads

LINES = """#RIC,Domain,Date-Time,Type,Price,Volume,Qualifiers,Bid Price,Ask Price
A.L,Market Price,2023-07-03T08:00:00Z,Trade,1,10,,,
A.L,Market Price,2023-07-03T08:00:01Z,Trade,2,10,CAN[IRGCOND],,
A.L,Market Price,2023-07-03T08:00:02Z,Quote,,,,1,2
A.L,Market Price,2023-07-04T08:00:03Z,Trade,,10,,,
A.L,Market Price,2023-07-04T08:00:04Z,Trade,4,10,OFF[IRGCOND],,
A.L,Market Price,2023-07-04T08:00:05Z,Auction,4,10,,,
"""


def ingest(lake: Lake, path: Path) -> str:
    upload = uploads.announce(lake, path)
    for kind, name, day in uploads.parse(lake, upload.id).touched:
        merge.build(lake, instrument(name), day, kind)
    return upload.id


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(LINES)
    return path


def test_a_summary_is_the_entry_that_ingest_prints(lake: Lake, raw: Path) -> None:
    upload = ingest(lake, raw)
    told = account.summary(lake, upload)
    reasons = told.pop("reasons")
    assert told == {
        "path": str(raw),
        "adapter": "lseg",
        "sha256": told["sha256"],
        "symbol": "A.L",
        "instruments": ["lseg:A.L"],
        "rows": 6,
        "kept": 4,
        "quarantined": 2,
        "duplicates": 0,
        "dates": ["2023-07-03", "2023-07-04"],
        "excluded": {"cancelled": 1, "off_market": 1},
    }
    assert sum(reasons.values()) == 2
    assert told["sha256"].startswith(upload)


def test_duplicates_are_the_later_uploads(lake: Lake, raw: Path) -> None:
    longer = raw.with_name("longer.csv.gz")
    longer.write_bytes(gzip.compress((LINES + "B.L,Market Price,2023-07-04T08:00:05Z,Trade,4,10,,,\n").encode()))
    first, second = sorted([ingest(lake, raw), ingest(lake, longer)])
    assert account.summary(lake, first)["duplicates"] == 0
    assert account.summary(lake, second)["duplicates"] == 4
    told = account.summary(lake, uploads.announce(lake, longer).id)
    assert (told["symbol"], told["instruments"]) == (None, ["lseg:A.L", "lseg:B.L"])


def test_balances_add_up_receipts(lake: Lake, raw: Path) -> None:
    upload = ingest(lake, raw)
    built = merge.build_span(lake, instrument("lseg:A.L"), date(2023, 7, 1), date(2023, 8, 1))
    receipts = [receipt for by_day in built.values() for receipt in by_day.values()]
    assert account.balances(receipts) == [{"upload": upload, "rows": 4, "kept": 4, "duplicates": 0, "excluded": 2}]
    assert account.balances([]) == []


def test_an_upload_that_is_not_there_or_not_finished(lake: Lake, raw: Path) -> None:
    with pytest.raises(NoData, match="was not parsed"):
        account.summary(lake, "0" * 16)
    upload = uploads.announce(lake, raw)
    with pytest.raises(NoData, match="was not parsed"):
        account.summary(lake, upload.id)
    uploads.parse(lake, upload.id)
    with pytest.raises(NoData, match="were not merged with upload"):
        account.summary(lake, upload.id)


def test_an_account_that_does_not_add_up_is_refused(lake: Lake, raw: Path) -> None:
    upload = ingest(lake, raw)
    parsed = records.parsed(lake, upload)
    assert parsed
    lake.write_json(lake.path("uploads", upload, "parsed.json"), parsed.model_copy(update={"rows": 7}))
    with pytest.raises(AccountingError, match="7 rows, but 4 kept, 2 quarantined, 0 duplicates"):
        account.summary(lake, upload)


def test_the_real_lseg_file_is_accounted_for(lake: Lake, market_data: Path) -> None:
    folder = market_data / "lseg_tick_history"
    told = [account.summary(lake, ingest(lake, path)) for path in sorted(folder.glob("*.csv*"))]
    assert [
        (each["symbol"], each["rows"], each["kept"], each["quarantined"], each["duplicates"], len(each["dates"]))
        for each in told
    ] == [("ABF.L", 6864, 6864, 0, 0, 4), ("TRI.N", 17, 16, 1, 0, 1)]

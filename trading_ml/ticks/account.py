"""Accounts: where every row of a raw file went. Of `rows` each is kept, quarantined or a duplicate; none is lost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from trading_ml.core.errors import AccountingError, NoData
from trading_ml.core.lake import Lake, Receipt
from trading_ml.core.time import local_date
from trading_ml.ticks import records
from trading_ml.ticks.cells import span_of
from trading_ml.ticks.merge import Share
from trading_ml.ticks.records import Parsed, Part, Upload

_COUNTED = ("rows", "kept", "duplicates")


def summary(lake: Lake, upload_id: str) -> dict[str, Any]:
    """Where the rows of an upload went.

    Returns:
        path, adapter, sha256, symbol (the only one in the file, else None), instruments, rows, kept, quarantined,
        duplicates, dates (ISO), excluded (kept rows by the rule that excludes them from bars) and reasons
        (quarantined rows by reason).

    Raises:
        NoData: when the upload is not known, not parsed or not merged.
        AccountingError: unless rows = kept + quarantined + duplicates.
    """
    upload, parsed = records.announced(lake, upload_id), records.parsed(lake, upload_id)
    if upload is None or parsed is None:
        raise NoData(f"upload {upload_id}", "was not parsed", "ingest its file")
    total, excluded = Counter(dict.fromkeys(_COUNTED, 0)), Counter[str]()
    for part in parsed.partitions:
        account = _account(lake, upload, part)
        total.update({key: account[key] for key in _COUNTED})
        excluded.update(account["excluded"])
    quarantined = sum(parsed.quarantined.values())
    if parsed.rows != total["kept"] + quarantined + total["duplicates"] or parsed.rows != total["rows"] + quarantined:
        told = (
            f"{parsed.rows} rows, but {total['kept']} kept, {quarantined} quarantined, {total['duplicates']} duplicates"
        )
        raise AccountingError(upload.path, told, "ingest it again")
    instruments = sorted({part.instrument for part in parsed.partitions})
    symbols = [name.partition(":")[2] for name in instruments]
    return {
        "path": upload.path,
        "adapter": upload.adapter,
        "sha256": upload.sha256,
        "symbol": symbols[0] if len(symbols) == 1 else upload.symbol,
        "instruments": instruments,
        "rows": parsed.rows,
        "kept": total["kept"],
        "quarantined": quarantined,
        "duplicates": total["duplicates"],
        "dates": sorted({day.isoformat() for part in parsed.partitions for day in _dates(lake, upload, parsed, part)}),
        "excluded": dict(sorted(excluded.items())),
        "reasons": dict(parsed.quarantined),
    }


def balances(receipts: Iterable[Receipt]) -> list[dict[str, Any]]:
    """By upload, the sums over ticks receipts: upload, rows, kept, duplicates, excluded."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for receipt in receipts:
        for upload_id, account in receipt.facts["uploads"].items():
            sums[upload_id].update({key: account[key] for key in _COUNTED})
            sums[upload_id]["excluded"] += sum(account["excluded"].values())
    return [{"upload": upload_id, **sums[upload_id]} for upload_id in sorted(sums)]


def _dates(lake: Lake, upload: Upload, parsed: Parsed, part: Part) -> Iterable[date]:
    """The local dates of a part's rows."""
    if span_of(part.kind) == "1d":
        return (part.date,)
    rows = Share(upload, part, records.parts_folder(lake, upload, parsed)).rows()
    return rows.select(local_date("ts_event", parsed.zones[part.instrument])).to_series().unique()


def _account(lake: Lake, upload: Upload, part: Part) -> Mapping[str, Any]:
    receipt = lake.table("ticks", part.kind).receipt(part.instrument, part.date)
    account = receipt.facts["uploads"].get(upload.id) if receipt else None
    if account is None:
        raise NoData(
            f"ticks {part.instrument} {part.date}", f"were not merged with upload {upload.id}", "ingest it again"
        )
    return account

"""What Lean says about a file only by names: of its folders, of the zip, and of the files in it.

    equity/usa/tick/spy/20131007_trade.zip holding 20131007_spy_Trade_Tick.csv
    future/cme/minute/es/20131007_trade.zip holding 20131007_es_minute_trade_201312.csv, …_201403.csv;
        in later ones the last day of trading follows: 20200316_es_minute_trade_202006_20200619.csv
    equity/usa/daily/aapl.zip holding aapl.csv

The name inside goes first. Where no folder says the security type, the symbol does: one with an expiry is a future,
a pair of currencies forex, another pair crypto, anything else an equity.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from trading_ml.core.errors import BadFile

_INSIDE = re.compile(
    r"(?:(?P<day>\d{8})_)?(?P<symbol>[a-z0-9.\-]+?)"
    r"(?P<words>(?:_(?:tick|second|minute|hour|daily|trade|quote))*)(?:_(?P<expiry>\d{6,8})(?:_\d{8})?)?\.csv"
)
_RESOLUTIONS = ("tick", "second", "minute", "hour", "daily")
_SECURITIES = ("equity", "forex", "cfd", "crypto", "cryptofuture", "future")
_FIAT = re.compile(r"(?:AUD|CAD|CHF|CNH|CZK|DKK|EUR|GBP|HKD|HUF|JPY|MXN|NOK|NZD|PLN|SEK|SGD|THB|TRY|USD|ZAR){2}")
_COINS = re.compile(r"[A-Z0-9]{2,10}(USD[TC]?|BUSD|EUR|GBP|BTC|ETH)")

ZONES = {
    ("equity", "usa"): "America/New_York",
    ("equity", "india"): "Asia/Kolkata",
    ("forex", "fxcm"): "Etc/GMT+5",
    ("cfd", "fxcm"): "Etc/GMT+5",
}
"""Whose clock the stamps are by, after Lean's market hours database; all others are in UTC. FXCM's are in New York's
winter time all year: in May its week ends at 16:00, which is 17:00 in New York."""
_MARKETS = {"equity": "usa", "forex": "fxcm", "cfd": "fxcm"}
"""Where a security is taken to be traded when no folder says it."""


@dataclass(frozen=True)
class Source:
    """What names say about one table.

    Attributes:
        symbol: In capitals; of a future with its contract month, as in `ES201312`.
        security: One of Lean's security types.
        zone: IANA zone of the stamps.
        day: Local date of the stamps, where they count from midnight.
        resolution: tick, second, minute, hour or daily, where a name says it.
        quotes: Whether it holds quotes, not trades; None where no name says it.
    """

    symbol: str
    security: str
    zone: str
    day: date | None
    resolution: str | None
    quotes: bool | None

    @property
    def scale(self) -> int:
        """What prices are multiplied by."""
        return 10_000 if self.security == "equity" else 1


def source(path: Path, member: str) -> Source:
    """What the names of a file, and of one in it, say.

    Raises:
        BadFile: when they are none that Lean gives.
    """
    inside = Path(member).name.lower().removesuffix(".gz")
    named = _INSIDE.fullmatch(inside)
    if named is None:
        raise BadFile(path, f"holds '{inside}', which is no name of Lean's", "it wants DATE_SYMBOL_RESOLUTION_TYPE.csv")
    day = _day(path, named["day"]) if named["day"] else None
    folders = [part.lower() for part in path.parts[:-1]]
    words = [*named["words"].split("_"), *reversed(folders), *path.stem.lower().split("_")]
    symbol, expiry = named["symbol"].upper(), named["expiry"] or ""
    resolution = next((word for word in words if word in _RESOLUTIONS), None)
    if day is None and resolution in ("tick", "second", "minute"):
        raise BadFile(path, f"holds '{inside}', which says no day", "it wants DATE_SYMBOL_RESOLUTION_TYPE.csv")
    security, market = _traded(folders, symbol, expiry)
    return Source(
        symbol=symbol + expiry,
        security=security,
        zone=ZONES.get((security, market), "UTC"),
        day=day,
        resolution=resolution,
        quotes=next((word == "quote" for word in words if word in ("trade", "quote")), None),
    )


def _traded(folders: list[str], symbol: str, expiry: str) -> tuple[str, str]:
    for security, market, resolution in zip(folders, folders[1:], folders[2:], strict=False):
        if security in _SECURITIES and resolution in _RESOLUTIONS:
            return security, market
    security = "future" if expiry else _kind_of(symbol)
    return security, _MARKETS.get(security, "")


def _kind_of(symbol: str) -> str:
    if _FIAT.fullmatch(symbol):
        return "forex"
    return "crypto" if _COINS.fullmatch(symbol) else "equity"


def _day(path: Path, digits: str) -> date:
    try:
        return datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        raise BadFile(path, f"is named after {digits}, which is no date") from None

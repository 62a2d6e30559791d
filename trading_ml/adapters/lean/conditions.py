"""What Lean's condition of a trade says: 32 bits in hex, those of AlgoSeek (Lean's `TradeConditionFlags`)."""

from __future__ import annotations

import re

import polars as pl

NAMES = (
    *("Regular", "Cash", "NextDay", "Seller", "YellowFlag", "IntermarketSweep", "OpeningPrints", "ClosingPrints"),
    *("ReOpeningPrints", "DerivativelyPriced", "FormT", "Sold", "Stopped", "ExtendedHours", "OutOfSequence", "Split"),
    *("Acquisition", "Bunched", "StockOption", "Distribution", "AveragePrice", "Cross", "PriceVariation", "Rule155"),
    *("OfficialClose", "PriorReferencePrice", "OfficialOpen", "CapElection", "AutoExecution", "TradeThroughExempt"),
    *("Undocumented", "OddLot"),
)
"""Names of the bits, the lowest first."""
_HEX = re.compile(r"[0-9A-Fa-f]{1,8}")


def spelled(code: str) -> str:
    """A condition followed by the names of its bits.

    Example:
        >>> spelled("20002000")
        '20002000;ExtendedHours;TradeThroughExempt'
    """
    bits = int(code, 16) if _HEX.fullmatch(code) else 0
    return ";".join([code, *(name for place, name in enumerate(NAMES) if bits >> place & 1)])


def words(exchange: str, condition: str, suspicious: str, decode: bool) -> pl.Expr:
    """`conditions` of a tick from its columns: exchange, condition, and whether the publisher suspects it.

    Args:
        exchange: Column of the exchange's letter.
        condition: Column of the condition.
        suspicious: Column that is 1 where the publisher suspects the tick.
        decode: Whether conditions are those of trades, whose bits have names.
    """
    code = pl.col(condition)
    told = code.map_batches(_spelled, return_dtype=pl.String) if decode else code
    suspected = pl.when(pl.col(suspicious) == "1").then(pl.lit("suspicious"))
    joined = pl.concat_str(pl.col(exchange), told, suspected, separator=";", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _spelled(codes: pl.Series) -> pl.Series:
    """`spelled` of each; a file has millions of them and few that differ."""
    known = codes.drop_nulls().unique()
    return codes.replace_strict(known, pl.Series([spelled(code) for code in known], dtype=pl.String), default=None)

"""`simulated`: a seeded exchange that writes raw files, so the default runs the same road as real markets.

The files are LSEG Tick History Time & Sales in all but the domain, which says `Simulated`. What is in them to be
found, and what is not, is said by `MarketParams`.
"""

from __future__ import annotations

from trading_ml.adapters.simulated.adapter import ADAPTER
from trading_ml.adapters.simulated.market import ZONE, MarketParams, Session, sessions, trades
from trading_ml.adapters.simulated.writer import HEADER, QUALIFIERS, Written, write

__all__ = [
    "ADAPTER",
    "HEADER",
    "QUALIFIERS",
    "ZONE",
    "MarketParams",
    "Session",
    "Written",
    "sessions",
    "trades",
    "write",
]

"""`lean`: ticks and bars of equities, forex, crypto and futures as QuantConnect zips them by day or symbol."""

from __future__ import annotations

from trading_ml.adapters.lean.adapter import ADAPTER

__all__ = ["ADAPTER"]

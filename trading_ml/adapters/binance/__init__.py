"""`binance`: the exchange's public dumps (trades, aggTrades, klines) and captures of its websockets."""

from __future__ import annotations

from trading_ml.adapters.binance.adapter import ADAPTER

__all__ = ["ADAPTER"]

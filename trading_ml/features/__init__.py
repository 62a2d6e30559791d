"""Features: expressions over bars, known at the bar's close; one file per script, one line here."""

from __future__ import annotations

from trading_ml.features.atr import atr
from trading_ml.features.log_return import log_return
from trading_ml.features.markers import Bars, needs
from trading_ml.features.ohlcv import ohlcv
from trading_ml.features.proof import check
from trading_ml.features.realized_volatility import realized_volatility
from trading_ml.features.sma import sma
from trading_ml.features.table import build
from trading_ml.features.time_of_day import time_of_day
from trading_ml.features.use import FeatureUse

FEATURES = {
    "atr": atr,
    "log_return": log_return,
    "ohlcv": ohlcv,
    "realized_volatility": realized_volatility,
    "sma": sma,
    "time_of_day": time_of_day,
}

__all__ = ["FEATURES", "Bars", "FeatureUse", "build", "check", "needs"]

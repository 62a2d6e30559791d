"""Features: expressions over bars, known at the bar's close; one file per script, one line here."""

from __future__ import annotations

from trading_ml.features.adx import adx
from trading_ml.features.atr import atr
from trading_ml.features.bollinger import bollinger
from trading_ml.features.candle import candle
from trading_ml.features.cci import cci
from trading_ml.features.close_to_close import close_to_close
from trading_ml.features.donchian import donchian
from trading_ml.features.ema import ema
from trading_ml.features.garman_klass import garman_klass
from trading_ml.features.keltner import keltner
from trading_ml.features.log_return import log_return
from trading_ml.features.macd import macd
from trading_ml.features.markers import Bars, needs
from trading_ml.features.momentum import momentum
from trading_ml.features.ohlcv import ohlcv
from trading_ml.features.parkinson import parkinson
from trading_ml.features.proof import check
from trading_ml.features.realized_volatility import realized_volatility
from trading_ml.features.relative_to_last import relative_to_last
from trading_ml.features.roc import roc
from trading_ml.features.rogers_satchell import rogers_satchell
from trading_ml.features.rsi import rsi
from trading_ml.features.sma import sma
from trading_ml.features.stochastic import stochastic
from trading_ml.features.table import build
from trading_ml.features.time_of_day import time_of_day
from trading_ml.features.true_range import true_range
from trading_ml.features.use import FeatureUse
from trading_ml.features.vwap_deviation import vwap_deviation
from trading_ml.features.wma import wma
from trading_ml.features.yang_zhang import yang_zhang

FEATURES = {
    "adx": adx,
    "atr": atr,
    "bollinger": bollinger,
    "candle": candle,
    "cci": cci,
    "close_to_close": close_to_close,
    "donchian": donchian,
    "ema": ema,
    "garman_klass": garman_klass,
    "keltner": keltner,
    "log_return": log_return,
    "macd": macd,
    "momentum": momentum,
    "ohlcv": ohlcv,
    "parkinson": parkinson,
    "realized_volatility": realized_volatility,
    "relative_to_last": relative_to_last,
    "roc": roc,
    "rogers_satchell": rogers_satchell,
    "rsi": rsi,
    "sma": sma,
    "stochastic": stochastic,
    "time_of_day": time_of_day,
    "true_range": true_range,
    "vwap_deviation": vwap_deviation,
    "wma": wma,
    "yang_zhang": yang_zhang,
}

__all__ = ["FEATURES", "Bars", "FeatureUse", "build", "check", "needs"]

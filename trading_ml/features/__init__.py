"""Features: expressions over bars, known at the bar's close; one file per script, one line here."""

from __future__ import annotations

from trading_ml.features.adx import adx
from trading_ml.features.alpha158 import alpha158
from trading_ml.features.amihud import amihud
from trading_ml.features.atr import atr
from trading_ml.features.autocorrelation import autocorrelation
from trading_ml.features.bollinger import bollinger
from trading_ml.features.candle import candle
from trading_ml.features.cci import cci
from trading_ml.features.close_to_close import close_to_close
from trading_ml.features.day_of_week import day_of_week
from trading_ml.features.donchian import donchian
from trading_ml.features.drawdown import drawdown
from trading_ml.features.ema import ema
from trading_ml.features.fractional_difference import fractional_difference
from trading_ml.features.garman_klass import garman_klass
from trading_ml.features.imbalance import imbalance
from trading_ml.features.keltner import keltner
from trading_ml.features.kurtosis import kurtosis
from trading_ml.features.kyle_lambda import kyle_lambda
from trading_ml.features.log_return import log_return
from trading_ml.features.macd import macd
from trading_ml.features.markers import Bars, needs
from trading_ml.features.mid import mid
from trading_ml.features.minutes_to_close import minutes_to_close
from trading_ml.features.momentum import momentum
from trading_ml.features.obv import obv
from trading_ml.features.ohlcv import ohlcv
from trading_ml.features.parkinson import parkinson
from trading_ml.features.proof import check
from trading_ml.features.quote import quote
from trading_ml.features.quoted_spread import quoted_spread
from trading_ml.features.rank import rank
from trading_ml.features.realized_volatility import realized_volatility
from trading_ml.features.relative_to_last import relative_to_last
from trading_ml.features.relative_volume import relative_volume
from trading_ml.features.roc import roc
from trading_ml.features.rogers_satchell import rogers_satchell
from trading_ml.features.roll_spread import roll_spread
from trading_ml.features.rsi import rsi
from trading_ml.features.signed_volume import signed_volume
from trading_ml.features.skew import skew
from trading_ml.features.sma import sma
from trading_ml.features.stochastic import stochastic
from trading_ml.features.table import build
from trading_ml.features.time_of_day import time_of_day
from trading_ml.features.time_since import time_since
from trading_ml.features.true_range import true_range
from trading_ml.features.use import FeatureUse
from trading_ml.features.vpin import vpin
from trading_ml.features.vwap_deviation import vwap_deviation
from trading_ml.features.wma import wma
from trading_ml.features.yang_zhang import yang_zhang
from trading_ml.features.zscore import zscore

FEATURES = {
    "adx": adx,
    "alpha158": alpha158,
    "amihud": amihud,
    "atr": atr,
    "autocorrelation": autocorrelation,
    "bollinger": bollinger,
    "candle": candle,
    "cci": cci,
    "close_to_close": close_to_close,
    "day_of_week": day_of_week,
    "donchian": donchian,
    "drawdown": drawdown,
    "ema": ema,
    "fractional_difference": fractional_difference,
    "garman_klass": garman_klass,
    "imbalance": imbalance,
    "keltner": keltner,
    "kurtosis": kurtosis,
    "kyle_lambda": kyle_lambda,
    "log_return": log_return,
    "macd": macd,
    "mid": mid,
    "minutes_to_close": minutes_to_close,
    "momentum": momentum,
    "obv": obv,
    "ohlcv": ohlcv,
    "parkinson": parkinson,
    "quote": quote,
    "quoted_spread": quoted_spread,
    "rank": rank,
    "realized_volatility": realized_volatility,
    "relative_to_last": relative_to_last,
    "relative_volume": relative_volume,
    "roc": roc,
    "rogers_satchell": rogers_satchell,
    "roll_spread": roll_spread,
    "rsi": rsi,
    "signed_volume": signed_volume,
    "skew": skew,
    "sma": sma,
    "stochastic": stochastic,
    "time_of_day": time_of_day,
    "time_since": time_since,
    "true_range": true_range,
    "vpin": vpin,
    "vwap_deviation": vwap_deviation,
    "wma": wma,
    "yang_zhang": yang_zhang,
    "zscore": zscore,
}

__all__ = ["FEATURES", "Bars", "FeatureUse", "build", "check", "needs"]

"""The `columns` of a mapping: by kind, the raw column of each canonical one."""

from __future__ import annotations

from trading_ml.core.params import Params


class TradeColumns(Params):
    """Columns of a trade."""

    price: str
    size: str
    seq: str | None = None
    trade_id: str | None = None
    conditions: str | tuple[str, ...] | None = None
    """Kept word for word; of several, the second and later as `VALUE[COLUMN]` behind a `;`."""


class QuoteColumns(Params):
    """Columns of a quote."""

    bid: str
    ask: str
    bid_size: str | None = None
    ask_size: str | None = None
    seq: str | None = None
    conditions: str | tuple[str, ...] | None = None


class BarColumns(Params):
    """Columns of a bar."""

    open: str
    high: str
    low: str
    close: str
    volume: str | None = None
    trades: str | None = None
    vwap: str | None = None


class OrderColumns(Params):
    """Columns of a completed order."""

    price: str
    type: str | None = None
    stop: str | None = None
    limit: str | None = None
    stop_price: str | None = None
    limit_price: str | None = None
    loss_or_profit: str | None = None

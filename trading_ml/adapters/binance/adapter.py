"""How Binance's files are recognised and read, dumps and captures."""

from __future__ import annotations

from collections.abc import Iterator

from trading_ml.adapters import delimited
from trading_ml.adapters.binance import capture, dumps
from trading_ml.adapters.contract import Adapter, Chunk
from trading_ml.adapters.raw import RawFile, head


def fits(start: bytes, _name: str) -> str | None:
    """Why a file that begins with `start` is Binance's."""
    if capture.is_capture(start):
        return "its lines are a local time and a message of a stream"
    told = dumps.opening(start)
    return f"its lines have the columns of {told.dump.name}" if told else None


def read(file: RawFile, symbol: str | None = None) -> Iterator[Chunk]:
    """The chunks of a dump or a capture.

    Raises:
        BadFile: as `dumps.read`, and when a capture holds several symbols that `symbol` would make one.
    """
    if capture.is_capture(head(file.path)):
        return delimited.renamed(file, capture.read(file), symbol)
    return dumps.read(file, symbol)


ADAPTER = Adapter("binance", "Binance trades, aggTrades and klines; captures of its websockets", fits, read)

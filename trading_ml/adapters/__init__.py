"""Raw formats: one file each, one line each below. To add yours, write a module with an `ADAPTER` and list it."""

from __future__ import annotations

from pathlib import Path

from trading_ml.adapters import binance, bitflyer, lean, lseg, simulated, sirca
from trading_ml.adapters.contract import QUARANTINE, SCHEMAS, SIDE, Adapter, Chunk, problem
from trading_ml.adapters.raw import RawFile, head
from trading_ml.core.errors import BadFile, Unknown

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        simulated.ADAPTER,
        lseg.ADAPTER,
        binance.ADAPTER,
        bitflyer.ADAPTER,
        lean.ADAPTER,
        sirca.ADAPTER,
    )
}


def get(name: str) -> Adapter:
    """The adapter called `name`.

    Raises:
        Unknown: suggesting the nearest name.
    """
    if name not in ADAPTERS:
        raise Unknown.of("adapter", name, ADAPTERS)
    return ADAPTERS[name]


def detect(path: Path) -> tuple[Adapter, str]:
    """The one adapter that fits the content of a file, and why it does.

    Raises:
        BadFile: when the file cannot be read, or none or several adapters fit.
    """
    start = head(path)
    fitting = [(adapter, why) for adapter in ADAPTERS.values() if (why := adapter.fits(start, path.name))]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        told = " and ".join(f"{adapter.name} ({why})" for adapter, why in fitting)
        raise BadFile(path, f"could be {told}", "choose with --adapter")
    shown = start.split(b"\n", 1)[0][:80].decode("utf-8", "backslashreplace")
    raise BadFile(path, f"is of no known format ({', '.join(ADAPTERS)}); it begins with {shown!r}")


__all__ = [
    "ADAPTERS", "QUARANTINE", "SCHEMAS", "SIDE",
    "Adapter", "Chunk", "RawFile",
    "detect", "get", "problem",
]  # fmt: skip

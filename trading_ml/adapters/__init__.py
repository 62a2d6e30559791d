"""Raw formats: one file each, one line each below. To add yours, write a module with an `ADAPTER` and list it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trading_ml.adapters import binance, bitflyer, csv, lean, lseg, simulated, sirca
from trading_ml.adapters.columnar import head, types
from trading_ml.adapters.contract import QUARANTINE, SCHEMAS, SIDE, Adapter, Chunk, problem
from trading_ml.adapters.raw import RawFile
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
        *csv.presets(),
    )
}


def get(name: str) -> Adapter:
    """The adapter called `name`, or made of the mapping in the file `name` (`….yaml`).

    Raises:
        Unknown: suggesting the nearest name. BadParams: when the mapping is wrong, naming the key.
    """
    if name.endswith((".yaml", ".yml")):
        return csv.adapter(csv.load(Path(name)))
    if name not in ADAPTERS:
        raise Unknown.of("adapter", name, ADAPTERS)
    return ADAPTERS[name]


def detect(path: Path) -> tuple[Adapter, str]:
    """The one adapter that fits the content of a file, and why it does.

    Mappings that lie beside the file (`<anything>.mapping.yaml`) are asked first: where one fits, the file is its.

    Raises:
        BadFile: when the file cannot be read, or none or several adapters fit.
        BadParams: when a mapping beside the file is wrong, naming the key.
    """
    start = head(path)
    fitting = _fitting(beside(path), start, path) or _fitting(ADAPTERS.values(), start, path)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        told = " and ".join(f"{adapter.name} ({why})" for adapter, why in fitting)
        raise BadFile(path, f"could be {told}", "choose with --adapter")
    problem = f"is of no known format ({', '.join(ADAPTERS)}); it {_opening(start)}"
    raise BadFile(path, problem, f"say what its columns mean in a mapping beside it, <anything>{csv.SUFFIX}")


def beside(path: Path) -> list[Adapter]:
    """Adapters made of the mappings that lie in a file's folder.

    Raises:
        BadParams: when a mapping is wrong, naming the key.
    """
    return [csv.adapter(csv.load(mapping)) for mapping in sorted(path.parent.glob(f"*{csv.SUFFIX}"))]


def _opening(start: bytes) -> str:
    """How a file begins, to be recognised by people."""
    if (given := types(start)) is not None:
        return f"has the columns {', '.join(f'{name} ({kind})' for name, kind in given.items())[:200]}"
    shown = start.split(b"\n", 1)[0][:80].decode("utf-8", "backslashreplace")
    return f"begins with {shown!r}"


def _fitting(adapters: Iterable[Adapter], start: bytes, path: Path) -> list[tuple[Adapter, str]]:
    return [(adapter, why) for adapter in adapters if (why := adapter.fits(start, path.name))]


__all__ = [
    "ADAPTERS", "QUARANTINE", "SCHEMAS", "SIDE",
    "Adapter", "Chunk", "RawFile",
    "beside", "csv", "detect", "get", "head", "problem",
]  # fmt: skip

"""From raw market ticks to a registered model you can trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trading_ml.project import run
    from trading_ml.ticks.store import Ticks

__all__ = ["Ticks", "run"]


def __getattr__(name: str) -> Any:
    if name == "Ticks":  # loaded when asked for: most commands never read a tick
        from trading_ml.ticks.store import Ticks

        return Ticks
    if name == "run":
        from trading_ml.project import run

        return run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

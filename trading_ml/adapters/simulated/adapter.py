"""How the simulated exchange's files are recognised and read: as LSEG's, but for the Domain."""

from __future__ import annotations

from trading_ml.adapters import delimited, lseg
from trading_ml.adapters.contract import Adapter
from trading_ml.adapters.simulated.writer import DOMAIN


def fits(head: bytes, _name: str) -> str | None:
    """Why a file that begins with `head` is from the simulated exchange."""
    line = delimited.first_line(head)
    return f"its Domain is {DOMAIN}" if lseg.FORM.fits(line) and line.get("Domain") == DOMAIN else None


ADAPTER = Adapter(
    "simulated", "the built-in seeded exchange (trades, as LSEG Tick History writes them)", fits, lseg.read
)

"""Which marks mean what, by source.

- LSEG Tick History writes `VALUE[FIELD]` joined by `;`, as in `ODD[IRGCOND];Q[GV3_FLAG]`; values are the display codes
  of RDM's enumerations (enumtype.def of the Real-Time SDK): `CXL` cancelled trade and `AMD` amended trade, `OFF`
  off-floor trade and `OTC` OTC trade of PRC_QL_CD and PRC_QL3, `REV` trade reversal and `OTC` of PRC_QL2, `ODD` and
  `ODT` odd lots of IRGCOND. US trades carry the letters of the tape in LSTSALCOND and the GV texts.
- The letters of the US tapes (CTA and UTP sale conditions): I odd lot; C cash, N next day, R seller, B bunched, W
  average price, H price variation, P prior reference price, 4 derivatively priced, V and 7 contingent; L sold last, Z
  sold out of sequence, U the same in extended hours, G bunched sold. `CORR` of NYSE TAQ says what became of a trade.
- Lean names the bits of AlgoSeek's conditions; `OfficialOpen` and `OfficialClose` tell a price that an exchange
  declared and repeat the volume of its auction. Binance calls what the market did not match by its origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trading_ml.core.instruments import Instrument
from trading_ml.ticks.rules.contract import Defaults
from trading_ml.ticks.rules.marked import Marked
from trading_ml.ticks.rules.retracted import Retracted

_IRREGULAR, _LATE = "BCHNPRVW47", "GLUZ"
_FIELDS = ("LSTSALCOND", r"GV\d_TEXT")
_LSEG = {
    "cancelled": Marked(marks=("CAN", "CXL", "REV[PRC_QL2]")),
    "corrected": Marked(marks=("AMD", "COR[IRGCOND]")),
    "off_market": Marked(marks=("OFF", "OFFBK", "OTC")),
    "odd_lot": Marked(marks=("ODD[IRGCOND]", "ODT[IRGCOND]")),
    "irregular": Marked(letters=_IRREGULAR, fields=_FIELDS),
    "late_report": Marked(letters=_LATE, fields=_FIELDS),
}
_TAQ = {
    "cancelled": Marked(marks=tuple(f"{code}[CORR]" for code in ("7", "07", "8", "08", "10", "11"))),
    "corrected": Marked(marks=tuple(f"{code}[CORR]" for code in ("1", "01", "2", "02", "12"))),
    "odd_lot": Marked(letters="I"),
    "irregular": Marked(letters=_IRREGULAR),
    "late_report": Marked(letters=_LATE),
}
_LEAN = {
    "off_market": Marked(marks=("OfficialOpen", "OfficialClose")),
    "odd_lot": Marked(marks=("OddLot",)),
    "irregular": Marked(
        marks=(
            *("Cash", "NextDay", "Seller", "DerivativelyPriced", "Acquisition", "Bunched", "StockOption"),
            *("Distribution", "AveragePrice", "PriceVariation", "PriorReferencePrice"),
        )
    ),
    "late_report": Marked(marks=("Sold", "OutOfSequence")),
}
_BINANCE = {"off_market": Marked(marks=("INSURANCE_FUND", "ADL", "NA"))}
_SIRCA = {
    "cancelled": Retracted(marks=("CANCEL_TRADE",), takes_back=True),
    "off_market": Marked(marks=("OFFTR",)),
}
VOCABULARY: Mapping[str, Mapping[str, Marked]] = {
    "lseg": _LSEG,
    "simulated": _LSEG,
    "taq": _TAQ,
    "lean": _LEAN,
    "binance": _BINANCE,
    "sirca": _SIRCA,
}
"""By source, the marks that each rule looks for."""


def marks_of(rule: str) -> Defaults:
    """How the source of an instrument marks what `rule` rejects, where that is known."""

    def marks(instrument: Instrument) -> dict[str, Any]:
        known = VOCABULARY.get(instrument.source, {}).get(rule)
        return known.model_dump(exclude_defaults=True) if known else {}

    return marks

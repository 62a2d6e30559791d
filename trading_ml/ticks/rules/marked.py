r"""Rules that go by the source's own marks in `conditions`: one reader of marks, many reasons.

Each source marks trades in its own vocabulary, `VOCABULARY`:

- LSEG Tick History writes `VALUE[FIELD]` joined by `;`, as in `ODD[IRGCOND];Q[GV3_FLAG]`; values are the display codes
  of RDM's enumerations (enumtype.def of the Real-Time SDK): `CXL` cancelled trade and `AMD` amended trade, `OFF`
  off-floor trade and `OTC` OTC trade of PRC_QL_CD and PRC_QL3, `REV` trade reversal and `OTC` of PRC_QL2, `ODD` and
  `ODT` odd lots of IRGCOND. US trades carry the letters of the tape in LSTSALCOND and the GV texts.
- The letters of the US tapes (CTA and UTP sale conditions): I odd lot; C cash, N next day, R seller, B bunched, W
  average price, H price variation, P prior reference price, 4 derivatively priced, V and 7 contingent; L sold last, Z
  sold out of sequence, U the same in extended hours, G bunched sold. `CORR` of NYSE TAQ says what became of a trade.
- Lean names the bits of AlgoSeek's conditions; `OfficialOpen` and `OfficialClose` tell a price that an exchange
  declared and repeat the volume of its auction. Binance calls what the market did not match by its origin.

Odd, irregular and late trades are real ones. Which of them tell the price is a choice: the tapes' own last sale leaves
them out (CTA Plan, consolidated processing guidelines), the volume counts them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl
from pydantic import model_validator

from trading_ml.core.instruments import Instrument
from trading_ml.core.params import Params
from trading_ml.ticks.rules.contract import Defaults


class Marked(Params):
    """Which marks reject a trade: any of `marks`, or any of `letters`."""

    marks: tuple[str, ...] = ()
    """Values in `conditions`; `VALUE[FIELD]` counts in that field only, `VALUE` in any."""
    letters: str = ""
    """One-letter codes that are written together, as in `FTI`."""
    fields: tuple[str, ...] = ()
    """Patterns of the fields whose value is such letters; without any, the conditions are letters up to a `;`."""
    takes_back: bool = False
    """Whether such a row takes back another one: then the last trade of equal time, price and size is rejected too."""

    @model_validator(mode="after")
    def _marks_something(self) -> Marked:
        if not (self.marks or self.letters):
            raise ValueError("needs marks or letters to look for")
        return self


def marked(params: Marked) -> pl.Expr:
    r"""Whether one of the marks is among the conditions; known with the row, where the source marks it then.

    Example:
        >>> frame = pl.DataFrame({"conditions": ["ODD[IRGCOND]; CXL[PRC_QL3]", "XCXL[PRC_QL3]", None]})
        >>> frame.select(marked(Marked(marks=("CXL",)))).to_series().to_list()
        [True, False, None]
        >>> pl.DataFrame({"conditions": ["FTI", "F"]}).select(marked(Marked(letters="I"))).to_series().to_list()
        [True, False]
    """
    patterns = [_mark(mark) for mark in params.marks]
    if params.letters:
        patterns.append(_letters(params.letters, params.fields))
    found = pl.col("conditions").str.contains("|".join(patterns))
    return found.fill_null(value=False) | _taken_back(found) if params.takes_back else found


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
    "cancelled": Marked(marks=("CANCEL_TRADE",), takes_back=True),
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


def _taken_back(cancel: pl.Expr) -> pl.Expr:
    """As many trades of equal time, price and size, from the last one back, as rows take one back."""
    same, cancels = ("ts_event", "price", "size"), cancel.fill_null(value=False)
    from_the_last = cancels.not_().cum_sum(reverse=True).over(same)
    return cancels.not_() & (from_the_last <= cancels.sum().over(same))


def marks_of(rule: str) -> Defaults:
    """How the source of an instrument marks what `rule` rejects, where that is known."""

    def marks(instrument: Instrument) -> dict[str, Any]:
        known = VOCABULARY.get(instrument.source, {}).get(rule)
        return known.model_dump(exclude_defaults=True) if known else {}

    return marks


def _mark(mark: str) -> str:
    r"""Pattern of one mark: at the beginning or after `;`, `,`, a blank or a quote, and not going on after it."""
    value, _, field = mark.partition("[")
    after = rf"\[{re.escape(field)}" if field else r"(?:\[|[;,\s\"]|$)"
    return rf"(?:^|[;,\s\"]){re.escape(value)}\s*\"?{after}"


def _letters(letters: str, fields: tuple[str, ...]) -> str:
    one = f"[{re.escape(letters)}]"
    return rf"{one}[^;\[\]]*\[(?:{'|'.join(fields)})\]" if fields else rf"^[^;]*{one}"

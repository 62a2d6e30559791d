"""Rules that go by the source's own marks in `conditions`: one reader of marks, many reasons; see `vocabulary`.

Odd, irregular and late trades are real ones. Which of them tell the price is a choice: the tapes' own last sale leaves
them out (CTA Plan, consolidated processing guidelines), the volume counts them.
"""

from __future__ import annotations

import re
from typing import Self

import polars as pl
from pydantic import model_validator

from trading_ml.core.params import Params


class Marked(Params):
    """Which marks reject a trade: any of `marks`, or any of `letters`."""

    marks: tuple[str, ...] = ()
    """Values in `conditions`; `VALUE[FIELD]` counts in that field only, `VALUE` in any."""
    letters: str = ""
    """One-letter codes that are written together, as in `FTI`."""
    fields: tuple[str, ...] = ()
    """Patterns of the fields whose value is such letters; without any, the conditions are letters up to a `;`."""

    @model_validator(mode="after")
    def _marks_something(self) -> Self:
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
    return pl.col("conditions").str.contains("|".join(patterns))


def _mark(mark: str) -> str:
    r"""Pattern of one mark: at the beginning or after `;`, `,`, a blank or a quote, and not going on after it."""
    value, _, field = mark.partition("[")
    after = rf"\[{re.escape(field)}" if field else r"(?:\[|[;,\s\"]|$)"
    return rf"(?:^|[;,\s\"]){re.escape(value)}\s*\"?{after}"


def _letters(letters: str, fields: tuple[str, ...]) -> str:
    one = f"[{re.escape(letters)}]"
    return rf"{one}[^;\[\]]*\[(?:{'|'.join(fields)})\]" if fields else rf"^[^;]*{one}"

"""Other bars: those that a script reads in the stead of its own bars, or beside them."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, field_validator, model_validator

from trading_ml.core.errors import BadParams
from trading_ml.core.params import Params
from trading_ml.core.time import nanoseconds


class Bars(Params):
    """Bars of another length, of another instrument, or both.

    What is left out is as with the bars they are joined to; further keys are those of a project's `bars`.

    Example:
        >>> Bars("30m")
        Bars(every='30m')
        >>> Bars("1m", "bitflyer:BTC_JPY", max_age="1h")
        Bars(every='1m', instrument='bitflyer:BTC_JPY', max_age='1h')
        >>> Bars.model_validate("30m") == Bars("30m")
        True
    """

    model_config = ConfigDict(extra="allow")

    every: str | None = None
    """Length of the bars, like `30m`."""
    instrument: str | None = None
    """`SOURCE:SYMBOL`; the script's own instrument if left out."""
    max_age: str = "7d"
    """Age from which the last closed bar no longer counts: over a weekend and most holidays, not for ever."""
    inside: bool = False
    """In `@needs`: each column a list of the finer bars that lie inside the bar, in place of the last closed one."""

    def __init__(self, every: str | None = None, instrument: str | None = None, **options: Any) -> None:
        given = {"every": every, "instrument": instrument} | options
        super().__init__(**{key: value for key, value in given.items() if value is not None})

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"every": given} if isinstance(given, str) else given

    @field_validator("every", "max_age")
    @classmethod
    def _is_a_duration(cls, text: str) -> str:
        try:
            nanoseconds(text)
        except BadParams as cause:
            raise ValueError(f"{cause.problem}, {cause.fix}") from None
        return text

    @field_validator("instrument")
    @classmethod
    def _has_a_source(cls, name: str) -> str:
        if not all(name.partition(":")[::2]):
            raise ValueError("is not SOURCE:SYMBOL, for example bitflyer:BTC_JPY")
        return name

    def __repr_args__(self) -> Any:
        """Only what was given."""
        return [(key, getattr(self, key)) for key in self.model_dump(exclude_defaults=True)]

    @property
    def rule(self) -> dict[str, Any]:
        """What it says of the bars themselves, in the keys of a project's `bars`."""
        return self.model_dump(exclude_defaults=True, exclude={"instrument", "max_age", "inside"})

    @property
    def age(self) -> int:
        """`max_age` in nanoseconds."""
        return nanoseconds(self.max_age)

"""The `time` of a mapping: how a row tells when it happened."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, field_validator, model_validator

from trading_ml.core.params import Params

OF_INSTRUMENT = "instrument"
EPOCH = ("s", "ms", "us", "ns", "epoch")
OF_DAY = ("s of day", "ms of day")


def _pattern(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as cause:
        raise ValueError(f"is no regular expression: {cause}") from None
    if not groups:
        raise ValueError("has no group in parentheses to tell what to take")
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression over the file's name, whose groups are taken."""


class Moment(Params):
    """How a row tells its time."""

    column: str
    """The column of the time, or of the time of day where the date is elsewhere."""
    date: str | None = None
    """The column of the date."""
    date_in_name: Pattern | None = None
    """Year, month and day in the file's name: eight digits in one group or several."""
    format: str = "iso"
    """`iso` (ISO 8601); s, ms, us or ns since 1970, or `epoch`, whichever of these its size tells; `s of day` or
    `ms of day` since local midnight; `date`, an ISO date, be it with its midnight and offset; or a pattern such as
    `%Y%m%d %H%M%S%3f`, which with a date column covers both, a blank between them."""
    zone: str | None = None
    """Whose clock it is, where the time itself says no offset: an IANA zone, or `instrument` for that of each."""
    ambiguous: Literal["earliest", "latest", "refuse"] = "earliest"
    """Which one is meant of a local time that comes twice, when clocks go back; one they skip is quarantined."""

    @field_validator("format")
    @classmethod
    def _known(cls, text: str) -> str:
        if text not in ("iso", "date", *EPOCH, *OF_DAY) and "%" not in text:
            raise ValueError(f"is not iso, date, {', '.join((*EPOCH, *OF_DAY))} or a pattern with %")
        return text

    @field_validator("zone")
    @classmethod
    def _real(cls, zone: str | None) -> str | None:
        try:
            return zone if zone in (None, OF_INSTRUMENT) else ZoneInfo(zone).key
        except (KeyError, ValueError, OSError):
            raise ValueError(f"'{zone}' is not an IANA time zone, nor 'instrument'") from None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.zone is None and self.format not in ("iso", *EPOCH):
            raise ValueError(f"format '{self.format}' says no offset; add zone")
        if self.zone and self.format in EPOCH:
            raise ValueError(f"format '{self.format}' counts from 1970 in UTC; leave out zone")
        if (self.format in OF_DAY) != (self.date_in_name is not None):
            raise ValueError(f"date_in_name goes with {' or '.join(OF_DAY)}, and they with it")
        if self.date and "%" not in self.format:
            raise ValueError("a date column needs a format with %, for date and time with a blank between")
        return self

    def day_in(self, name: str) -> datetime | None:
        """Midnight of the date in a file's name, if there is one."""
        found = re.search(self.date_in_name or "()", name)
        try:
            return datetime.strptime("".join(found.groups()), "%Y%m%d") if found else None
        except ValueError:
            return None

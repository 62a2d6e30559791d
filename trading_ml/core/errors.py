"""One family of errors: each takes the culprit as data and builds the sentence `culprit: problem; fix`.

`BadInput` and its children mean the caller must change something (CLI exit code 2). `Refused` means a check
or the gate said no to something well-formed (exit code 1). Anything else that escapes is a bug.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class TradingError(Exception):
    """Base of all errors raised on purpose.

    Args:
        culprit: The file, symbol, key or script at fault.
        problem: What is wrong with it, and what was expected.
        fix: What to do about it (optional).
    """

    exit_code = 2

    def __init__(self, culprit: object, problem: str, fix: str = "") -> None:
        self.culprit, self.problem, self.fix = str(culprit), problem, fix
        super().__init__(f"{culprit}: {problem}" + (f"; {fix}" if fix else ""))

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        """Survive a trip between processes although `args` holds only the sentence."""
        return type(self), (self.culprit, self.problem, self.fix)


class BadInput(TradingError):
    """Something given by the user cannot be used."""


class BadFile(BadInput):
    """A raw file is missing, unreadable, or not of the format it is taken for."""


class BadProject(BadInput):
    """A project file does not say what a project file must say."""


class BadParams(BadInput):
    """A parameter is unknown, of the wrong type, or out of bounds."""


class Unknown(BadInput):
    """A name is not among the known ones; the nearest known name is suggested."""

    def __init__(self, culprit: object, problem: str, fix: str = "") -> None:
        super().__init__(culprit, problem, fix)

    @classmethod
    def of(cls, what: str, name: str, known: Iterable[str]) -> Unknown:
        """Build the sentence for `name` that is not a known `what`.

        Example:
            >>> print(Unknown.of("feature", "atrr", ["atr", "sma"]))
            atrr: unknown feature; did you mean 'atr'?
        """
        return cls(name, f"unknown {what}", nearest(name, known))


class NoData(BadInput):
    """The request is well-formed but the data root holds nothing for it."""


class NotWritten(BadInput):
    """The data root takes no more: its disk is full, or it may not be written."""


class OutOfRange(BadInput, IndexError):
    """A position lies outside a sequence; also an IndexError, so that plain loops over the sequence end."""


class Refused(TradingError):
    """A check, a proof or the gate says no."""

    exit_code = 1


class LookAhead(Refused):
    """A feature or label reads what was not yet known."""


class AccountingError(Refused):
    """Rows in are not rows kept + quarantined + duplicates."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the known name nearest to `name`, letter case aside, or list the known ones."""
    names = {each.casefold(): each for each in sorted(known, reverse=True)}
    close = get_close_matches(name.casefold(), list(names), n=1, cutoff=0.5)
    if close:
        return f"did you mean '{names[close[0]]}'?"
    return f"known: {', '.join(sorted(names.values()))}" if names else "none is known yet"

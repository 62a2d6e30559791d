"""What a lineage is asked of: a version, a dataset, or one sample of either, in one word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from trading_ml.core.errors import BadInput, BadParams, NoData, Unknown
from trading_ml.core.lake import Lake
from trading_ml.datasets import promoted
from trading_ml.lineage import version
from trading_ml.lineage.version import Version

_FORM = re.compile(r"([^@/:#]+)(?:@([^#]+)|/([^#]+)|:([^#]+))?(?:#(.+))?")
PROMOTED = "promoted"


@dataclass(frozen=True)
class What:
    """A thing by name.

    | written | means |
    | --- | --- |
    | `volatility` | the champion; without one the newest version; before the first version the promoted dataset |
    | `volatility@champion` | the version that holds an alias |
    | `volatility/3` | version 3 |
    | `volatility:4f5e6d7c8b9a` | a dataset, by as many digits of its digest as tell it apart |
    | `volatility:promoted` | the dataset that training reads |
    | any of these and `#1234` | that sample of the dataset, from 0 on; `#-1` is the last |
    | any of these and `#2018-01-23T10:00` | the sample of that moment, in the instrument's zone |
    | any of these and `#BTC_JPY@2018-01-23T10:00` | the same, where the dataset has several instruments |

    Example:
        >>> What.parse("volatility/3#BTC_JPY@2018-01-23T10:00")
        What(project='volatility', alias=None, number='3', dataset=None, sample='BTC_JPY@2018-01-23T10:00')
    """

    project: str
    alias: str | None = None
    number: str | None = None
    dataset: str | None = None
    sample: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it as it is written.

        Raises:
            BadParams: when it is of none of these forms.
        """
        found = _FORM.fullmatch(text)
        if not found:
            forms = "NAME, NAME@champion, NAME/3 or NAME:DIGEST, each alone or with #SAMPLE"
            raise BadParams(text, "names no version, dataset or sample", f"write {forms}")
        return cls(*found.groups())

    def resolve(self, lake: Lake) -> tuple[Version | None, str]:
        """The version, if it names one, and the digest of the dataset, as far as it is given.

        Raises:
            Unknown: when there is no such project, alias, version or dataset; the nearest is suggested.
            NoData: when nothing of the project was made yet.
            BadInput: when several datasets begin with the digits.
        """
        known = sorted(path.name for path in lake.path("datasets").glob("*") if path.is_dir())
        if self.project not in known:
            raise Unknown.of("project", self.project, known)
        if self.dataset:
            return None, self._digest(lake, self.dataset)
        if self.alias or self.number:
            found = version.find(lake, self.project, self.number, self.alias)
        else:
            found = version.foremost(lake, self.project)
        return found, found.dataset if found else self._promoted(lake)

    def _digest(self, lake: Lake, given: str) -> str:
        if given == PROMOTED:
            return promoted(lake, self.project)
        known = [path.parent.name for path in lake.path("datasets", self.project).glob("*/manifest.json")]
        fits = [digest for digest in known if digest.startswith(given[: len(digest)].lower())]
        if len(fits) > 1:
            raise BadInput(f"{self.project}:{given}", f"is the beginning of {', '.join(sorted(fits))}", "give more")
        if not fits:
            raise Unknown.of(f"dataset of {self.project}", given, [*known, PROMOTED])
        return fits[0]

    def _promoted(self, lake: Lake) -> str:
        try:
            return promoted(lake, self.project)
        except NoData:
            built = sorted(path.parent.name for path in lake.path("datasets", self.project).glob("*/manifest.json"))
            told = f"name one of its datasets: {', '.join(f'{self.project}:{each}' for each in built)}" if built else ""
            raise NoData(self.project, "has no version and no promoted dataset", told) from None

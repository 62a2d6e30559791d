"""Whether what a dataset was made from is still there: files come late and scripts change, a dataset does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from trading_ml.bars import BarParams
from trading_ml.bars.beside import params_of
from trading_ml.bars.table import are_current
from trading_ml.core.lake import Lake
from trading_ml.core.other import Bars
from trading_ml.lineage.bars import Shown
from trading_ml.lineage.sample import Sample


def changes(sample: Sample, days: Mapping[str, Sequence[date]], params: BarParams) -> Iterator[str]:
    """What was made anew since the dataset was built, a sentence each: where there are any, the walk shows today's.

    Args:
        sample: The sample.
        days: Dates of its features and of its labels.
        params: The project's bars.
    """
    lake, name = sample.dataset.lake, sample.traded.name
    for room, day in ((room, day) for room, of in days.items() for day in of):
        made, kept = lake.table(room, sample.dataset.project).receipt(name, day), sample.built_from(room, day)
        if made is None or (kept and made.digest != kept):
            yield f"{room} of {name} on {day} are not those of the dataset any more"
        for entry in made.facts.get("bars", ()) if made else ():
            read = params_of(params, Bars.model_validate(entry["wanted"])) if "wanted" in entry else params
            yield from (f"{told} since {room} were computed" for told in _built(lake, read, entry))


def merged(lake: Lake, shown: Shown, day: date) -> Iterator[str]:
    """Whether bars of a day are still those of its ticks."""
    if not are_current(lake, shown.traded, shown.params, day):
        yield f"ticks of {shown.traded.name} on {day} changed since bars {shown.params.name} were made of them"


def _built(lake: Lake, params: BarParams, read: Mapping[str, Any]) -> Iterator[str]:
    name = read["instrument"]
    for day, digest in read["days"].items():
        receipt = lake.table("bars", params.name).receipt(name, date.fromisoformat(day))
        if receipt is None or receipt.digest != digest:
            yield f"bars {params.name} of {name} on {day} changed"

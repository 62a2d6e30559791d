"""Bars beside a project's own: which ones its scripts mean, and where they lie."""

from __future__ import annotations

from collections.abc import Mapping

from trading_ml.bars.params import BarParams
from trading_ml.bars.sources import sources
from trading_ml.core.context import Extent, Part
from trading_ml.core.days import Days, Other
from trading_ml.core.errors import NoData, Unknown, nearest
from trading_ml.core.instruments import Instrument, instrument
from trading_ml.core.lake import Lake
from trading_ml.core.other import Bars
from trading_ml.core.script import Use
from trading_ml.core.settings import Settings

_RULES = ("every", "ticks", "volume", "dollar")


def beside(own: BarParams, wanted: Bars, where: str = "on") -> BarParams:
    """The parameters of other bars: what they leave out is as with our own.

    Raises:
        BadParams: naming the key at fault below `where`.

    Example:
        >>> other = beside(BarParams(every="1m", session="regular"), Bars("30m"))
        >>> other.every, other.session
        ('30m', 'regular')
    """
    ruled = any(rule in wanted.rule for rule in _RULES)
    kept = {key: value for key, value in own.model_dump(exclude_defaults=True).items() if not (ruled and key in _RULES)}
    return BarParams.parse(kept | wanted.rule, where)


def part(
    lake: Lake, own: BarParams, traded: Instrument, name: str, use: Use, before: Extent, after: Extent | None = None
) -> Part:
    """A script in a table of `traded`, with the other bars that it looks at.

    Args:
        lake: Where the bars are.
        own: The bars of the table.
        traded: The instrument of the table.
        name: What the script goes by there.
        use: The script as a project names it.
        before: Its measured warm-up.
        after: Its reach, of a label.

    Raises:
        BadParams: when other bars cannot be. Unknown: when nothing is known of an instrument. NoData: when other bars
            are not built.
    """
    others = tuple(
        Other(asks, wanted, found(lake, own, traded, wanted, f"{use.kind}s.{name}.{asks}"))
        for asks, wanted in use.others.items()
    )
    return Part(name, use.bound, before, after or Extent(), others)


def found(lake: Lake, own: BarParams, traded: Instrument, wanted: Bars, where: str) -> Days:
    """The days of other bars that rows of `traded` look at; see `part`."""
    params, name = beside(own, wanted, where), wanted.instrument or traded.name
    table = lake.table("bars", params.name)
    if not table.dates(name):
        known = sources(lake, params).instruments()
        if name not in known:
            raise Unknown(f"{where}, {name}", "unknown instrument", nearest(name, known))
        raise NoData(f"{where}, bars {params.name} of {name}", "are not built", "build them first")
    return Days(table, name, instrument(name, Settings().instruments).zone)


def wanted_of(own: BarParams, uses: Mapping[str, Use]) -> list[tuple[BarParams, Bars]]:
    """The other bars of some scripts, by the name each goes by.

    Raises:
        BadParams: naming the script and the key at fault.
    """
    return [
        (beside(own, wanted, f"{use.kind}s.{name}.{asks}"), wanted)
        for name, use in uses.items()
        for asks, wanted in use.others.items()
    ]

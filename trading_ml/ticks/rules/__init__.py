"""Cleaning rules: readable rows that must not enter bars, each under a name that stays with the tick.

One file and one line each. A rule is a function from its parameters to a boolean expression over tick columns. It is
causal when it uses only what was known with the row; else it is retrospective, and whoever builds on it has to say so.

Which rules an instrument has is one of its facts: `rules: [default, unit_slip, {outlier: {ticks: 101}}]`.
"""

from __future__ import annotations

from collections.abc import Mapping

from trading_ml.core.errors import Unknown
from trading_ml.core.instruments import Instrument
from trading_ml.ticks.rules.contract import Choice, Rule, judged, rules_digest
from trading_ml.ticks.rules.crossed import CrossedParams, crossed
from trading_ml.ticks.rules.marked import Marked, marked
from trading_ml.ticks.rules.one_sided import OneSidedParams, carried, one_sided
from trading_ml.ticks.rules.outlier import OutlierParams, outlier
from trading_ml.ticks.rules.retracted import Retracted, retracted
from trading_ml.ticks.rules.session import SessionParams, calendar_of, session
from trading_ml.ticks.rules.unit_slip import UnitSlipParams, unit_slip
from trading_ml.ticks.rules.vocabulary import VOCABULARY, marks_of
from trading_ml.ticks.rules.zero_or_negative_size import SizeParams, zero_or_negative_size

DEFAULT = ("cancelled", "corrected", "off_market")
"""On for every source that has marks for them."""


def _by_marks(name: str, summary: str) -> Rule:
    return Rule(name, summary, Marked, marked, causal=True, defaults=marks_of(name))


def _undone(name: str, summary: str) -> Rule:
    return Rule(name, summary, Retracted, retracted, causal=False, defaults=marks_of(name))


# Cancels and corrections are marked on a trade after it was printed: a live reader at its time saw a normal trade.
RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        _undone("cancelled", "the trade was cancelled or reversed"),
        _undone("corrected", "the trade was amended afterwards"),
        _by_marks("off_market", "the trade was reported, not made on the market"),
        _by_marks("odd_lot", "the trade is smaller than a lot"),
        _by_marks("irregular", "the trade's terms are not those of the market now"),
        _by_marks("late_report", "the trade was reported late or out of sequence"),
        _by_marks("qualifiers", "the trade has a mark of your choice"),
        Rule("zero_or_negative_size", "nothing was traded", SizeParams, zero_or_negative_size, causal=True),
        Rule("unit_slip", "the price is in another unit", UnitSlipParams, unit_slip, causal=True),
        Rule("outlier", "the price is far off the last ones", OutlierParams, outlier, causal=True),
        Rule(
            "session", "the market was closed", SessionParams, session, causal=True, kinds=("trades", "quotes"),
            defaults=calendar_of, packages=("exchange-calendars",),
        ),
        Rule("one_sided", "a side is missing", OneSidedParams, one_sided, True, ("quotes",), repairs=carried),
        Rule("crossed", "the bid is above the ask", CrossedParams, crossed, causal=True, kinds=("quotes",)),
    )
}  # fmt: skip


def chosen(instrument: Instrument, kind: str) -> tuple[Choice, ...]:
    """The rules that hold for ticks of an instrument, in the order in which they are tried.

    Raises:
        Unknown: when its facts name a rule that does not exist.
        BadParams: when a rule's parameters are wrong, or missing and not to be known from the other facts.
    """
    choices = []
    for use in instrument.rules:
        if use.name == "default":
            known = [RULES[name] for name in DEFAULT if name in VOCABULARY.get(instrument.source, {})]
            choices += [
                Choice(rule, rule.params.model_validate(rule.defaults(instrument)))
                for rule in known
                if kind in rule.kinds
            ]
            continue
        if use.name not in RULES:
            raise Unknown.of(f"cleaning rule of {instrument.name}", use.name, [*RULES, "default"])
        rule = RULES[use.name]
        if kind in rule.kinds:
            given = {**rule.defaults(instrument), **use.params}
            choices.append(Choice(rule, rule.params.parse(given, f"{instrument.name}, rules.{use.name}")))
    return tuple(choices)


__all__ = ["DEFAULT", "RULES", "VOCABULARY", "Choice", "Marked", "Rule", "chosen", "judged", "marked", "rules_digest"]

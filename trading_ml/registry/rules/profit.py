"""Whether what is to be traded earns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trading_ml.registry.rules.rule import Finding, Rule
from trading_ml.registry.sampling import sampled

if TYPE_CHECKING:
    from trading_ml.registry.rules.case import Case


class Profit(Rule):
    """Where the project says that the label is traded, the lower bound of its net profit must lie above 0.

    A label that leans on the past can be guessed where nothing can be earned. The blocks and the share of error are
    those of the advantages over the baselines.
    """

    def judge(self, case: Case) -> Finding:
        """The sum over the test part, in basis points, and its bound."""
        earned = case.exam.earned
        if earned is None:
            return Finding.unasked("the label is not traded")
        (total,) = sampled(case.exam, [lambda weights: weights @ earned])
        bound = total.lower(case.share)
        told = f"its net profit of {total.value:+.1f} bps is not above 0 beyond sampling error"
        reasons = [] if bound > 0 else [f"{told} (lower bound {bound:+.1f})"]
        return Finding.of(reasons, {"profit_bps": total.value, "lower_bound_bps": bound})

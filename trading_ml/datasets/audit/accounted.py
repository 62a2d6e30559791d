"""Every bar a sample, or rejected for a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from trading_ml.datasets.audit.check import Check, Verdict, row

if TYPE_CHECKING:
    from trading_ml.datasets.audit.view import View

_ASKED_FOR = ("not_sampled", "filtered")


class Accounted(Check):
    """Bars = samples + rejected, instrument by instrument.

    Bars that the project itself leaves out (by its sampler and its filter) are as wished. A dataset that loses most of
    the others, to holes and unanswered labels, is about what happens to be left.
    """

    warn_lost: float = Field(default=0.5, ge=0, le=1)
    """Share of an instrument's wished bars that may be rejected before the audit warns."""

    def judge(self, view: View) -> Verdict:
        """A line an instrument."""
        said, rows = [], []
        for name, account in view.manifest["accounts"].items():
            rejected = {key: count for key, count in account.items() if key not in ("candidates", "kept")}
            rows.append(row(instrument=name, bars=account["candidates"], samples=account["kept"], **rejected))
            if account["candidates"] != account["kept"] + sum(rejected.values()):
                said.append(("refuse", f"{name}: bars are neither samples nor rejected; build the dataset again"))
            wished = account["candidates"] - sum(rejected[reason] for reason in _ASKED_FOR)
            lost = wished - account["kept"]
            if lost > self.warn_lost * wished:
                reason = max(set(rejected) - set(_ASKED_FOR), key=lambda key: rejected[key])
                told = f"{name}: {lost / wished:.0%} of its bars make no sample, most often for {reason}"
                said.append(("warn", f"{told}; look at that feature or label, or at the bars"))
        return Verdict(said, rows)

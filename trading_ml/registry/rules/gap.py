"""How much of what was learnt in training is left on the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from trading_ml.registry.rules.rule import Finding, Rule

if TYPE_CHECKING:
    from trading_ml.registry.rules.case import Case


class Gap(Rule):
    """The metric on each part, told always; a gap between train and test refuses only where there is a limit.

    There is none by default: what is remembered does no harm by itself. A random forest knows its training samples
    nearly by heart and may be honest on the next; one that is not fails elsewhere, by its skill or its calibration.
    """

    limit: float | None = Field(default=None, ge=0)
    """Greatest gap, in units of the metric."""

    def judge(self, case: Case) -> Finding:
        """A line a part."""
        found = {part: case.metric_of(exam) for part, exam in (*case.others.items(), ("test", case.exam))}
        rows = [{"part": part, case.metric: value} for part, value in found.items()]
        if not np.isfinite(found.get("train", np.nan)):
            return Finding.unasked("nothing is known of the training part").model_copy(update={"rows": tuple(rows)})
        gap = case.sign * (found["train"] - found["test"])
        told = f"{case.metric} {found['train']:.4f} in training and {found['test']:.4f} on the test part"
        beyond = self.limit is not None and gap > self.limit
        reasons = [f"overfitted: {told}; a gap of {self.limit:g} is allowed"] if beyond else []
        return Finding.of(reasons, {"gap": gap}, rows=rows)

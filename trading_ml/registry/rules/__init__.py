"""The rules of the gate: one file a rule, one line here."""

from __future__ import annotations

from collections.abc import Iterator

from trading_ml.core.params import Params
from trading_ml.registry.rules.calibration import Calibration
from trading_ml.registry.rules.champion import Champion
from trading_ml.registry.rules.control import Control
from trading_ml.registry.rules.gap import Gap
from trading_ml.registry.rules.plausible import Plausible
from trading_ml.registry.rules.profit import Profit
from trading_ml.registry.rules.rule import Finding, Rule
from trading_ml.registry.rules.skill import Skill
from trading_ml.registry.rules.slices import Slices
from trading_ml.registry.rules.sound import Sound
from trading_ml.registry.rules.support import Support


class Rules(Params):
    """One field a rule; what is left out has its bounds by default, and `false` leaves a rule out.

    Example:
        >>> [name for name, _ in Rules.parse({"slices": False, "support": {"min_recall": 0.1}}, "gate").asked()][:3]
        ['sound', 'support', 'skill']
    """

    sound: Sound = Sound()
    support: Support = Support()
    skill: Skill = Skill()
    profit: Profit = Profit()
    calibration: Calibration = Calibration()
    plausible: Plausible = Plausible()
    slices: Slices = Slices()
    champion: Champion = Champion()
    control: Control = Control()
    gap: Gap = Gap()

    def asked(self) -> Iterator[tuple[str, Rule]]:
        """Name and bounds of the rules that are on, `sound` first."""
        for name in Rules.model_fields:
            if (rule := getattr(self, name)).on:
                yield name, rule


__all__ = ["Finding", "Rule", "Rules"]

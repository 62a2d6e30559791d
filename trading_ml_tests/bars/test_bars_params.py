"""Which bars: one rule each, names that stay, errors that say what to do."""

from __future__ import annotations

from typing import Any

import pytest

from trading_ml.bars import BarParams
from trading_ml.core.errors import BadParams


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"every": "1m"}, "1m"), ({"every": "05 minute"}, "5m"), ({"every": "1day"}, "1d"), ({"every": "24h"}, "24h"),
        ({"every": "250ms"}, "250ms"), ({"ticks": 500}, "500_ticks"), ({"volume": 1e5}, "100000_volume"),
        ({"volume": "1e5"}, "100000_volume"), ({"volume": 0.25}, "0p25_volume"),
        ({"dollar": 123456789.5}, "123456789p5_dollar"),
        ({"every": "1m", "kind": "trades", "fill": False}, "1m"),
    ],
)  # fmt: skip
def test_names_say_the_rule(params: dict[str, Any], name: str) -> None:
    assert BarParams.parse(params, "bars").name == name


def test_other_options_add_a_digest_and_an_option_left_at_its_default_does_not() -> None:
    variants = [{"fill": True}, {"kind": "quotes"}, {"statistics": ["signed_volume"]}, {"fill": True, "kind": "quotes"}]
    names = [BarParams.parse({"every": "1m", **options}, "bars").name for options in variants]
    assert len({*names, "1m"}) == 5
    assert all(name.startswith("1m_") and len(name) == len("1m_") + 6 for name in names)
    # these are folders of the lake and assets of Dagster: a release must not rename them
    assert names[0] == "1m_9b8f5a"


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({}, "bars: exactly one of every, ticks, volume, dollar is needed, none given"),
        ({"every": "1m", "ticks": 5}, "of every, ticks, volume, dollar is needed, every and ticks given"),
        ({"every": "1x"}, "bars.every: is not a duration, write a count and one of ms, s, m, h, d"),
        ({"every": "2d"}, "bars.every: is longer than a day; bars are cut at local midnight (given: '2d')"),
        ({"ticks": 0}, "bars.ticks: input should be greater than 0 (given: 0)"),
        ({"volume": float("inf")}, "bars.volume: input should be a finite number (given: inf)"),
        ({"evry": "1m"}, "bars.evry: unknown key; did you mean 'every'?"),
        ({"ticks": 5, "fill": True}, "bars: fill needs time bars: only intervals of time can be empty"),
        ({"volume": 5, "kind": "quotes"}, "quotes trade nothing"),
        ({"every": "1m", "statistics": ["signed_vol"]}, "not a bar statistic; did you mean 'signed_volume'?"),
    ],
)  # fmt: skip
def test_what_cannot_be_built_is_refused_in_one_line(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadParams) as caught:
        BarParams.parse(params, "bars")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.decimals import decimals


@given(st.floats(-1e6, 1e6, allow_subnormal=False))
def test_what_is_shown_is_the_number_but_for_its_fourth_decimal_or_third_digit(value: float) -> None:
    assert abs(float(decimals(value)) - value) <= max(0.5001e-4 * (abs(value) >= 0.01), 0.00501 * abs(value))


def test_small_errors_can_be_told_apart() -> None:
    assert decimals(0.001234) != decimals(0.001245)
    assert (decimals(float("nan")), decimals(0.01)) == ("nan", "0.0100")

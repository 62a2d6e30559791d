"""Numbers as tables show them."""

from __future__ import annotations


def decimals(value: float) -> str:
    """Four decimals; of a smaller number than 0.01 three digits, so that errors of returns can be compared.

    Example:
        >>> decimals(0.70312), decimals(-12.5), decimals(0.000123456), decimals(0.0)
        ('0.7031', '-12.5000', '0.000123', '0.0000')
    """
    return f"{value:.3g}" if 0 < abs(value) < 0.01 else f"{value:.4f}"

"""Compiled kernels: built at the first call, equal to the plain function bit for bit."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.compiled import compiled


@compiled
def running_sum(values: np.ndarray) -> float:
    """Sum from the first to the last, in that order."""
    total = 0.0
    for value in values:
        total += value
    return total


@given(st.lists(st.floats(-1e9, 1e9), max_size=50))
def test_the_kernel_returns_what_the_plain_function_returns(values: list[float]) -> None:
    array = np.array(values, dtype=np.float64)
    plain = running_sum.__wrapped__  # pyright: ignore[reportFunctionMemberAccess]
    assert np.float64(running_sum(array)).tobytes() == np.float64(plain(array)).tobytes()


def test_numba_waits_for_the_first_call() -> None:
    code = """
import sys
from trading_ml.core.compiled import compiled
@compiled
def twice(x):
    return 2 * x
print("numba" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_without_a_place_for_machine_code_it_compiles_anyway() -> None:
    scope: dict[str, Any] = {}
    exec("def twice(x):\n    return 2 * x", scope)  # no source file: numba finds no place for its cache
    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(cache=True)(scope["twice"])
    assert compiled(scope["twice"])(21) == 42

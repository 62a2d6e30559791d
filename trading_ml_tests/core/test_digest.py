"""Digests: the same for the same value however it was put together, and different for different values."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import date
from functools import wraps
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ml.core.digest import canonical, digest, file_digest, source_digest
from trading_ml.core.params import Params

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Sma(Params):
    period: int = 20


@given(st.dictionaries(st.text(), PLAIN, min_size=2, max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, object]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


@given(st.lists(st.integers(), min_size=2, max_size=6))
def test_the_order_of_a_sequence_does(values: list[int]) -> None:
    assert (digest(values) == digest(values[::-1])) == (values == values[::-1])


def test_canonical_text_is_written_out() -> None:
    value = {"b": [1, 2.5, None], "a": {"day": date(2024, 3, 1), "on": True}}
    assert canonical(value) == '{"a":{"day":"2024-03-01","on":true},"b":[1,2.5,null]}'
    assert digest(value) == hashlib.sha256(f"[{canonical(value)}]".encode()).hexdigest()


def test_parameters_count_with_their_defaults() -> None:
    assert digest(Sma()) == digest(Sma(period=20)) == digest({"period": 20}) != digest(Sma(period=21))


def test_numbers_of_numpy_count_as_numbers() -> None:
    assert canonical([np.int64(5), np.float64(0.5), np.bool_(True)]) == "[5,0.5,true]"


def test_a_set_has_one_text_in_every_process() -> None:
    code = "from trading_ml.core.digest import canonical; print(canonical({'beta', 'alpha', 'gamma'}))"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in "12"
    }
    assert seen == {'["alpha","beta","gamma"]\n'}


def test_dtypes_and_paths_have_a_text_and_arbitrary_objects_have_none() -> None:
    assert canonical([pl.Float64(), Path("a/b")]) == '["Float64","a/b"]'
    with pytest.raises(TypeError, match="object has no canonical text"):
        canonical(object())


def test_file_digest_is_sha256_of_the_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "f").write_bytes(content)
    assert file_digest(tmp_path / "f") == hashlib.sha256(content).hexdigest()


def test_source_digest_is_that_of_the_file_behind_every_decorator() -> None:
    @wraps(test_file_digest_is_sha256_of_the_bytes)
    def wrapped() -> None: ...

    assert source_digest(wrapped) == file_digest(Path(__file__))
    assert source_digest(pytest.raises) != file_digest(Path(__file__))

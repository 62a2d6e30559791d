"""Parameters: frozen, strict about keys, and one line per mistake that names key and nearest key."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import Field, ValidationError, field_validator

from trading_ml.core.errors import BadParams, BadProject
from trading_ml.core.params import Params


class Window(Params):
    period: int = Field(default=20, ge=2)
    kind: Literal["simple", "wilder"] = "simple"


class Split(Params):
    embargo: int = 0
    validation_from: str

    @field_validator("validation_from")
    @classmethod
    def _has_a_dash(cls, text: str) -> str:
        if "-" not in text:
            raise ValueError("Not a date")
        return text


class Study(Params):
    name: str
    windows: dict[str, Window] = {}
    rules: tuple[Window, ...] = ()
    split: Split | None = None


def test_values_cannot_change_after_the_check() -> None:
    window = Window.parse({"period": 5}, "features.sma")
    with pytest.raises(ValidationError):
        window.period = 6  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"nam": "x"}, "study.name: is required but missing"),
        ({"name": "x", "splitt": {}}, "study.splitt: unknown key; did you mean 'split'?"),
        (
            {"name": "x", "windows": {"slow": {"perod": 5}}},
            "study.windows.slow.perod: unknown key; did you mean 'period'?",
        ),
        ({"name": "x", "rules": [{}, {"knd": 1}]}, "study.rules.1.knd: unknown key; did you mean 'kind'?"),
        (
            {"name": "x", "split": {"validation_from": "2024-03-01", "embarg": 1}},
            "study.split.embarg: unknown key; did you mean 'embargo'?",
        ),
        (
            {"name": "x", "split": {"validation_from": "soon"}},
            "study.split.validation_from: not a date (given: 'soon')",
        ),
        (
            {"name": "x", "windows": {"slow": {"period": 1}}},
            "study.windows.slow.period: input should be greater than or equal to 2 (given: 1)",
        ),
        (
            {"name": "x", "windows": {"slow": {"kind": "hull"}}},
            "study.windows.slow.kind: 'hull' is not a known value; known: simple, wilder",
        ),
    ],
)
def test_a_mistake_is_one_line_with_the_key_and_the_nearest_key(raw: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadParams) as caught:
        Study.parse(raw, "study")
    assert str(caught.value) == sentence
    assert "\n" not in str(caught.value)


def test_the_caller_chooses_the_error_class() -> None:
    with pytest.raises(BadProject, match=r"volatility\.yaml\.period"):
        Window.parse({"period": "many"}, "volatility.yaml", BadProject)


def test_a_mistake_at_the_top_needs_no_place() -> None:
    with pytest.raises(BadParams) as caught:
        Window.parse({"period": None}, "")
    assert caught.value.culprit == "period"

"""What every feature script must fulfil."""

from __future__ import annotations

import doctest
import inspect

import polars as pl
import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.script import load
from trading_ml.core.witness import Statement, Witness
from trading_ml.features import FEATURES, FeatureUse
from trading_ml.features.proof import prove

MOST = (0.99, 150)
SILENT = {
    "zscore": (0.85, 150),  # null in flat windows
    "minutes_to_close": (0.2, 15),  # null outside New York's sessions; bitcoin trades round the clock
}
"""Of features that rightly say nothing on some bars: least share of crafted rows tested, least number of real ones."""

ABRIDGED = {"alpha158": {"windows": [5]}}
"""Of features whose whole proof takes a minute: parameters under which every formula of theirs is still there."""


@pytest.mark.parametrize("name", FEATURES)
def test_passes_its_proof_on_crafted_and_on_real_bars(name: str, real_bars: pl.DataFrame) -> None:
    bars = real_bars.head(4_000) if name in ABRIDGED else real_bars
    proof = prove(load(name, "feature").bind(ABRIDGED.get(name, {})), bars)
    assert proof.passed, proof.reasons
    share, rows = SILENT.get(name, MOST)
    assert proof.lookahead.share > share
    assert proof.lookahead.real is not None
    assert proof.lookahead.real.rows_tested > rows
    assert proof.partition_invariance.worst <= 1e-9
    assert proof.warm_up is not None


@pytest.mark.parametrize("name", FEATURES)
def test_says_formula_or_meaning_units_and_when_it_is_known_and_its_example_holds(name: str) -> None:
    function = FEATURES[name]
    doc = inspect.getdoc(function) or ""
    assert "Known at: " in doc
    assert "Units: " in doc
    assert "Example:" in doc
    module = inspect.getmodule(function)
    assert module
    examples = doctest.DocTestFinder().find(function, name, module, vars(module))
    assert sum(len(test.examples) for test in examples) > 0
    runner = doctest.DocTestRunner(verbose=False)
    for test in examples:
        runner.run(test)
    assert runner.failures == 0


@pytest.mark.parametrize("name", FEATURES)
def test_parameters_have_a_schema_with_descriptions_and_defaults(name: str) -> None:
    schema = load(name, "feature").params.model_json_schema()
    assert schema["additionalProperties"] is False
    for key, field in schema.get("properties", {}).items():
        assert field.get("description"), f"{name}.{key}"
        assert "default" in field


@pytest.mark.parametrize("name", FEATURES)
def test_lives_in_a_file_of_its_name_and_can_be_used(name: str) -> None:
    function = FEATURES[name]
    assert function.__name__ == name
    assert function.__module__ == f"trading_ml.features.{name}"
    assert FeatureUse.parse({"use": name}, name).bound.expressions


def test_every_one_gives_a_witness_the_same_values() -> None:
    """In another process with other threads, hash seed, zone and date, at the first call and later."""
    bars = crafted()
    with Witness() as witness:
        for name in FEATURES:
            bound = load(name, "feature").bind({})
            given = bound.given(bars)
            here, there = Statement.of(bound, given), witness.ask(bound, given)
            assert isinstance(there, Statement), f"{name} {there}"
            for ours, theirs in zip(here, there, strict=True):
                assert ours.equals(theirs), name

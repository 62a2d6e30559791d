"""What every label script must fulfil."""

from __future__ import annotations

import doctest
import inspect

import polars as pl
import pytest

from trading_ml.core.crafted import crafted
from trading_ml.core.script import LABEL_END, load
from trading_ml.labels import LABELS, LabelUse
from trading_ml.labels.proof import prove


@pytest.mark.parametrize("name", LABELS)
def test_passes_its_proof_on_crafted_and_on_real_bars(name: str, real_bars: pl.DataFrame) -> None:
    proof = prove(load(name, "label").bind({}), real_bars)
    assert proof.passed, proof.reasons
    assert proof.lookahead.share > 0.5  # of labels with long horizons fewer cuts fit into a round
    assert proof.lookahead.real is not None
    assert proof.lookahead.real.rows_tested > 100
    assert proof.partition_invariance.worst <= 1e-9
    assert proof.warm_up is not None
    assert 0 < proof.reach.measured <= proof.reach.declared


@pytest.mark.parametrize("name", LABELS)
def test_says_formula_and_when_it_is_known_and_its_example_holds(name: str) -> None:
    function = LABELS[name]
    doc = inspect.getdoc(function) or ""
    assert "Known at: " in doc
    assert "Formula: " in doc
    assert "Example:" in doc
    module = inspect.getmodule(function)
    assert module
    examples = doctest.DocTestFinder().find(function, name, module, vars(module))
    assert sum(len(test.examples) for test in examples) > 0
    runner = doctest.DocTestRunner(verbose=False)
    for test in examples:
        runner.run(test)
    assert runner.failures == 0


@pytest.mark.parametrize("name", LABELS)
def test_parameters_have_a_schema_with_descriptions_and_defaults(name: str) -> None:
    schema = load(name, "label").params.model_json_schema()
    assert schema["additionalProperties"] is False
    for key, field in schema.get("properties", {}).items():
        assert field.get("description"), f"{name}.{key}"
        assert "default" in field


@pytest.mark.parametrize("name", LABELS)
def test_answers_a_number_or_a_class_and_names_yes_and_no(name: str) -> None:
    script = load(name, "label")
    for values in script.bind({}).evaluate(crafted()).drop(LABEL_END).iter_columns():
        assert values.dtype in (pl.Boolean, pl.String, pl.Float64)
        assert values.dtype != pl.Boolean or len(set(script.classes)) == 2


@pytest.mark.parametrize("name", LABELS)
def test_lives_in_a_file_of_its_name_and_can_be_used(name: str) -> None:
    function = LABELS[name]
    assert function.__name__ == name
    assert function.__module__ == f"trading_ml.labels.{name}"
    assert LabelUse.parse({"use": name}, name).bound.expressions

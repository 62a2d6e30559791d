"""What holds for every check of the audit: it says what it is, is pure, can be left out, and lets noise be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trading_ml.core.errors import BadParams
from trading_ml.core.lake import Lake
from trading_ml.datasets import Dataset, build, sources
from trading_ml.datasets.audit import AuditParams, Check, Verdict
from trading_ml.datasets.audit.view import View
from trading_ml_tests.datasets.conftest import Tables
from trading_ml_tests.datasets.test_datasets_build import dates

CHECKS = list(AuditParams.model_fields)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two instruments, two weeks of noise, a label that is chance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources.feature_proof, "require", lambda lake, bound: None)
        patch.setattr(sources.label_proof, "require", lambda lake, bound: None)
        tables = Tables(Lake(Path(tmp_path_factory.mktemp("checks"))), bars=60)
        params = tables.params()
        tables.write(params, dates())
        return build(tables.lake, params)


def check_of(name: str) -> Check:
    return getattr(AuditParams(), name)


def test_every_field_is_a_check_of_a_module_of_its_name() -> None:
    for name in CHECKS:
        assert type(check_of(name)).__module__ == f"trading_ml.datasets.audit.{name}"


@pytest.mark.parametrize("name", CHECKS)
def test_it_says_what_it_is_and_what_its_bounds_are(name: str) -> None:
    check = type(check_of(name))
    assert check.__doc__ != Check.__doc__
    assert all(field.description for field in check.model_fields.values())


@pytest.mark.parametrize("name", CHECKS)
def test_it_says_the_same_of_the_same_dataset(name: str, dataset: Dataset) -> None:
    before = {path.name: path.read_bytes() for path in dataset.folder.iterdir()}
    again = Dataset.open(dataset.lake, dataset.project, dataset.digest)
    assert check_of(name).judge(View(dataset)) == check_of(name).judge(View(again))
    assert {path.name: path.read_bytes() for path in dataset.folder.iterdir()} == before


@pytest.mark.parametrize("name", CHECKS)
def test_it_lets_noise_be(name: str, dataset: Dataset) -> None:
    verdict = check_of(name).judge(View(dataset))
    assert [sentence for severity, sentence in verdict.said if severity != "note"] == []
    for row in (*verdict.rows, *(row for rows in verdict.beside.values() for row in rows)):
        assert all(isinstance(cell, str | int | float | bool) and cell == cell for cell in row.values())


@pytest.mark.parametrize("name", CHECKS)
def test_it_can_be_left_out_and_knows_its_bounds(name: str) -> None:
    assert name not in dict(AuditParams.parse({name: False}, "audit").checks())
    assert getattr(AuditParams.parse({name: True}, "audit"), name) == check_of(name)
    with pytest.raises(BadParams, match=rf"audit\.{name}\.om: unknown key; did you mean 'on'\?"):
        AuditParams.parse({name: {"om": False}}, "audit")


@pytest.mark.parametrize("name", ["leak", "null_control"])
def test_what_scores_never_looks_at_the_test_part(name: str, dataset: Dataset) -> None:
    looked: list[np.ndarray] = []

    class Watched(Dataset):
        def last(self, indices):
            looked.append(indices)
            return super().last(indices)

        def windows(self, indices, feature):
            looked.append(indices)
            return super().windows(indices, feature)

        def labels(self, indices, label):
            looked.append(indices)
            return super().labels(indices, label)

    verdict = check_of(name).judge(View(Watched(dataset.lake, dataset.project, dataset.folder)))
    assert isinstance(verdict, Verdict)
    assert looked
    tested = dataset.folds.filter(pl.col("part") == "test")["sample"]
    assert not set(np.concatenate(looked).tolist()) & set(tested.to_list())

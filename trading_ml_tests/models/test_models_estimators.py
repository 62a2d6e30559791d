"""Estimators: losses and weights against plain loops and normal equations, and files that are refused."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

from trading_ml.core.errors import BadFile, BadInput, BadParams, Refused
from trading_ml.models.build import graph_of
from trading_ml.models.estimators import stored
from trading_ml.models.estimators.estimator import Estimator, Fitted
from trading_ml.models.families import resolve
from trading_ml.models.graph import mermaid
from trading_ml.models.params import TrainingParams
from trading_ml.models.predict import predict
from trading_ml.models.train import train
from trading_ml_tests.models.standin import Standin

LOGISTIC = resolve({"family": "logistic_regression", "scale": {"close": "minmax"}})
TRAINING = TrainingParams(threads=1)


@pytest.fixture(scope="module")
def source() -> Standin:
    return Standin(bars=400)


def test_what_is_told_of_a_training_is_as_a_network_tells_it(source: Standin) -> None:
    done = train(source, LOGISTIC, TRAINING.model_copy(update={"class_weight": {"true": 3.0}}))
    for prefix, part in (("", "train"), ("val_", "validation")):
        rows = source.indices(part)
        losses, weights, right = [], [], 0
        for p, up in zip(predict(done.model, source, rows)["rises"], source.answers[rows], strict=True):
            losses.append(-math.log(p if up else 1 - p))
            weights.append(3.0 if up else 1.0)
            right += (p > 0.5) == up
        wanted = sum(x * w for x, w in zip(losses, weights, strict=True)) / sum(weights)
        assert done.history[0][f"{prefix}loss"] == pytest.approx(wanted)
        assert done.history[0][f"{prefix}accuracy"] == pytest.approx(right / len(rows))
    assert (len(done.history), done.best_epoch) == (1, 1)


def test_samples_count_by_their_weight_and_their_class(source: Standin) -> None:
    plain = train(source, LOGISTIC, TRAINING)
    doubled = Standin(bars=400, weights=np.where(source.answers, 2, 1).astype(np.float32))
    by_class = train(source, LOGISTIC, TRAINING.model_copy(update={"class_weight": {"true": 2.0}}))
    assert by_class.weights_digest == train(doubled, LOGISTIC, TRAINING).weights_digest != plain.weights_digest
    rows = source.indices("test")
    shares = [predict(each.model, source, rows)["rises"].mean() for each in (plain, by_class)]
    assert shares[1] > shares[0] + 0.05


def test_ordinary_least_squares_are_those_of_the_normal_equations(source: Standin) -> None:
    numbers = Standin(bars=400, classes=None)
    done = train(numbers, resolve({"family": "linear_regression"}), TRAINING)
    rows = numbers.indices("train")
    x = np.concatenate([numbers.windows(rows, name)[:, :, 0] for name in numbers.features], axis=1).astype(np.float64)
    x = np.column_stack([x, np.ones(len(x))])
    weights = np.linalg.solve(x.T @ x, x.T @ numbers.answers[rows])
    np.testing.assert_allclose(done.model.get_weights()[0].ravel(), weights[:-1], rtol=1e-6, atol=1e-9)
    ridge = resolve({"family": "linear_regression", "alpha": 0.5})
    centred = x[:, :-1] - x[:, :-1].mean(0)
    penalised = centred.T @ centred / len(x) + 0.5 * np.eye(7)
    wanted = np.linalg.solve(penalised, centred.T @ (numbers.answers[rows] - numbers.answers[rows].mean()) / len(x))
    np.testing.assert_allclose(train(numbers, ridge, TRAINING).model.get_weights()[0].ravel(), wanted, rtol=1e-6)


def test_a_class_that_training_never_saw_has_no_probability() -> None:
    class Rare(Standin):
        def labels(self, indices: np.ndarray, label: str) -> np.ndarray:
            codes = np.where(self.answers[indices], 3, 1)
            return np.where(np.isin(indices, self.indices("validation")[:5]), 2, codes)

    rare = Rare(bars=400, classes=["a", "b", "c", "d"])
    for family in ("logistic_regression", "hist_gradient_boosting"):
        model = train(rare, resolve({"family": family}), TRAINING).model
        found = predict(model, rare, rare.indices("test"))["rises"]
        assert found.shape == (len(rare.indices("test")), 4)
        assert not found[:, [0, 2]].any()


def test_boosting_watches_the_validation_part(source: Standin) -> None:
    more = {"family": "hist_gradient_boosting", "rounds": 60, "leaves": 8, "learning_rate": 0.5}
    rounds = train(source, resolve(more | {"patience": 2}), TRAINING).model.fitted[0].models[0].n_iter_
    until = [resolve(more | {"patience": None, "rounds": n}) for n in range(1, rounds + 1)]
    losses = [train(source, params, TRAINING).history[0]["val_loss"] for params in until]
    assert 3 <= rounds < 60
    best = int(np.argmin(losses))
    assert best == rounds - 3, "two rounds after the best one it stops"


def test_what_cannot_be_fitted_is_said(source: Standin) -> None:
    with pytest.raises(Refused, match=r"training: logistic_regression has not converged; scale the features"):
        train(source, resolve({"family": "logistic_regression", "iterations": 2}), TRAINING)
    with pytest.raises(BadParams, match=r"model.scale.clse: unknown feature; did you mean 'close'\?"):
        train(source, resolve({"family": "random_forest", "scale": {"clse": "minmax"}}), TRAINING)
    with pytest.raises(BadParams, match="relative_to_mid: needs the columns bid and ask"):
        train(source, resolve({"family": "random_forest", "scale": {"close": "relative_to_mid"}}), TRAINING)
    one_sided = Standin(bars=400)
    one_sided.answers = np.ones_like(one_sided.answers)
    with pytest.raises(BadInput, match="label rises: is 'true' in all training samples; widen the dates"):
        train(one_sided, LOGISTIC, TRAINING)


def test_a_plan_is_drawn_as_a_graph(source: Standin) -> None:
    drawn = mermaid(graph_of(source, LOGISTIC))
    for line in (
        "close --> close_minmax",
        'rises_logistic_regression["rises_logistic_regression<br/>logistic_regression"]',
        "rises_logistic_regression --> rises",
    ):
        assert line in drawn


def test_a_file_with_what_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    from sklearn.dummy import DummyClassifier
    from sklearn.preprocessing import FunctionTransformer
    from skops import io

    path = tmp_path / stored.FILE
    stored.save(Estimator("random_forest", [], [Fitted("up", "binary", 1, [FunctionTransformer(os.system)])]), path)
    with pytest.raises(Refused, match=r"model.skops: holds .*system, which nobody vouches for; train the model again"):
        stored.load(path)
    stored.save(Estimator("random_forest", [], [Fitted("up", "binary", 1, [Path("/")])]), path)
    with pytest.raises(Refused, match="nobody vouches for"):
        stored.load(path)
    io.dump(DummyClassifier(), path)
    with pytest.raises(Refused, match="holds a DummyClassifier and no estimator"):
        stored.load(path)
    path.write_bytes(b"\x80\x04K\x01.")  # a pickle
    with pytest.raises(BadFile, match="is no skops file, or damaged"):
        stored.load(path)

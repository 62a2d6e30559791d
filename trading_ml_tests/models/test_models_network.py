"""A model that a Python function from outside the package makes: what it may be, and what it is told when it is not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trading_ml.core.errors import BadParams, TradingError
from trading_ml.models import layers, runtime
from trading_ml.models.drawing import measures
from trading_ml.models.families import resolve
from trading_ml.models.params import TrainingParams
from trading_ml.models.predict import predict
from trading_ml.models.train import recipe, train
from trading_ml_tests.models.standin import Standin
from trading_ml_tests.models.test_models_graph import LABELS, LENGTHS, Windows, inputs

runtime.start()
keras = pytest.importorskip("keras")

from trading_ml.models.build import build, graph_of  # noqa: E402

NETS = '''
import keras
from keras import layers
from widths import HALF


@keras.saving.register_keras_serializable("nets")
class Twice(layers.Layer):
    def call(self, x):
        return 2 * x


class Unregistered(layers.Layer):
    def call(self, x):
        return x


@keras.saving.register_keras_serializable("nets")
class Whole(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.flat, self.out = layers.Flatten(), layers.Dense(1, "sigmoid")

    def call(self, x):
        return {"rises": self.out(self.flat(x["close"]))}


def flat(inputs):
    return layers.concatenate([layers.Flatten()(each) for each in inputs.values()])


def mixed(inputs, head, *, units: int = 4):
    """Answers of all kinds."""
    x = Twice()(layers.Dense(units // HALF, "relu")(flat(inputs)))
    return keras.Model(inputs, {label: head(label, x) for label in ("rises", "regime", "path")})


def rises(inputs, head, *, units: int = 4):
    x = layers.Dense(units, "relu")(flat(inputs))
    return keras.Model(inputs, {"rises": head("rises", layers.Dropout(0.1)(x))})


def alone(inputs):
    return keras.Model(inputs["close"], layers.Dense(1, "sigmoid")(layers.Flatten()(inputs["close"])))


def stacked(inputs):
    return keras.Sequential([layers.Flatten(), layers.Dense(1, "sigmoid")])


def subclassed(inputs):
    return Whole()


def wide(inputs):
    return keras.Model(inputs, {"rises": layers.Dense(7)(flat(inputs))})


def misnamed(inputs, head):
    return keras.Model(inputs, {"rise": layers.Dense(1)(flat(inputs))})


def misasked(inputs, head):
    return keras.Model(inputs, {"rises": head("rise", flat(inputs))})


def listed(inputs):
    return keras.Model(inputs, [layers.Dense(1)(flat(inputs))])


def text(inputs):
    return "a model"


def fails(inputs):
    raise ZeroDivisionError("by nothing")


def barred(inputs, head):
    return keras.Model(inputs, {"rises": head("rises", inputs["close"])})


def lost(inputs):
    return keras.Model(inputs, {"rises": layers.Dense(1)(Unregistered()(flat(inputs)))})


def strange(inputs):
    own = keras.Input((3,), name="clos")
    return keras.Model(own, layers.Dense(1)(own))


def layer(*, units: int):
    return layers.Dense(units)


def labels(inputs, *, labels: int = 1):
    return None
'''
TRAINING = TrainingParams(epochs=1, batch_size=128)
CLOSE = {"features": "close"}


@pytest.fixture(scope="module", autouse=True)
def nets(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("own")
    (folder / "own_nets.py").write_text(NETS)
    (folder / "widths.py").write_text("HALF = 2\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder


def told(function: str, **more: Any) -> Any:
    return resolve({"family": "function", "use": f"own_nets:{function}", **more})


def test_it_answers_labels_of_every_kind_from_scaled_features() -> None:
    params = told("mixed", units=6, scale={"prices": "zscore"}, outputs={"path": {"loss": "mae", "weight": 2}})
    assert resolve(params.model_dump(mode="json")) == params
    graph = params.graph(LENGTHS, LABELS)
    assert graph.nodes["mixed"].reads == ("prices_zscore", "atr", "slow", "hour")
    assert (graph.nodes["path"].settings.loss, graph.nodes["path"].settings.weight) == ("mae", 2)
    model = build(Windows(), graph)
    answers = {label: answer.shape for label, answer in model(inputs()).items()}
    assert answers == {"rises": (4, 1), "regime": (4, 3), "path": (4, 2)}
    inner = 20 * 3 + 20 + 8 + 2
    assert measures(model, graph)["mixed"].weights == (inner + 1) * 3 + (3 + 1) * (1 + 3 + 2)


@pytest.mark.parametrize("function", ["alone", "stacked", "subclassed"])
def test_any_keras_model_will_do_and_is_opened_again_from_its_file(function: str, tmp_path: Path) -> None:
    source = Standin(bars=60)
    model = build(source, graph_of(source, told(function, **CLOSE)))
    shown = {"close": source.windows(np.arange(5), "close")}
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(shown).numpy(), again(shown).numpy())


def test_it_trains_by_the_same_path_and_its_source_is_part_of_its_key(nets: Path) -> None:
    source, params = Standin(bars=100), told("rises", scale={"close": "minmax"})
    made = train(source, params, TRAINING)
    assert set(predict(made.model, source, source.indices("test"))) == {"rises"}
    key = recipe(graph_of(source, params), TRAINING)
    assert key != recipe(graph_of(source, told("rises", scale={"close": "minmax"}, units=5)), TRAINING)
    (nets / "widths.py").write_text("HALF = 2  # said otherwise\n")
    assert key != recipe(graph_of(source, told("rises", scale={"close": "minmax"})), TRAINING)


BAD = {
    "misnamed": "own_nets:misnamed: answers 'rise', which is no label; did you mean 'rises'?",
    "misasked": "own_nets:misasked: head('rise', …): there is no such label; did you mean 'rises'?",
    "wide": "own_nets:wide: answers (samples, 7) to 'rises', of 2 classes: (samples, 1) is expected; end in head(",
    "listed": "own_nets:listed: answers with list; return keras.Model(inputs, {'rises': …}), by label",
    "text": "own_nets:text: returns str; return keras.Model(inputs, outputs)",
    "fails": "own_nets:fails: fails when called: ZeroDivisionError: by nothing",
    "barred": "own_nets:barred: head('rises', …) is given (samples, 6, 1), but a label is one answer a sample",
    "alone": "own_nets:alone: its model does not read 'noise'; let it, or leave it out: features: [close]",
    "strange": "own_nets:strange: its model has an input 'clos', no feature; did you mean 'close'?",
    "lost": "own_nets:lost: its model could not be opened again: ",
    "layer": "own_nets:layer: its first parameter is not 'inputs'; write def build(inputs, head, *, …)",
    "labels": "own_nets:labels: parameter 'labels' means something else in a project file; rename it",
    "mised": "own_nets:mised: own_nets has no function 'mised'; did you mean 'mixed'?",
}


@pytest.mark.parametrize("function", BAD)
def test_what_does_not_fit_is_told_in_one_line_that_names_the_function(function: str) -> None:
    source = Standin(bars=60)
    with pytest.raises(TradingError) as caught:
        build(source, graph_of(source, told(function)))
    assert BAD[function] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_label_without_an_answer_is_told() -> None:
    with pytest.raises(
        BadParams, match=r"own_nets:rises: does not answer 'regime'; add it: {'regime': head\('regime', x"
    ):
        build(Windows(), told("rises").graph(LENGTHS, ["rises", "regime"]))


def test_layers_of_ones_own_are_found_when_a_model_is_opened_where_none_was_built(tmp_path: Path) -> None:
    model = build(Windows(), told("mixed").graph(LENGTHS, LABELS))
    model.save(tmp_path / "model.keras")
    del sys.modules["own_nets"]
    del keras.saving.get_custom_objects()["nets>Twice"]
    layers.register(tmp_path / "model.keras")
    assert keras.saving.load_model(tmp_path / "model.keras").count_params() == model.count_params()


def test_parameters_are_checked_as_those_of_components() -> None:
    with pytest.raises(BadParams, match=r"own_nets:rises.unit: unknown key; did you mean 'units'"):
        told("rises", unit=3)
    with pytest.raises(BadParams, match=r"use is 'rises', not package.module:function"):
        resolve({"family": "function", "use": "rises"})

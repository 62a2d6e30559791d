# %% [markdown]
# # A fit of your own, tracked like any other
# A project's dataset is built from a simulated exchange. Then a model is built and fitted by hand, inside a run that
# keeps its epochs, registers it as a version, and lets the gate judge it on the test part.

# %%
import tempfile
from datetime import date
from pathlib import Path

import trading_ml
from trading_ml import datasets, features, labels
from trading_ml.adapters.simulated import MarketParams, write
from trading_ml.bars import build_span
from trading_ml.core.instruments import instrument
from trading_ml.core.lake import Lake
from trading_ml.models import runtime
from trading_ml.project import find
from trading_ml.ticks import merge, uploads

PROJECT = """\
name: own_fit
description: Will the next minute's return be positive?
instruments: ["simulated:ALFA"]
bars: {every: 1m}
features: {returns: {use: log_return, window: 10}}
labels: {up: {use: direction}}
split: {by: ratios}
model: {family: linear}
gate: {min_samples: 100}
"""
folder = Path(tempfile.mkdtemp())
(folder / "own_fit.yaml").write_text(PROJECT)
project, lake = find("own_fit", folder), Lake(folder / "data")

# %% From a raw file, with proofs that no feature looks ahead, to a promoted dataset.
params = MarketParams(symbols=("ALFA",), start=date(2024, 3, 5), end=date(2024, 3, 7), trades_per_minute=2)
for raw in write(lake.path("raw"), params):
    uploads.parse(lake, uploads.announce(lake, raw.path).id)
alfa, days = instrument("simulated:ALFA"), [date(2024, 3, day) for day in (5, 6)]
merge.build_span(lake, alfa, params.start, params.end)
build_span(lake, alfa, project.bars, params.start, params.end)
for room, uses in ((features.proof, project.features), (labels.proof, project.labels)):
    for use in uses.values():
        room.prove_and_store(lake, use.bound)
features.build(lake, project.name, alfa, project.bars, project.features, days)
labels.build(lake, project.name, alfa, project.bars, project.labels, days)
dataset = datasets.build(lake, project.dataset((alfa.name,)))
datasets.promote(lake, project.name, why="an example")

# %% Keras as anybody writes it; the run is told of every epoch, and never shows the test part.
runtime.start()
import keras  # noqa: TID253  as anybody would

with trading_ml.run(str(folder / "own_fit.yaml"), "ten returns, one hidden layer", data=lake.root) as run:
    inputs = {"returns": keras.Input((10, 1), name="returns")}
    flat = keras.layers.BatchNormalization()(keras.layers.Flatten()(inputs["returns"]))
    model = keras.Model(inputs, keras.layers.Dense(1, "sigmoid", name="up")(keras.layers.Dense(8, "tanh")(flat)))
    model.compile("adam", "binary_crossentropy")
    model.fit(
        run.dataset.batches("train", 64, seed=7),
        validation_data=run.dataset.batches("validation"),
        epochs=2, verbose=0, shuffle=False, callbacks=[run.callback],
    )  # fmt: skip
    version = run.register(model)
    result = run.judge()

# %% The version is one like any other: `trading-ml model show`, lineage and serving know it.
print(f"version {version}, {result.alias}; the gate let it pass: {result.gate.passed}")
print("\n".join(result.gate.reasons))
print({name: round(value, 3) for name, value in result.metrics.items() if name == "test_roc_auc"})

"""Training epochs at two batch sizes from a windowed dataset, from arrays in memory, and by what Keras offers.

All train the same network from the same weights. First come two epochs in the order of time, one at each batch size, in
which everybody sees the same batches: the sum of their losses is the answer, to agree on to the last bit. Then come the
epochs that are timed, shuffled as each contender shuffles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter, process_time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from benchmarks.claim import Benchmark, Claim, Contender, Place, Work

if TYPE_CHECKING:
    from trading_ml.datasets import Dataset

BATCHES = {"512": 512, "13k": 13_000}
EPOCHS = 2
INSTRUMENT, FEATURE, LABEL = "simulated:ALFA", "bars", "rises"
MINUTE = 60_000_000_000
Fed = Callable[[int, bool], tuple[Mapping[str, Any], Callable[[], object]]]
"""By batch size and whether to shuffle: what `fit` takes, and what to do when an epoch begins."""


def _dense(*units: int) -> Mapping[str, Any]:
    return {"family": "dense", "units": units, "dropout": 0.2}


@dataclass(frozen=True)
class Case:
    """A network and what it is shown."""

    name: str
    window: int
    columns: int
    model: Mapping[str, Any]
    """What the network is."""
    share: float
    """Samples for each tick of the place's."""
    most: int
    both: bool = False
    """Whether to tell of both our ways at both sizes."""

    def samples(self, place: Place) -> int:
        """How many samples are trained on."""
        return min(self.most, max(int(place.ticks * self.share), 60))


VOLATILITY = Case("volatility", 100, 6, _dense(128, 64), 1 / 200, 195_000, both=True)
REFERENCE = Case("reference", 1440, 1, _dense(1024, 1024), 1 / 1000, 39_000)
LSTM = Case("lstm", 100, 6, {"family": "lstm", "units": (32,), "dropout": 0.2}, 1 / 1000, 39_000)


def benchmark(case: Case) -> Benchmark:
    """The comparison for one network."""
    units = " and ".join(map(str, case.model["units"]))
    shape = f"{case.window} × {case.columns} windows, {case.model['family']} {units}"
    ways = {"always TensorFlow": "stream", "always NumPy": "Feed"} if case.both else {}
    made = {
        "trading_ml": ours,
        "resident arrays": resident,
        "timeseries_dataset_from_array": timeseries,
        "plain PyDataset": plain,
        **{who: partial(ours, way=way) for who, way in ways.items()},
    }
    return Benchmark(
        f"an epoch of {shape}, at batches of {' and '.join(BATCHES)}",
        partial(prepare, case),
        {who: Contender(partial(feed, case)) for who, feed in made.items()},
        (*_against(case.name, "resident arrays", {"512": 1.10, "13k": 1.05}),
         *_against(case.name, "timeseries_dataset_from_array"), *_against(case.name, "plain PyDataset"),
         *(_against(case.name, "always NumPy", ours="always TensorFlow") if ways else ()),
         Claim(f"windowed dataset ({case.name}) against its windows, bytes", "MiB held", "resident arrays", 1 / 50),
         Claim(f"training ({case.name}) against resident arrays, memory beyond imports", "MiB grown",
               "resident arrays")),
    )  # fmt: skip


def _against(
    case: str, peer: str, bars: Mapping[str, float] = MappingProxyType({}), ours: str = "trading_ml"
) -> Iterator[Claim]:
    """CPU and wall time of an epoch at both sizes; the bars are on CPU, which the machine's load moves least."""
    for size in BATCHES:
        what = f"epoch ({case}) at {size}, {ours} against {peer}"
        yield Claim(f"{what}, CPU", f"cpu {size}", peer, bars.get(size), ours=ours)
        yield Claim(f"{what}, wall time", f"wall {size}", peer, ours=ours)


def prepare(case: Case, place: Place) -> None:
    """A dataset of one instrument in which every bar is a sample once there is a window; laid out by hand."""
    import numpy as np

    rows = case.samples(place) + case.window
    walk = 100 * np.exp(np.random.default_rng(1).normal(0, 1e-4, (rows, case.columns)).cumsum(0))
    ends = np.arange(case.window - 1, rows - 1)
    lay_out(case, place, walk, walk[ends + 1, 0] > walk[ends, 0])


def lay_out(case: Case, place: Place, series: Any, rises: Any) -> None:
    """Keep a dataset of these bars, whose samples end where there is a window and have these answers."""
    import numpy as np
    import polars as pl

    from trading_ml.core.lake import Lake, publish
    from trading_ml.datasets.series import Store

    lake, count, names = Lake(place.root), len(rises), [f"{FEATURE}.{column}" for column in range(case.columns)]
    folder = lake.path("datasets", case.name, digest(case, place)[:12])
    if (folder / "manifest.json").exists():
        return
    ends = np.arange(case.window - 1, case.window - 1 + count)
    stamps = 1_700_000_000_000_000_000 + MINUTE * ends
    samples = pl.DataFrame(
        {"instrument": pl.repeat(INSTRUMENT, count, dtype=pl.Enum([INSTRUMENT]), eager=True), "row": ends, "ts": stamps,
         LABEL: rises, "label_end": stamps + MINUTE, "weight": np.ones(count, np.float32)},
        schema_overrides={"row": pl.Int32, "ts": pl.Datetime("ns", "UTC"), "label_end": pl.Datetime("ns", "UTC")},
    )  # fmt: skip
    part = pl.repeat("train", count, eager=True)
    folds = pl.DataFrame({"fold": 0, "sample": np.arange(count), "part": part}, schema_overrides={"fold": pl.Int32})
    with lake.staging() as staged:
        chunk = lake.write_parquet(staged / "chunk", pl.DataFrame(series.astype(np.float32), schema=names))
        publish(staged / "chunk", Store(lake, case.name).path(chunk.digest))
        lake.write_parquet(staged / "dataset" / "samples.parquet", samples)
        lake.write_parquet(staged / "dataset" / "folds.parquet", folds)
        lake.write_json(staged / "dataset" / "manifest.json", _manifest(case, place, names, chunk.digest))
        publish(staged / "dataset", folder)


def digest(case: Case, place: Place) -> str:
    return f"{case.samples(place):012d}".ljust(64, "0")


def _manifest(case: Case, place: Place, names: list[str], chunk: str) -> dict[str, Any]:
    rows = case.samples(place) + case.window
    told = {"instrument": INSTRUMENT, "month": "2023-11", "kind": "features", "rows": rows, "digest": chunk}
    return {
        "digest": digest(case, place),
        "features": [{"name": FEATURE, "window": case.window, "columns": names}],
        "labels": [{"name": LABEL, "column": LABEL, "classes": ["false", "true"]}],
        "chunks": [told],
        "folds": [{}],
    }


def opened(case: Case, place: Place) -> Dataset:
    """The dataset, and TensorFlow started."""
    from trading_ml.core.lake import Lake
    from trading_ml.datasets import Dataset
    from trading_ml.models import runtime

    runtime.start(2)
    return Dataset.open(Lake(place.root), case.name, digest(case, place))


def _work(case: Case, dataset: Dataset, fed: Fed, held: float, before: float) -> Work:
    """Epochs in the order of time are done here, before the clock starts; the timed ones when asked."""
    import keras

    from trading_ml.models.build import build, compiled, graph_of
    from trading_ml.models.families import resolve
    from trading_ml.models.params import TrainingParams

    keras.utils.set_random_seed(7)
    params = resolve({**case.model, "scale": {FEATURE: "minmax"}})
    graph = graph_of(dataset, params)
    model = compiled(build(dataset, graph), graph, dataset, TrainingParams())

    def epochs(size: int, shuffle: bool, count: int) -> list[float]:
        taken, begin = fed(size, shuffle)
        turn = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: begin())
        return model.fit(**taken, epochs=count, callbacks=[turn], verbose=0).history["loss"]

    answer = sum(epochs(size, False, 1)[0] for size in BATCHES.values())

    def work() -> Mapping[str, Any]:
        told: dict[str, Any] = {}
        for name, size in BATCHES.items():
            wall, cpu = perf_counter(), process_time()
            epochs(size, True, EPOCHS)
            told |= {f"wall {name}": (perf_counter() - wall) / EPOCHS, f"cpu {name}": (process_time() - cpu) / EPOCHS}
        return {**told, "MiB held": held, "MiB grown": peak() - before, "answer": answer}

    return work


def ours(case: Case, place: Place, way: str = "feed") -> Work:
    """The dataset, and what training itself feeds; or always one of the two ways."""
    import numpy as np

    dataset = opened(case, place)
    before = peak()
    from trading_ml.datasets.series import Store
    from trading_ml.models import feed
    from trading_ml.models.batches import Batches
    from trading_ml.models.source import sole_target

    rows = np.arange(dataset.samples.height)

    def fed(size: int, shuffle: bool) -> tuple[Mapping[str, Any], Callable[[], object]]:
        batches = Batches(dataset, rows, [sole_target(dataset)], size, 7 if shuffle else None)
        epochs = iter(range(EPOCHS))
        return {"x": getattr(feed, way)(batches), "shuffle": False}, lambda: batches.begin(next(epochs))

    chunk = Store(dataset.lake, case.name).path(dataset.manifest["chunks"][0]["digest"])
    held = sum(path.stat().st_size for path in (chunk, *dataset.folder.iterdir()))
    return _work(case, dataset, fed, held / 2**20, before)


def resident(case: Case, place: Place) -> Work:
    """Every window in memory, the way it is often done; Keras shuffles and cuts."""
    dataset = opened(case, place)
    before = peak()
    series, answers = _arrays(dataset)
    windows = _materialised(series, case.window)
    del series

    def fed(size: int, shuffle: bool) -> tuple[Mapping[str, Any], Callable[[], object]]:
        return {"x": {FEATURE: windows}, "y": answers, "batch_size": size, "shuffle": shuffle}, lambda: None

    return _work(case, dataset, fed, (windows.nbytes + answers.nbytes) / 2**20, before)


def timeseries(case: Case, place: Place) -> Work:
    """`keras.utils.timeseries_dataset_from_array`, which shuffles blocks, and within a buffer of eight batches."""
    dataset = opened(case, place)
    import keras

    before = peak()
    series, answers = _arrays(dataset)

    def fed(size: int, shuffle: bool) -> tuple[Mapping[str, Any], Callable[[], object]]:
        made = keras.utils.timeseries_dataset_from_array(
            series, answers, case.window, batch_size=size, shuffle=shuffle, seed=7
        )
        return {"x": made.map(lambda x, y: ({FEATURE: x}, y)), "shuffle": False}, lambda: None

    return _work(case, dataset, fed, (series.nbytes + answers.nbytes) / 2**20, before)


def plain(case: Case, place: Place) -> Work:
    """A `PyDataset` as tutorials write it: a list of slices, stacked."""
    dataset = opened(case, place)
    import keras
    import numpy as np

    before = peak()
    series, answers = _arrays(dataset)

    class Windows(keras.utils.PyDataset):
        def __init__(self, size: int, shuffle: bool) -> None:
            super().__init__()
            self.size, self.shuffle, self.order = size, shuffle, np.arange(len(answers))
            self.on_epoch_end()

        def __len__(self) -> int:
            return -(-len(answers) // self.size)

        def __getitem__(self, number: int) -> tuple[Any, Any]:
            chosen = self.order[number * self.size : (number + 1) * self.size]
            return {FEATURE: np.stack([series[start : start + case.window] for start in chosen])}, answers[chosen]

        def on_epoch_end(self) -> None:
            if self.shuffle:
                np.random.default_rng(7).shuffle(self.order)

    def fed(size: int, shuffle: bool) -> tuple[Mapping[str, Any], Callable[[], object]]:
        return {"x": Windows(size, shuffle), "shuffle": False}, lambda: None

    return _work(case, dataset, fed, (series.nbytes + answers.nbytes) / 2**20, before)


def _arrays(dataset: Dataset) -> tuple[Any, Any]:
    """All bars, and the label of each window in turn."""
    import numpy as np

    rows = np.arange(dataset.samples.height)
    return dataset.blocks[FEATURE][:-1], dataset.labels(rows, LABEL).astype(np.float32)


def _materialised(series: Any, window: int) -> Any:
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view

    return np.ascontiguousarray(sliding_window_view(series, window, axis=0).transpose(0, 2, 1))


def peak() -> float:
    """The most memory that the process held until now, in MiB."""
    import resource
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


BENCHMARK = benchmark(VOLATILITY)

"""Whether nothing can be learnt where there is nothing to learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from trading_ml.datasets.audit.check import Check, Verdict, row
from trading_ml.datasets.audit.view import FEWEST_BLOCKS, Floats, Indices, Question
from trading_ml.datasets.splits import SPLITS

if TYPE_CHECKING:
    from trading_ml.datasets.audit.verdict import Severity
    from trading_ml.datasets.audit.view import View

_FEWEST, _MOST, _BLOCKS = 3_000, 20_000, 40
_INPUTS = 256
_RIDGE = 1e-6


class NullControl(Check):
    """A linear model taught on permuted labels must score at chance on the validation part.

    Labels of neighbouring samples overlap, so they are permuted in blocks, over training and validation samples
    together: what a block's answers share stays, what they have to do with the windows goes. A model that still scores
    above chance has seen the validation samples: parts overlap, or something is there twice.

    The model is ridge regression in closed form on whole windows, nearly without shrinkage, so that it can remember; it
    is taught where the parts meet. The score is ROC AUC (chance 0.5), of a number the rank correlation (chance 0). Its
    sampling error is measured: that of the mean over the permutations.
    Source: Markus Ojala and Gemma Garriga, Permutation Tests for Studying Classifier Performance, JMLR 11 (2010);
    blocks as in Hans Künsch (1989).
    """

    permutations: int = Field(default=24, ge=8)
    """How often labels are permuted."""
    z: float = Field(default=4.5, gt=0)
    """Standard errors above chance that refuse the dataset."""

    def judge(self, view: View) -> Verdict:
        """A line a label (or class): the score with its own labels and with permuted ones."""
        chosen, trains, length = meeting(view)
        if len(chosen) < FEWEST_BLOCKS * length:
            told = (
                f"no null control: {len(chosen):,} samples are fewer than ten blocks of {length:,} overlapping labels"
            )
            return Verdict([("note", told)])
        said, rows, (grave, why) = [], [], _meaning(view)
        predict = _ridge(_inputs(view, chosen), trains)
        orders = view.permutations(len(chosen), length, self.permutations)
        for question in view.questions(chosen):
            answers = _ranked(question.answers) if question.is_number else question.answers
            own = _score(predict(answers[:, None]), answers[~trains, None], question)[0]
            null = _score(predict(answers[orders]), answers[orders][~trains], question)
            chance = 0.0 if question.is_number else 0.5
            mean, error = float(null.mean()), float(null.std(ddof=1) / np.sqrt(len(null)))
            rows.append(
                row(label=question.name, score=float(own), permuted=mean, error=error, blocks=len(chosen) // length)
            )
            if mean - chance > self.z * error:
                told = f"{question.name}: a linear model scores {mean:.3f} ± {error:.3f} on permuted labels"
                said.append((grave, f"{told}, chance is {chance:g}; {why}"))
        return Verdict(said, rows)


def _meaning(view: View) -> tuple[Severity, str]:
    """How grave a score above chance is, and why there is one."""
    if SPLITS[view.manifest["params"]["split"]["by"]].at_random:
        return "warn", "a random split has each sample judged by its neighbours; split by time to know"
    return "refuse", "the parts overlap, or samples are there twice"


def meeting(view: View) -> tuple[Indices, NDArray[np.bool_], int]:
    """Samples around where training and validation part meet, which of them train, and how many labels overlap.

    Of all stretches in time the one in which the smaller part is largest.
    """
    parts = [view.dataset.indices(part) for part in ("train", "validation")]
    both, trained = np.concatenate(parts), np.repeat([True, False], [len(part) for part in parts])
    order = np.argsort(view.dataset.label_intervals(both)[0], kind="stable")
    both, trained = both[order], trained[order]
    length = view.overlap(both)
    size = min(len(both), max(_FEWEST, min(_BLOCKS * length, _MOST)))
    validates = np.concatenate([[0], np.cumsum(~trained)])
    inside = validates[size:] - validates[:-size]
    first = int(np.argmax(np.minimum(inside, size - inside)))
    return both[first : first + size], trained[first : first + size], length


def _inputs(view: View, chosen: Indices) -> Floats:
    """The chosen samples' windows, thinned to some `_INPUTS` values each, shape (samples, inputs)."""
    bars = max(1, _INPUTS // len(view.columns))
    shown = []
    for feature, told in view.dataset.features.items():
        at = np.unique(np.linspace(0, told["window"] - 1, min(bars, told["window"])).round().astype(int))
        shown.append(view.dataset.windows(chosen, feature)[:, at].reshape(len(chosen), -1))
    return np.concatenate(shown, axis=1).astype(np.float64)


def _ridge(inputs: Floats, trains: NDArray[np.bool_]) -> Callable[[Floats], Floats]:
    """Predictor of the samples that do not train, for many columns of answers at once."""
    mean, deviation = inputs[trains].mean(axis=0), inputs[trains].std(axis=0)
    scaled = (inputs - mean) / np.where(deviation > 0, deviation, 1)
    taught, judged = scaled[trains], scaled[~trains]
    gram = taught.T @ taught + _RIDGE * len(taught) * np.eye(taught.shape[1])

    def predict(answers: Floats) -> Floats:
        own = answers[trains]
        return judged @ np.linalg.solve(gram, taught.T @ (own - own.mean(axis=0)))

    return predict


def _score(predictions: Floats, answers: Floats, question: Question) -> Floats:
    """AUC or rank correlation, column by column."""
    ranks = _ranked(predictions)
    if question.is_number:
        away, along = ranks - ranks.mean(axis=0), _ranked(answers) - (len(answers) + 1) / 2
        return (away * along).sum(axis=0) / np.sqrt((away**2).sum(axis=0) * (along**2).sum(axis=0))
    true = answers.sum(axis=0)
    pairs = true * (len(answers) - true)
    wins = (ranks * answers).sum(axis=0) - true * (true + 1) / 2
    return np.divide(wins, pairs, out=np.full(len(true), 0.5), where=pairs > 0)


def _ranked(values: Floats) -> Floats:
    return (
        pl.DataFrame(np.atleast_2d(values.T).T)
        .select(pl.all().rank())
        .to_numpy()
        .reshape(values.shape)
        .astype(np.float64)
    )

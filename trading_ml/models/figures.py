"""Figures of an evaluation, drawn without a display: nothing global is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trading_ml.models.evaluate import Answers, Predicted, calibration, confusion, likeliest
from trading_ml.models.pnl import Pnl
from trading_ml.models.source import Kind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Scores = Mapping[str, Predicted]
_DIAGONAL = {"color": "0.6", "linewidth": 1, "linestyle": ":"}


def figures(answers: Answers, scores: Scores, kind: Kind, classes: Sequence[str]) -> dict[str, Figure]:
    """All figures, by name; of `scores` the first is the model, the others are baselines."""
    model = next(iter(scores.values()))
    if kind == "numeric":
        several = {"columns": columns(answers, scores)} if answers.ndim > 1 else {}
        return {"predicted": predicted(answers, model), **several}
    confused = confusion_matrix(answers, model, classes)
    if kind == "categorical":
        hits = {who: likeliest(p) == answers for who, p in scores.items()}
        tops = {who: p.max(axis=1) for who, p in scores.items()}
        return {"calibration": reliability(hits, tops), "confusion": confused}
    return {
        "roc": roc(answers, scores),
        "precision_recall": precision_recall(answers, scores),
        "calibration": reliability(dict.fromkeys(scores, answers), scores),
        "confusion": confused,
    }


def roc(answers: Answers, scores: Scores) -> Figure:
    """True positive rate against false positive rate."""
    from sklearn.metrics import roc_auc_score, roc_curve

    figure, axes = _axes("ROC", "false positive rate", "true positive rate")
    axes.plot([0, 1], [0, 1], **_DIAGONAL)
    for name, p in scores.items():
        wrong, right, _ = roc_curve(answers, p)
        axes.plot(wrong, right, label=f"{name}, area {roc_auc_score(answers, p):.3f}", **_style(name, scores))
    axes.legend(loc="lower right")
    return figure


def precision_recall(answers: Answers, scores: Scores) -> Figure:
    """Precision against recall; the dotted line is the share of the second class."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    figure, axes = _axes("Precision and recall", "recall", "precision")
    axes.axhline(float(answers.mean()), **_DIAGONAL)
    for name, p in scores.items():
        precision, recall, _ = precision_recall_curve(answers, p)
        area = average_precision_score(answers, p)
        axes.step(recall, precision, where="post", label=f"{name}, area {area:.3f}", **_style(name, scores))
    axes.legend(loc="best")
    return figure


def reliability(hits: Mapping[str, Answers], scores: Scores) -> Figure:
    """How often it came true against the promised probability, by bins of the probability.

    Of two classes that of the second, of several that of the likeliest, which each of `scores` names by itself.
    """
    figure, axes = _axes("Calibration", "promised probability", "observed share")
    axes.plot([0, 1], [0, 1], **_DIAGONAL)
    for name, p in scores.items():
        bins = calibration(hits[name], p)
        label = f"{name}, error {bins.error:.3f}"
        axes.plot(bins.promised, bins.observed, marker="o", markersize=4, label=label, **_style(name, scores))
    axes.legend(loc="upper left")
    return figure


def confusion_matrix(answers: Answers, p: Predicted, classes: Sequence[str]) -> Figure:
    """Counts of what happened against what was named, shaded by their share of the row."""
    counts, places = confusion(answers, p), range(len(classes))
    figure, axes = _axes("Confusion at one half" if p.ndim == 1 else "Confusion", "predicted", "happened")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(xticks=places, yticks=places, xticklabels=classes, yticklabels=classes)
    for (row, column), count in np.ndenumerate(counts):
        shade = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, f"{count:,}\n{shares[row, column]:.1%}", ha="center", va="center", color=shade)
    return figure


def predicted(answers: Answers, told: Predicted) -> Figure:
    """What happened against what was predicted, all columns together: samples in hexagons, on a logarithmic scale."""
    figure, axes = _axes("Predicted and happened", "predicted", "happened")
    drawn = axes.hexbin(told.ravel(), answers.ravel(), gridsize=40, bins="log", mincnt=1, cmap="Blues", linewidths=0.2)
    reach = (float(answers.min()), float(answers.max()))
    axes.plot(reach, reach, **_DIAGONAL)
    figure.colorbar(drawn, ax=axes, label="samples")
    return figure


def columns(answers: Answers, scores: Scores) -> Figure:
    """Root of the mean squared error of each column, say of each step of a path."""
    figure, axes = _axes("Error by column", "column", "root mean squared error")
    for name, told in scores.items():
        errors = np.sqrt(np.square(answers - told).mean(axis=0))
        axes.plot(np.arange(1, len(errors) + 1), errors, marker=".", label=name, **_style(name, scores))
    axes.legend(loc="best")
    return figure


def positions(title: str, moments: NDArray[np.int64], by: Mapping[str, Pnl]) -> Figure:
    """The optimal position against the predicted one along the price, and what was earned, with its costs and without.

    Args:
        title: What was traded.
        moments: Times of the rows, nanoseconds UTC.
        by: Profit and loss of the `model`, of the `optimal` position and of who always `held` it.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    times, model = moments.astype("datetime64[ns]"), by["model"]
    figure = Figure(figsize=(10, 7), dpi=100, layout="constrained")
    price, position, earned = figure.subplots(3, sharex=True, height_ratios=[2, 1, 2])
    price.plot(times, model.middle, color="0.3", linewidth=0.8)
    for name, color, shift in (
        ("optimal", "#e69138", 0.0),
        ("model", "#0b5394", 0.06),
    ):  # side by side, not one over all
        position.step(times, by[name].position + shift, color=color, linewidth=1, where="post", label=name)
    earnings = {
        "net": (model.net, "#0b5394", "-"),
        "before the spread": (model.gain, "#6aa84f", "--"),
        "sales not charged (a mistake)": (model.net + model.uncharged, "#cc0000", ":"),
        "always long": (by["held"].net, "0.6", "-"),
    }
    for name, (values, color, line) in earnings.items():
        earned.plot(times, values.cumsum(), color=color, linestyle=line, linewidth=1.2, label=name)
    price.set(title=title, ylabel="middle")
    position.set(yticks=[-1, 0, 1], yticklabels=["short", "flat", "long"])
    earned.set(ylabel="profit, one unit held", xlabel="UTC")
    earned.xaxis.set_major_formatter(ConciseDateFormatter(AutoDateLocator()))
    for axes in (position, earned):
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    return figure


def _axes(title: str, x: str, y: str) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4.5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    return figure, axes


def _style(name: str, scores: Scores) -> dict[str, Any]:
    """The model stands out, the baselines stand back."""
    if name == next(iter(scores)):
        return {"color": "#0b5394", "linewidth": 2, "zorder": 3}
    greys = ["#b45f06", "#6aa84f", "#8e7cc3", "#999999"]
    return {"color": greys[(list(scores).index(name) - 1) % len(greys)], "linewidth": 1.2}

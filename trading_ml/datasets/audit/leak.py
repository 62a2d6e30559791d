"""Columns that know the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from pydantic import Field

from trading_ml.datasets.audit.check import Check, Verdict, row
from trading_ml.datasets.audit.view import FEWEST_BLOCKS, Floats, spread

if TYPE_CHECKING:
    from trading_ml.datasets.audit.view import View

_MOST, _PERMUTED = 20_000, 24


class Leak(Check):
    """How well each column's last value orders the answers by itself, on the samples that train or validate.

    ROC AUC of a class, in whichever direction is better; of a number the absolute rank correlation (Spearman). Markets
    are not so easy: a column that knows nearly every answer is nearly always made from it.

    A few days of labels that overlap for hours are few answers, and a price may fit them by chance. So a score is
    refused only where there are ten blocks of overlapping labels, and it is above the best of 24 on permuted blocks.
    """

    refuse_auc: float = Field(default=0.95, gt=0.5, le=1)
    """AUC of a single column above which it is taken for a leak."""
    refuse_correlation: float = Field(default=0.95, gt=0, le=1)
    """The same for the rank correlation with a number."""
    warn: float = Field(default=0.85, gt=0, le=1)
    """AUC or rank correlation above which a column is told to be suspiciously good."""

    def judge(self, view: View) -> Verdict:
        """A line a label (or class) and column."""
        said, rows = [], []
        chosen = spread(view.taught, _MOST)
        ranks = pl.DataFrame(view.dataset.last(chosen)).select(pl.all().rank()).to_numpy().astype(np.float64)
        length = view.overlap(chosen)
        orders, few = view.permutations(len(chosen), length, _PERMUTED), len(chosen) < FEWEST_BLOCKS * length
        for question in view.questions(chosen):
            kind, most = (
                ("rank correlation", self.refuse_correlation) if question.is_number else ("AUC", self.refuse_auc)
            )
            found = scores(ranks, question.answers[:, None], question.is_number)[:, 0]
            lucky = scores(ranks, question.answers[orders], question.is_number).max(axis=1)
            for column, score, chance in zip(view.columns, found.tolist(), lucky.tolist(), strict=True):
                rows.append(row(label=question.name, column=column, score=score, best_by_chance=chance))
                told = f"{column} alone tells {question.name} ({kind} {score:.3f})"
                if score > max(most, chance) and not few:
                    said.append(("refuse", f"{told}: likely a leak; look at how it is made, or leave it out"))
                elif score > self.warn:
                    said.append(("warn", f"{told}: suspiciously good; look at how it is made"))
        return Verdict(said, sorted(rows, key=lambda told: -told["score"]))


def scores(ranks: Floats, answers: Floats, is_number: bool) -> Floats:
    """How well each column, given by the ranks of its values, orders the answers: between chance and 1.

    Args:
        ranks: Shape (samples, columns).
        answers: Shape (samples, times); each time is scored by itself.
        is_number: Whether the answers are numbers, not 0 or 1.

    Returns:
        AUC or absolute rank correlation, shape (columns, times).

    Example:
        >>> scores(np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[1.0], [1.0], [0.0], [0.0]]), False)
        array([[1.]])
    """
    if is_number:
        return np.abs(_correlations(ranks, pl.DataFrame(answers).select(pl.all().rank()).to_numpy().astype(np.float64)))
    true = answers.sum(axis=0)
    pairs = true * (len(answers) - true)
    wins = ranks.T @ answers - true * (true + 1) / 2
    auc = np.divide(wins, pairs, out=np.full(wins.shape, 0.5), where=pairs > 0)
    return np.maximum(auc, 1 - auc)


def _correlations(columns: Floats, others: Floats) -> Floats:
    away, along = columns - columns.mean(axis=0), others - others.mean(axis=0)
    scale = np.sqrt(np.outer((away**2).sum(axis=0), (along**2).sum(axis=0)))
    return np.divide(away.T @ along, scale, out=np.zeros(scale.shape), where=scale > 0)

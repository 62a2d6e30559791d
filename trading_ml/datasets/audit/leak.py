"""Columns that know the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from pydantic import Field

from trading_ml.datasets.audit.check import Check, Verdict, row
from trading_ml.datasets.audit.view import Floats, Question, spread

if TYPE_CHECKING:
    from trading_ml.datasets.audit.view import View

_MOST = 50_000


class Leak(Check):
    """How well each column's last value orders the answers by itself, on the samples that train or validate.

    ROC AUC of a class, in whichever direction is better; of a number the absolute rank correlation (Spearman). Markets
    are not so easy: a column that knows nearly every answer is nearly always made from it.
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
        for question in view.questions(chosen):
            kind, most = (
                ("rank correlation", self.refuse_correlation) if question.is_number else ("AUC", self.refuse_auc)
            )
            for column, found in zip(view.columns, scores(ranks, question).tolist(), strict=True):
                rows.append(row(label=question.name, column=column, score=found))
                told = f"{column} alone tells {question.name} ({kind} {found:.3f})"
                if found > most:
                    said.append(("refuse", f"{told}: likely a leak; look at how it is made, or leave it out"))
                elif found > self.warn:
                    said.append(("warn", f"{told}: suspiciously good; look at how it is made"))
        return Verdict(said, sorted(rows, key=lambda told: -told["score"]))


def scores(ranks: Floats, question: Question) -> Floats:
    """How well each column, given by the ranks of its values, orders the answers: between chance and 1.

    Example:
        >>> scores(np.array([[1.0], [2.0], [3.0], [4.0]]), Question("up", False, np.array([1.0, 1.0, 0.0, 0.0])))
        array([1.])
    """
    answers = question.answers
    if question.is_number:
        return np.abs(_correlations(ranks, pl.Series(answers).rank().to_numpy().astype(np.float64)))
    true = answers.sum()
    if not 0 < true < len(answers):
        return np.full(ranks.shape[1], 0.5)
    auc = (answers @ ranks - true * (true + 1) / 2) / (true * (len(answers) - true))
    return np.maximum(auc, 1 - auc)


def _correlations(columns: Floats, other: Floats) -> Floats:
    away, along = columns - columns.mean(axis=0), other - other.mean()
    scale = np.sqrt((away**2).sum(axis=0) * (along**2).sum())
    return np.divide(along @ away, scale, out=np.zeros(columns.shape[1]), where=scale > 0)

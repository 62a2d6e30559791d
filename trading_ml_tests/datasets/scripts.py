"""Scripts whose tables the tests write by hand; only their column names matter."""

from __future__ import annotations

import polars as pl

from trading_ml.core.script import LABEL_END


def pair() -> dict[str, pl.Expr]:
    return {"a": pl.col("close"), "b": pl.col("volume")}


def single(*, scale: float = 1.0) -> pl.Expr:
    return pl.col("close") * scale


def up() -> dict[str, pl.Expr]:
    return {"up": pl.col("close") > 0, LABEL_END: pl.col("ts_close")}


def outlook() -> dict[str, pl.Expr]:
    return {"move": pl.col("close"), "mood": pl.lit("calm"), LABEL_END: pl.col("ts_close")}

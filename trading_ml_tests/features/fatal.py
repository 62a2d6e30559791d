"""A feature script that no process survives which is not this one."""

from __future__ import annotations

import os

import polars as pl

HOME = os.environ.get("TZ") == "Pacific/Chatham"


def ends_the_process() -> pl.Expr:
    if HOME:
        os._exit(3)
    return pl.col("close")

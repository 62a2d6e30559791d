# %% [markdown]
# # A feature that looks ahead is caught
# Two features of one line each. One is honest; the other was shifted the wrong way.

# %%
import polars as pl

from trading_ml.core.script import Script
from trading_ml.core.signature import params_of
from trading_ml.features.proof import prove


def momentum(*, period: int = 10) -> pl.Expr:
    return pl.col("close") / pl.col("close").shift(period) - 1


def prophecy(*, period: int = 10) -> pl.Expr:
    return pl.col("close").shift(-period) / pl.col("close") - 1


# %% In a project both would go by their dotted path, as in `trading-ml feature check my_package.signals:momentum`.
for function in (momentum, prophecy):
    script = Script(function.__name__, "feature", function, params_of(function, function.__name__))
    proof = prove(script.bind({"period": 5}))
    print(f"{function.__name__}: passed {proof.passed}, warm-up {proof.warm_up} bars")
    print(f"   tested at {proof.lookahead.rows_tested:,} cuts. {' '.join(proof.reasons)[:160]}")

assert not proof.passed

"""The code location that `dg dev`, `dagster dev -w workspace.yaml` and `trading-ml up` load."""

from trading_ml.defs.code import Code

defs = Code.load().definitions

"""The command line: thin calls into the rooms, and the same Dagster jobs that the UI runs."""

from trading_ml.cli.main import app, main

__all__ = ["app", "main"]

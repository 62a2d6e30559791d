"""Every command, one module per room; importing this module registers them."""

from trading_ml.cli import datasets, demo, ingest, projects, scripts, tables, up

__all__ = ["datasets", "demo", "ingest", "projects", "scripts", "tables", "up"]

"""Every command, one module per room; importing this module registers them."""

from trading_ml.cli import demo, ingest, projects, scripts, tables, up

__all__ = ["demo", "ingest", "projects", "scripts", "tables", "up"]

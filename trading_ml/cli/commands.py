"""Every command, one module per room; importing this module registers them."""

from trading_ml.cli import (
    audit,
    batches,
    components,
    datasets,
    demo,
    ingest,
    lineage,
    models,
    projects,
    scripts,
    tables,
    training,
    tuning,
    up,
    vault,
)

__all__ = [
    "audit", "batches", "components", "datasets", "demo", "ingest", "lineage", "models", "projects", "scripts",
    "tables", "training", "tuning", "up", "vault",
]  # fmt: skip

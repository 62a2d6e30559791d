"""Everything Dagster: assets that read a partition, call one pure function, and say what they made."""

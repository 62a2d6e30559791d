"""Everything Dagster: assets that read a partition, call one pure function, and say what they made."""

import warnings

from dagster import BetaWarning, PreviewWarning

for _maturity in (BetaWarning, PreviewWarning):
    warnings.filterwarnings("ignore", category=_maturity)

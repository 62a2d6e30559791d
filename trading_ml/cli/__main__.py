"""`python -m trading_ml.cli`, for places where the console script is not on the path."""

from trading_ml.cli import main

main()

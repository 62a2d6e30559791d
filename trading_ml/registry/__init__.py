"""Registry: every training is tracked in MLflow, every version is judged, and only the gate moves the champion."""

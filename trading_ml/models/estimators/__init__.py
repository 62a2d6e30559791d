"""How the families that scikit-learn fits are fitted, stored and asked; their parameters are among the families."""

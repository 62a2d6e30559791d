"""Models: a family of Keras graphs, trained from windows, measured on parts of a dataset, set beside baselines."""

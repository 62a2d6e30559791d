"""Tuning: which parameters a model is trained with, searched for on the validation part."""

"""Claims about speed, size and memory, each measured beside its peers in one run; `python -m benchmarks` runs them all.

A claim is a ratio of two contenders that do the same work on the same machine in the same minutes, so it means
something on any machine. Nothing here is imported by the product.
"""

"""Measured comparisons, one script a capability; `python -m bench` runs them all."""

"""Measure explanations; run with `python -m bench.explain`."""

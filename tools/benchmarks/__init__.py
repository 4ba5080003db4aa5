"""Measurements of the artifact itself: figures in `metrics/bench/`, or a tally that must come out right."""

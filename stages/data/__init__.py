"""Labelled reviews: generated or read, every row checked, split, described by a card."""

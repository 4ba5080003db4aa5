"""Runs what is out of date of the study: a head that decides and keeps dvc.lock, and workers that run stages."""

"""Runs the out-of-date stages of dvc.yaml side by side on Dask, from one machine to a cluster.

``study.py`` decides what runs when, ``task.py`` is what a Dask worker does, ``stage.py`` reproduces one stage with DVC
in a process of its own. Nothing here reaches a result: what a stage computes is in ``stages/``.
"""

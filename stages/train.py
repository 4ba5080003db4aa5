"""train, probe: one run -> models/runs/<run>/ and metrics/runs/<run>.json.

Every run is a process of its own, so no memory, cache or random state passes from one to the next (``make paper`` forks
it from one that has imported libraries and done nothing else: ``tools/engine/warm.py``). What it does is
in ``stages/training/run.py``; this file is its command, and imports it in the way that starts fastest.
"""

import argparse

from stages.core.errors import run_stage
from stages.training import startup
from stages.training.environment import use_device
from stages.training.settings import RunSettings


def main(architecture: str, configuration: str, seed: int) -> None:
    """Fine-tune, score and record one run in this process."""
    use_device(RunSettings.read(architecture, configuration).train.device)
    with startup.lean_imports(RunSettings.path(architecture, configuration)):
        from stages.training.run import fine_tune
    fine_tune(architecture, configuration, seed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture")
    parser.add_argument("configuration")
    parser.add_argument("seed", type=int)
    run_stage(main, **vars(parser.parse_args()))
    startup.leave()

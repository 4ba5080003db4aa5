"""census: the study at full size on the meta device -> metrics/census.json. No weights, no download."""

import argparse
import warnings
from contextlib import nullcontext

from stages.core.errors import run_stage
from stages.fullsize.census import Census
from stages.fullsize.settings import CensusSettings
from stages.training import startup


def main(is_whole_process: bool = False) -> None:
    """Count every cell under every protocol that the study uses, and predict its memory.

    Args:
        is_whole_process: nothing else will want the libraries that it imports.
    """
    with startup.lean_imports() if is_whole_process else nullcontext():
        import transformers

        from stages.fullsize.cells import take_census

    transformers.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    warnings.filterwarnings("ignore", message="torch.utils.checkpoint: the use_reentrant parameter")
    settings = CensusSettings.read()
    census = take_census(settings.runs, settings.full_size)
    census.write()
    for hole in census.holes:
        print(f"{hole.protocol}: {hole.architecture} {hole.configuration}: not counted: {hole.reason}")
    cells = sum(len(names) for protocol in census.root for names in census.counted(protocol).values())
    print(f"cells counted: {cells}, protocols: {', '.join(census.root)}; in {Census.path()}")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    run_stage(main, is_whole_process=True)

"""census: the study at full size on the meta device -> metrics/census.json. No weights, no download."""

import argparse
import warnings

import transformers

from stages.lib.cells import read_settings
from stages.lib.census import against_published, take_census, write_census
from stages.lib.errors import run_stage
from stages.lib.settings import CENSUS, CensusSettings


def main() -> None:
    """Count every cell under every protocol, predict its memory, and print how the published figures compare."""
    transformers.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    warnings.filterwarnings("ignore", message="torch.utils.checkpoint: the use_reentrant parameter")
    settings = read_settings(CensusSettings, CENSUS)
    census = take_census(settings.runs, settings.full_size)
    write_census(census)
    if "as-published" in census.root:
        print(against_published(census).drop(columns="note").to_string(index=False))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    run_stage(main)

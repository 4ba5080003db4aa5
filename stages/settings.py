"""settings: params.yaml -> data/settings/. Validates every parameter before anything runs."""

import argparse
import shutil

from stages.lib.cells import FOLDER
from stages.lib.errors import run_stage
from stages.lib.jsonfile import write_json
from stages.lib.params import load_params
from stages.lib.settings import resolve


def main(check: bool = False) -> None:
    """Resolve ``params.yaml`` into one settings file a stage; with ``check``, only validate."""
    files = resolve(load_params())
    if check:
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path, settings in files.items():
        write_json(settings, path)
    print(f"{len(files)} settings files in {FOLDER}/")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="validate params.yaml and write nothing")
    run_stage(main, **vars(parser.parse_args()))

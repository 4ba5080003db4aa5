"""settings: params.yaml -> data/settings/. Validates every parameter before anything runs.

It also moves aside what an earlier grid left in the folders that stages depend on (``stages/study/leftovers.py``) and
links ``data/source`` to a local source, which DVC watches there (``stages/study/source_link.py``).
"""

import argparse
import shutil
from contextlib import nullcontext

from stages.core.errors import InputError, run_stage
from stages.core.files import SETTINGS
from stages.study.leftovers import arrange
from stages.study.params import PARAMS, load_params
from stages.study.resolve import resolve, resolve_study
from stages.study.source_link import require_source, watch
from stages.training import startup
from stages.training.environment import use_device
from stages.training.settings import RunSettings


def main(check: bool = False, is_whole_process: bool = False) -> None:
    """Resolve ``params.yaml`` into one settings file a stage; with ``check``, only validate.

    Args:
        check: write nothing.
        is_whole_process: nothing else will want the libraries that it imports.
    """
    told = PARAMS.read_bytes() if PARAMS.exists() else b""
    params = load_params()
    files = resolve(params)
    profile = params.profiles[params.profile]
    require_source(profile.data)
    if profile.train.device == "cpu":  # what a method may do is tried where its runs are made
        use_device("cpu")
    with startup.lean_imports() if is_whole_process else nullcontext():
        from stages.fullsize.trials import require_models  # two seconds: what needs no library is checked first
    architectures = {name: params.architecture[name] for name in params.architectures}
    runs = [settings for settings in files.values() if isinstance(settings, RunSettings)]
    require_models(architectures, profile.base, runs)
    if check:
        return
    watch(profile.data)
    shutil.rmtree(SETTINGS, ignore_errors=True)
    for path, settings in files.items():
        settings.write_to(path)
    arrange(resolve_study(params))
    if PARAMS.read_bytes() != told:  # DVC notes the file after the command, and would note what nothing was made of
        raise InputError(f"{PARAMS}: changed while this ran; `make paper` again takes what it says now")
    for line in params.texts_left_out():
        print(f"params.yaml: {line}")
    print(f"{len(files)} settings files in {SETTINGS}/")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="validate params.yaml and write nothing")
    run_stage(main, **vars(parser.parse_args()), is_whole_process=True)

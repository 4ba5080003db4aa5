"""Put what a reader needs of a study into git's reach: ``make keep STUDY=<name>`` -> ``metrics/studies/<name>/``.

Records, tables, statistics, data card, PDF, and the parameters that made them; no models and no texts.
"""

import argparse
import json
import shutil
from contextlib import chdir
from pathlib import Path

from stages.analysis.kept_study import FOLDER
from stages.core.errors import InputError, run_stage
from stages.core.files import write_text, written_whole
from stages.training.environment import head
from tools.engine.display import listed
from tools.studies.keeping import CHANGES, MADE_OF, PARAMS, kept_files
from tools.studies.merging import Study, as_yaml, built_folder, path_of, read_study
from tools.studies.working_folder import Copy, brought_up_to_date, left_out, locked, uncommitted


def main(name: str) -> None:
    """Keep a study that is up to date with the commit that is checked out, all at once or not at all.

    Raises:
        InputError: it was not built, is out of date, or what it is made of is not committed.
    """
    study = read_study(name)
    built_folder(name)
    require_committed(study)
    with locked(name):
        copy = brought_up_to_date(study)
        require_up_to_date(study, copy.folder)
        with written_whole(FOLDER / name) as beside:
            write(study, copy, beside)
    count = sum(path.is_file() for path in (FOLDER / name).rglob("*"))
    print(f"{count} files in {FOLDER / name}/; `git add {FOLDER / name}` keeps them")


def require_committed(study: Study) -> None:
    """Raises InputError: parameters or code are not those of a commit, which a reader could not look up."""
    files = [*uncommitted([path_of(study.name), Path(PARAMS)]), *left_out()]
    files = [file for file in files if not Path(file).is_relative_to(FOLDER)]
    if files:
        raise InputError(
            f"{listed(files)}: not committed; what is kept must name the commit it was made of: git commit"
        )


def require_up_to_date(study: Study, folder: Path) -> None:
    """Raises InputError: a stage of the working copy is out of date, or of its last build."""
    from tools.engine.dag import Dag  # DVC takes a second
    from tools.engine.plan import unfinished

    with chdir(folder):
        waiting = unfinished(Dag(), study.params)
    if waiting:
        raise InputError(
            f"STUDY: {study.name!r}: unfinished or out of date: {listed(waiting)}; `make paper STUDY={study.name}`"
        )


def write(study: Study, copy: Copy, target: Path) -> None:
    """All files of the kept study."""
    target.mkdir()
    for path, name in kept_files(study.params, copy.folder).items():
        source = copy.folder / path
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns(".*", "*.failed.json"))
        else:
            shutil.copyfile(source, target / name)  # the content, where DVC has put a link
    shutil.copyfile(path_of(study.name), target / CHANGES)
    with (target / PARAMS).open("w", encoding="utf-8") as stream:
        as_yaml(
            study.raw,
            f"The whole parameters of study {study.name}, as it was made: params.yaml with {CHANGES}.",
            stream,
        )
    commit, subject = head()
    write_text(
        target / MADE_OF, json.dumps({"study": study.name, "commit": commit, "subject": subject}, indent=2) + "\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="of a study that `make paper STUDY=<name>` has built")
    run_stage(main, **vars(parser.parse_args()))

"""The study as a deposit: ``make archive [WITH_MODELS=1]`` -> ``paper/archive.zip``.

All files of the commit with git's history of it, the results that DVC holds, and a remote of DVC in the archive; it is
described as an RO-Crate. Unpacked anywhere, the report can be built from it without training. The same commit and
contents give the same bytes.
"""

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from stages.core.errors import InputError, run_stage
from stages.core.files import sha256, write_text, written_whole
from stages.data.card import Card
from stages.study.params import Params, load_params
from stages.study.resolve import resolve_study
from stages.training.record import Record
from tools.archive import appendix, citation, crate, croissant, history, own_remote, registry
from tools.archive.stage_runs import descriptions, steps
from tools.archive.zipped import zip_folder
from tools.engine.display import listed
from tools.studies.working_folder import left_out

if TYPE_CHECKING:
    from tools.engine.dag import Dag

ARCHIVE = Path("paper/archive.zip")
BESIDE = Path(".dvc/tmp")  # on the disk that has the cache: there may be less room elsewhere
CARDS = Path("cards")
# Of the archive and not of the commit.
OWN = [
    *(str(path) for path in (appendix.APPENDIX, appendix.SUMS, crate.METADATA, croissant.CROISSANT)),
    f"{CARDS}/",
    f"{own_remote.FOLDER}/",
]


def main(with_models: str = "") -> None:
    """Write the archive, whole or not at all.

    Args:
        with_models: ``1``: models too are in it; empty: they are named by their hashes.

    Raises:
        InputError: something is not committed, the study is not up to date, or DVC's cache lacks something.
    """
    if with_models not in ("", "1"):
        raise InputError(f"WITH_MODELS: {with_models!r}; allowed: 1, or none")
    commit = history.Commit()
    require_committed()
    citation.require_made(Path())
    registry.require_todays()
    params = load_params()
    dag = require_up_to_date(params)
    BESIDE.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="archive-", dir=BESIDE) as beside:
        folder = Path(beside)
        put_together(folder, commit, dag, params, with_models == "1")
        with written_whole(ARCHIVE) as target:
            count = zip_folder(folder, target, commit.seconds)
    print(f"{ARCHIVE}: {count} files, {ARCHIVE.stat().st_size / appendix.MEGABYTE:.1f} MB, of commit {commit.id[:12]}")


def require_committed() -> None:
    """Raises InputError: files are not those of the commit, which is all that the archive can have of them."""
    if files := sorted({*history.changed_files(), *left_out()}):
        raise InputError(f"{listed(files)}: not committed; the archive is of a commit: git commit")


def require_up_to_date(params: Params) -> "Dag":
    """The DAG; raises InputError: a stage is out of date, or its output is not here."""
    from tools.engine.dag import Dag  # DVC takes a second
    from tools.engine.plan import unfinished

    dag = Dag()
    if waiting := unfinished(dag, params):
        raise InputError(f"the study is unfinished or out of date: {listed(waiting)}; run `make paper` first")
    return dag


def put_together(folder: Path, commit: history.Commit, dag: "Dag", params: Params, with_models: bool) -> None:
    """All that the archive holds, as files."""
    settings, card, cited = resolve_study(params), Card.read(), citation.read_citation()
    records = [Record.read_from(run.record_path, run.stage) for run in settings.every_run if run.record_path.exists()]
    outputs = own_remote.Outputs(dag, card, with_models)
    history.write_tree(commit, folder)
    history.write_history(commit, folder, OWN)
    own_remote.write_remote(outputs, folder)
    copy_results(outputs, folder)
    copy_cards(settings.every_run, folder)
    published = datetime.fromtimestamp(commit.seconds, UTC).date().isoformat()
    croissant.write_croissant(card, Path(), folder, published)
    study = appendix.Study(settings, card, records)
    appendix.write_appendix(folder, cited["title"], commit, study, outputs, with_models)
    (folder / appendix.SUMS).touch()  # the crate names it, and it has the crate's own checksum
    crate.write_crate(folder, crate.Facts(commit, cited, steps(dag, params), descriptions()))
    write_sums(folder)


def copy_results(outputs: own_remote.Outputs, folder: Path) -> None:
    """What a reader opens: all outputs but models and texts, which `dvc pull` brings."""
    for name in outputs.pushed:
        path = Path(name)
        if path.is_relative_to(own_remote.MODELS) or own_remote.is_text(path):
            continue
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, folder / path, ignore=shutil.ignore_patterns(".*"))
        else:
            shutil.copyfile(path, folder / path)  # the content, where DVC has put a link


def copy_cards(runs: list, folder: Path) -> None:
    """The model card of each run by its name in the grid: DVC would take the run's own folder for damaged."""
    for run in runs:
        source = run.model_path / "README.md"
        if source.exists():
            target = folder / CARDS / run.architecture / run.configuration / f"{run.seed}.md"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def write_sums(folder: Path) -> None:
    """Of every file but git's own, as ``sha256sum`` writes and checks them."""
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    listed_files = [path for path in files if path.parts[0] != ".git" and path != appendix.SUMS]
    lines = [f"{sha256(folder / path)}  {path.as_posix()}\n" for path in listed_files]
    write_text(folder / appendix.SUMS, "".join(lines))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--with-models", default="", help="1: models too")
    run_stage(main, **vars(parser.parse_args()))

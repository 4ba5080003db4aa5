"""``ARTIFACT.md``: the artifact appendix. What to run, how long it takes, what to compare, which badges that is for."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from stages.core.files import write_text
from stages.data.card import Card
from stages.report.numbers.ledger import Numbers
from stages.study.grid import StudySettings
from stages.training.record import Record
from tools.archive.history import Commit
from tools.archive.own_remote import Outputs
from tools.engine.display import duration

APPENDIX, SUMS = Path("ARTIFACT.md"), Path("SHA256SUMS")
PDF = Path("paper/main.pdf")
MEGABYTE = 1_000_000
WITHOUT_TRAINING = "dvc repro --single-item --force tables figures paper"


class Study(NamedTuple):
    """What of a study the appendix tells."""

    settings: StudySettings
    card: Card
    records: list[Record]


def write_appendix(folder: Path, title: str, commit: Commit, study: Study, outputs: Outputs, with_models: bool) -> None:
    """Write it into the archive that is put together in ``folder``."""
    parts = [
        f"# Artifact appendix\n\n{title}. Commit `{commit.id}`.",
        f"## What is here\n\n{contents(study, outputs, with_models)}",
        f"## What it needs\n\n{needs(study.records, folder)}",
        f"## What to run\n\n{commands(study, outputs)}",
        f"## What to compare\n\n{comparisons(folder, study)}",
        f"## Badges\n\n{badges()}",
    ]
    write_text(folder / APPENDIX, "\n\n".join(parts) + "\n")


def contents(study: Study, outputs: Outputs, with_models: bool) -> str:
    """Folders, and what is left out."""
    lines = [
        "The project at this commit, with git's history of it; the README says where everything is.",
        "- `paper/main.pdf`, `paper/site/index.html`: the report, and the results as a page",
        "- `paper/generated/numbers.json`: every number of the report, and where it comes from",
        "- `metrics/`: records, statistics; `cards/`: model cards; `croissant.json`: the data card",
        "- `dvc-remote/`: what DVC holds, from which `dvc pull` takes it",
        "- `ro-crate-metadata.json`: what was run on what, as an RO-Crate; `SHA256SUMS`: checksums",
    ]
    if not with_models:
        lines.append("- not here: the models, which are named by their hashes in `dvc.lock`")
    if study.card.source != "generated":
        name, licence = (" ".join(text.split()) for text in (study.card.name, study.card.licence or "not stated"))
        lines.append(
            f"- not here, but for what report and page quote: the texts of {name}, which others wrote (licence: "
            f"{licence}); `data/raw/card.json` has their hashes"
        )
    size = f"DVC's outputs here: {len(outputs.pushed)}; by hash alone: {len(outputs.left_out)}."
    return "\n".join([lines[0], "", *lines[1:], "", size])


def needs(records: list[Record], folder: Path) -> str:
    """Software, and the machine that the runs were made on."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    lines = [
        "- Python 3.11 or newer, git, TeX (`make paper` installs it, or says what is missing); packages by hash",
        f"- {size / MEGABYTE:,.0f} MB unpacked, and what the packages take",
    ]
    environments = [record.environment for record in records]
    for words, values in (
        ("processor", [environment.processor for environment in environments]),
        ("device", [environment.device for environment in environments]),
        ("Python", [environment.python for environment in environments]),
    ):
        if values:
            lines.append(f"- {words} of the runs: {listed(values)}")
    return "\n".join(lines)


def commands(study: Study, outputs: Outputs) -> str:
    """From the archive's own files, then anew."""
    seconds = sum(spent(record) for record in study.records)
    pull = "dvc pull" if outputs.is_whole else "dvc pull --allow-missing"
    lines = [
        "    sha256sum --check --quiet SHA256SUMS    # all files are as they were packed",
        "    make .venv/study tex && . .venv/bin/activate    # packages and TeX",
        f"    {pull}    # from dvc-remote/",
    ]
    if outputs.is_whole:
        lines.append("    make paper    # finds all up to date, and shows the results")
    lines.append(f"    {WITHOUT_TRAINING}    # the report from the records: nothing is trained")
    rerun = [
        "To make all anew, in another copy, without `dvc pull`:",
        "    make paper",
        f"The {len(study.records)} runs took {duration(seconds)} one after the other; `make paper` runs several.",
    ]
    return "\n".join([*lines, "", rerun[0], "", rerun[1], "", rerun[2]])


def comparisons(folder: Path, study: Study) -> str:
    """What must come out the same."""
    numbers = Numbers.read_from(folder / Numbers.path())
    pdf = hashlib.sha256((folder / PDF).read_bytes()).hexdigest()
    return "\n".join(
        [
            f"- the report built from the records: the same bytes, SHA-256 of `{PDF}` `{pdf}`",
            f"- its {len(numbers.root)} numbers, `{Numbers.path()}`: `make why N=<number>` says where one comes from",
            "- the study made anew on the same kind of processor: the section `quality` of the "
            f"{len(study.records)} records in `metrics/runs/`, bit for bit; another kind may round differently",
            "- times, memory and energy are those of a machine: compare their order, not their values",
        ]
    )


def badges() -> str:
    """Of the ACM, version 1.1, and what in the archive stands for each."""
    return "\n".join(
        [
            "- *Artifacts Available*: this archive, once it is deposited where it has a DOI",
            "- *Artifacts Evaluated, Functional*: `make test`, and the report built from the records",
            "- *Artifacts Evaluated, Reusable*: the README (own data, another model, another method)",
            "- *Results Reproduced*: `make paper` without `dvc pull`, compared as above",
        ]
    )


def spent(record: Record) -> float:
    """Seconds of a run, from its start to what it saved."""
    cost = record.cost
    return cost.startup_seconds + cost.train_seconds + cost.evaluation_seconds + cost.saving_seconds


def listed(values: Iterable[str]) -> str:
    """Each once, in order of their first mention."""
    return ", ".join(dict.fromkeys(values))

from pathlib import Path
from types import SimpleNamespace

import pytest

from stages import settings
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers.paper import SMALL
from tests.helpers.records import make_record
from tests.helpers.tiny_study import write_params
from tests.tools.archive.test_croissant import made
from tools.archive.appendix import Study, commands, contents, needs, spent

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def study(**origin: object) -> Study:
    """Two runs, of a minute and a half and of a second."""
    write_params(Path(), **SMALL)
    settings.main()
    resolved = resolve_study(load_params())
    records = [make_record(run) for run in resolved.runs]
    parts = {"startup_seconds": 10.0, "train_seconds": 60.0, "evaluation_seconds": 15.0, "saving_seconds": 5.0}
    short = {name: 0.25 for name in parts}
    for index, times in enumerate((parts, short)):
        cost = records[index].cost.model_copy(update=times)
        records[index] = records[index].model_copy(update={"cost": cost})
    return Study(resolved, made(["bad", "good"], **origin), records)


def outputs(is_whole: bool) -> SimpleNamespace:
    return SimpleNamespace(pushed={"a": "1", "b": "2"}, left_out={} if is_whole else {"c": "3"}, is_whole=is_whole)


@pytest.mark.parametrize("is_whole", [True, False])
def test_what_to_run(is_whole):
    told = study()
    assert [spent(record) for record in told.records] == [90, 1]
    lines = [line.partition("#")[0].strip() for line in commands(told, outputs(is_whole)).splitlines() if line]
    pulled = ["dvc pull", "make paper"] if is_whole else ["dvc pull --allow-missing"]
    assert lines == [
        "sha256sum --check --quiet SHA256SUMS",
        "make .venv/study tex && . .venv/bin/activate",
        *pulled,
        "dvc repro --single-item --force tables figures paper",
        "To make all anew, in another copy, without `dvc pull`:",
        "make paper",
        "The 2 runs took 91 s one after the other; `make paper` runs several.",
    ]


@pytest.mark.parametrize(
    ("origin", "with_models", "said"),
    [
        ({}, True, []),
        ({}, False, ["- not here: the models, which are named by their hashes in `dvc.lock`"]),
        (
            {"source": "local", "name": "Of\nothers"},
            True,
            [
                "- not here, but for what report and page quote: the texts of Of others, which others wrote "
                "(licence: not stated); `data/raw/card.json` has their hashes"
            ],
        ),
    ],
)
def test_what_is_not_here_is_said(origin, with_models, said):
    lines = contents(study(**origin), outputs(with_models), with_models).splitlines()
    assert [line for line in lines if line.startswith("- not here")] == said
    assert lines[-1] == f"DVC's outputs here: 2; by hash alone: {0 if with_models else 1}."


def test_what_the_runs_were_made_on_each_once():
    told = study()
    lines = needs(told.records, Path()).splitlines()
    environment = told.records[0].environment
    assert lines[-3:] == [
        f"- processor of the runs: {environment.processor}",
        f"- device of the runs: {environment.device}",
        f"- Python of the runs: {environment.python}",
    ]

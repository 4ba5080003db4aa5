"""make exp: an experiment of DVC's, built beside the workspace on all cores."""

import json
import re

import pytest

from stages.core.errors import InputError
from tests.helpers.hashed_study import dvc, git
from tests.tools.studies.test_build import files
from tools.studies import experiment


def names(folder) -> list[str]:
    return sorted(dvc(folder, "exp", "list", "--name-only").split())


def reference(folder, name: str) -> str:
    """Of an experiment, in git."""
    found = git(folder, "for-each-ref", "--format=%(refname)", "refs/exps").split()
    return next(each for each in found if each.endswith(f"/{name}"))


def fault(*arguments: str) -> str:
    with pytest.raises(InputError) as caught:
        experiment.main(*arguments, "2")
    return str(caught.value)


@pytest.mark.slow
def test_it_leaves_the_workspace_and_is_what_dvc_exp_run_would_have_saved(workspace, capfd):
    before = files(workspace)
    experiment.main("lr=2e-5", "", "wider", "2")
    assert files(workspace) == before
    assert git(workspace, "status", "--porcelain") == ""
    assert names(workspace) == ["wider"]
    dvc(workspace, "exp", "run", "--name", "one-by-one", "-S", "lr=2e-5")
    git(workspace, "stash", "--include-untracked", "--quiet")
    assert names(workspace) == ["one-by-one", "wider"]
    ours, theirs = (reference(workspace, name) for name in ("wider", "one-by-one"))
    head = git(workspace, "rev-parse", "HEAD").strip()
    assert git(workspace, "rev-parse", f"{ours}~", f"{theirs}~").split() == [head, head]
    assert git(workspace, "diff", "--name-only", ours, theirs) == ".dvc/tmp/repro.dat\n"  # how DVC was called


@pytest.mark.slow
def test_of_a_grid_each_combination_is_one(workspace, capfd):
    experiment.main("seeds=[42]", "lr=2e-5,3e-5", "swept", "2")
    assert names(workspace) == ["swept-1", "swept-2"]
    said = capfd.readouterr().out
    assert re.findall(r"experiment \d of \d: .*?;", said) == [
        "experiment 1 of 2: seeds=[42] lr=2e-05;",
        "experiment 2 of 2: seeds=[42] lr=3e-05;",
    ]
    dvc(workspace, "exp", "apply", "swept-2")
    study = json.loads((workspace / "data/settings/study.json").read_text(encoding="utf-8"))
    assert study["lr"] == 3e-5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", "", ""), "SET: empty; give what is changed: make exp SET='lr=2e-5', or GRID='lr=1e-5,2e-5'"),
        (("lr=1e-5,2e-5", "", ""), "SET: 'lr=1e-5,2e-5': several values; allowed in GRID"),
        (
            ("lr='1e-5", "", ""),
            """SET: "lr='1e-5": No closing quotation; allowed: changes as dvc exp run -S takes them""",
        ),
        (("seeds=[42]", "lr", ""), "GRID: 'lr': Error parsing override 'lr'; allowed: changes as dvc exp run -S takes"),
        (
            ("lr=2e-5", "", "two words"),
            "NAME: 'two words': allowed: letters, digits, - and _, first a letter or a digit",
        ),
        (("", "lr=1e-5,2e-5", "../x"), "NAME: '../x-1': allowed: letters, digits, - and _, first a letter or a digit"),
        (("lrr=1e-5", "", ""), "lrr=1e-05: Could not override 'lrr'."),
        (("lr=fast", "", ""), "params.yaml: lr: 'fast': input should be a valid number"),
        (("", "lr=1e-5,fast", ""), "params.yaml: lr: 'fast': input should be a valid number"),
    ],
)
def test_a_change_that_is_none_is_named_before_anything_runs(workspace, arguments, message):
    before = files(workspace)
    assert fault(*arguments).startswith(message)
    assert files(workspace) == before
    assert not (workspace / ".studies").exists()

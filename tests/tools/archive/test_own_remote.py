import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.tools.archive.test_croissant import made
from tools.archive.own_remote import Outputs, is_kept, object_of

pytestmark = pytest.mark.usefixtures("in_empty_folder")
PATHS = ("models/base/bert", "models/runs/bert/full/1", "data/raw/train.parquet", "data/tokenized/bert")
RESULTS = ("data/raw/card.json", "data/settings", "metrics/base/bert.json", "paper/main.pdf", "paper/generated/tables")


@pytest.mark.parametrize(
    ("source", "with_models", "kept"),
    [
        ("generated", False, PATHS[2:]),
        ("generated", True, PATHS),
        ("local", False, ()),
        ("local", True, PATHS[:2]),
        ("hub", True, PATHS[:2]),
    ],
)
def test_models_are_in_it_when_told_and_texts_of_others_never(source, with_models, kept):
    card = made(["bad", "good"], source=source, licence="MIT")
    found = [path for path in (*PATHS, *RESULTS) if is_kept(Path(path), card, with_models)]
    assert found == [*kept, *RESULTS]


def dag_of(**outs: tuple[bool, bool]) -> SimpleNamespace:
    """A stage an output, by its path: whether DVC caches it, and whether it is here."""
    made = {
        path: SimpleNamespace(
            fs_path=f"/study/{path}", use_cache=cached, exists=exists, hash_info=SimpleNamespace(value=f"of {path}")
        )
        for path, (cached, exists) in outs.items()
    }
    repo = SimpleNamespace(root_dir="/study", fs=SimpleNamespace(relpath=os.path.relpath))
    return SimpleNamespace(repo=repo, stages={path: SimpleNamespace(outs=[out]) for path, out in made.items()})


@pytest.mark.parametrize(
    ("run_exists", "with_models", "pushed", "left_out", "is_whole"),
    [
        (True, True, ["models/runs/a", "paper/main.pdf"], [], True),
        (True, False, ["paper/main.pdf"], ["models/runs/a"], False),
        (False, True, ["paper/main.pdf"], [], False),  # a run that failed, where failed ones are allowed
    ],
)
def test_what_of_the_outputs_is_in_it(run_exists, with_models, pushed, left_out, is_whole):
    outs = {"paper/main.pdf": (True, True), "models/runs/a": (True, run_exists), "metrics/runs/a.json": (False, True)}
    outputs = Outputs(dag_of(**outs), made(["bad", "good"]), with_models)
    assert (list(outputs.pushed), list(outputs.left_out), outputs.is_whole) == (pushed, left_out, is_whole)
    assert outputs.pushed["paper/main.pdf"] == "of paper/main.pdf"


def test_where_a_content_is():
    assert object_of("ab34.dir") == Path("dvc-remote/files/md5/ab/34.dir")

from pathlib import Path

import pytest

from tests.tools.archive.test_croissant import made
from tools.archive.own_remote import is_kept, object_of

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


def test_where_a_content_is():
    assert object_of("ab34.dir") == Path("dvc-remote/files/md5/ab/34.dir")

import os
from pathlib import Path

import pytest
from dvc.repo import Repo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.contents import Contents, as_bytes, from_bytes

NAMES = st.text("ab0.~-\N{LATIN SMALL LETTER E WITH ACUTE} ", min_size=1, max_size=4).filter(
    lambda name: name.strip(".")
)
FILES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=2).map("/".join), st.binary(max_size=20), max_size=5)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_contents_have_the_names_that_dvc_gives_them(files, in_empty_folder):
    """With the rules of .dvcignore that the project has."""
    folder = in_empty_folder / os.urandom(8).hex()
    folder.mkdir()
    repo = Repo.init(str(folder), no_scm=True)
    (folder / ".dvcignore").write_text("__pycache__/\n.*\n*~\n", encoding="utf-8")
    for name, text in {"out/kept": b"", **{f"out/{name}": text for name, text in files.items()}}.items():
        if not any(parent.is_file() for parent in (folder / name).parents) and not (folder / name).is_dir():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text)
    (out,) = repo.add(str(folder / "out"))[0].outs
    assert Contents().of(folder / "out") == out.hash_info.value
    repo.close()


def test_a_list_of_files_is_read_back():
    listing = {"b/c": "1" * 32, "a": "0" * 32}
    assert from_bytes(as_bytes(listing)) == listing


@pytest.mark.usefixtures("in_empty_folder")
def test_a_file_is_read_once_until_it_is_forgotten():
    Path("f").mkdir()
    Path("f/a").write_text("1", encoding="utf-8")
    contents = Contents()
    folder, file = contents.of(Path("f")), contents.of(Path("f/a"))
    Path("f/a").write_text("2", encoding="utf-8")
    assert (contents.of(Path("f")), contents.of(Path("f/a"))) == (folder, file)
    contents.forget(Path("f/a"))
    assert contents.of(Path("f/a")) != file
    assert contents.of(Path("f")) != folder
    assert contents.of(Path("g")) is None

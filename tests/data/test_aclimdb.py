from pathlib import Path

import pytest

from stages.data.checks import LAYOUTS
from tests.helpers.local_reviews import fault, load, rows

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def tree(root: str) -> None:
    files = {"train/neg": ["10_1", "9_2"], "train/pos": ["0_9"], "train/unsup": ["0_0"]}
    files |= {"test/neg": ["0_3"], "test/pos": ["0_8"]}
    for folder, names in files.items():
        Path(root, folder).mkdir(parents=True)
        for name in names:
            Path(root, folder, f"{name}.txt").write_text(f"{folder} {name} é<br />", encoding="utf-8")


@pytest.mark.parametrize("path", ["aclImdb", "."])
def test_acl_imdb_tree_in_the_order_of_file_numbers(path):
    tree("aclImdb")
    splits = load(path)[1]
    assert rows(splits["train"]) == [
        ("train/neg 9_2 é<br />", 0),
        ("train/neg 10_1 é<br />", 0),
        ("train/pos 0_9 é<br />", 1),
    ]
    assert rows(splits["test"]) == [("test/neg 0_3 é<br />", 0), ("test/pos 0_8 é<br />", 1)]
    assert rows(splits["unsupervised"]) == [("train/unsup 0_0 é<br />", -1)]


def test_faults_of_the_tree():
    tree("d")
    Path("d/train/neg/9_2.txt").write_bytes(b"caf\xe9")
    assert fault("d") == "d/train/neg/9_2.txt: line 1, byte 3: not valid UTF-8; save the file as UTF-8"
    Path("d/train/neg/9_2.txt").write_text(" \n", encoding="utf-8")
    assert fault("d") == "d/train/neg/9_2.txt: empty text; every row needs some"
    Path("d/train/neg/9_2.txt").write_text("a\0b", encoding="utf-8")
    assert fault("d") == "d/train/neg/9_2.txt: NUL byte at character 2 of the text; allowed: none"
    Path("d/train/neg/7_2.txt").symlink_to("nowhere")
    assert fault("d") == "d/train/neg/7_2.txt: cannot be read: No such file or directory"
    Path("d/train/neg/7_2.txt").unlink()
    Path("d/train/neg/9_2.txt").rename("d/train/neg/readme.txt")
    assert fault("d").startswith("d/train/neg: invalid literal for int() with base 10: 'readme'; expected names such")
    for file in Path("d/test/pos").iterdir():
        file.unlink()
    Path("d/train/neg/readme.txt").unlink()
    assert fault("d") == f"d/test/pos: no *.txt; expected {LAYOUTS}"

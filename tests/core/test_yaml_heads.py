"""The head of a README from anywhere: what it may stand for."""

import time
from pathlib import Path

import pytest
import yaml

from stages.core.errors import InputError
from stages.core.yaml_heads import MOST_BYTES, read_head

pytestmark = pytest.mark.usefixtures("in_empty_folder")

LAUGHS = "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))])
TOO_MUCH = "its head: more than 200000 values or 20000000 characters, with what aliases (*name) repeat; allowed: fewer"
BOMBS = {
    "aliases": (f"---\n{LAUGHS}\n---\n", TOO_MUCH),
    "holds itself": (
        "---\nconfigs: &a [*a]\n---\n",
        "its head: *a stands before or within what it names; allowed: after it",
    ),
    "deep": (f"---\na: {'[' * 5000}{']' * 5000}\n---\n", "its head: lists and maps 101 deep; allowed: at most 100"),
    "very deep": (f"---\na: {'[' * 200_000}\n---\n", "its head: lists and maps 101 deep; allowed: at most 100"),
    "values": (f"---\na: [{'1, ' * 300_000}]\n---\n", TOO_MUCH),
    "large": (f"---\na: 1\n---\n{'x' * MOST_BYTES}", "5000013 bytes; allowed: at most 5000000"),
}


@pytest.mark.parametrize(("text", "fault"), BOMBS.values(), ids=BOMBS.keys())
def test_what_cannot_be_held_is_one_line_in_seconds(text, fault):
    Path("README.md").write_text(text, encoding="utf-8")
    began = time.monotonic()
    with pytest.raises(InputError) as error:
        read_head(Path("README.md"), "d: README.md")
    assert str(error.value) == f"d: README.md: {fault}"
    assert time.monotonic() - began < 10


def test_aliases_that_stand_for_little_are_read():
    Path("README.md").write_text("\ufeff---\na: &a [x]\nb: [*a, *a]\n---\n# Title\n", encoding="utf-8")
    assert read_head(Path("README.md"), "") == {"a": ["x"], "b": [["x"], ["x"]]}


@pytest.mark.parametrize("text", ["", "# Title\n", "---\na: 1\n"])
def test_without_a_head_there_is_none(text):
    Path("README.md").write_text(text, encoding="utf-8")
    assert read_head(Path("README.md"), "") is None


@pytest.mark.parametrize(
    ("content", "kind"), [(b"---\n: [\n---\n", yaml.YAMLError), (b"---\n- a\n---\n", ValueError), (b"\xff", ValueError)]
)
def test_what_is_no_head_is_told_apart(content, kind):
    Path("README.md").write_bytes(content)
    with pytest.raises(kind):
        read_head(Path("README.md"), "")

"""What a small text of YAML may stand for."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core.errors import InputError
from stages.core.yaml_files import MOST_BYTES, read_map, read_yaml


def laughs(levels: int) -> str:
    """Ten to the power of ``levels`` texts."""
    lines = ["b0: &b0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for level in range(1, levels):
        lines.append(f"b{level}: &b{level} [{', '.join([f'*b{level - 1}'] * 10)}]")
    return "\n".join([*lines, f"lr: *b{levels - 1}"])


BOMBS = {
    "aliases": (laughs(9), "more than 200000 values or 20000000 characters, with what aliases (*name) repeat; "),
    "long texts": (
        f"a: &a {'x' * 300_000}\nb: [{', '.join(['*a'] * 100)}]",
        "more than 200000 values or 20000000 characters, with what aliases (*name) repeat; ",
    ),
    "holds itself": ("&a [*a]", "*a stands before or within what it names; allowed: after it"),
    "lists": ("[" * 5000 + "]" * 5000, "lists and maps 101 deep; allowed: at most 100"),
    "maps": ("{a: " * 5000 + "1" + "}" * 5000, "lists and maps 101 deep; allowed: at most 100"),
    "blocks": ("\n".join(" " * depth + "a:" for depth in range(900)), "lists and maps 101 deep; allowed: at most 100"),
    "large": ("a: 1\n" * 200_000, f"1000000 bytes; allowed: at most {MOST_BYTES}"),
    "digits": (
        f"seeds: [{'9' * 5000}]",
        "not valid YAML: Exceeds the limit (4300 digits) for integer string ",
    ),
    "code": ("!!python/object/apply:os.system [id]", "not valid YAML: could not determine a constructor for the tag"),
    "no such day": ("a: 2026-13-45", "not valid YAML: month must be in 1..12"),
    "control": ("a: \0", "not valid YAML: unacceptable character #x0000"),
    "unfinished": ("a: [1, 2", "not valid YAML: while parsing a flow sequence"),
}


@pytest.mark.parametrize(("text", "fault"), BOMBS.values(), ids=BOMBS.keys())
def test_what_cannot_be_held_is_one_line_in_seconds(in_empty_folder, text, fault):
    Path("it.yaml").write_text(text, encoding="utf-8")
    started = time.monotonic()
    with pytest.raises(InputError) as caught:
        read_yaml("it.yaml")
    assert time.monotonic() - started < 20
    assert str(caught.value).startswith(f"it.yaml: {fault}")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_aliases_that_stand_for_little_are_read(in_empty_folder):
    Path("it.yaml").write_text("a: &a {x: 1}\nb: {<<: *a, y: [*a, *a]}\n", encoding="utf-8")
    assert read_yaml("it.yaml") == {"a": {"x": 1}, "b": {"x": 1, "y": [{"x": 1}, {"x": 1}]}}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "empty; `git checkout it.yaml` brings back what is committed"),
        (b"# nothing\n", "empty; `git checkout it.yaml` brings back what is committed"),
        (b"- a\n", "holds list; required: keys with values"),
        (b"text", "holds str; required: keys with values"),
        (b"\xff\xfe\x00", "not valid YAML: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_an_emptied_or_broken_file_is_one_line(in_empty_folder, content, fault):
    Path("it.yaml").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_map("it.yaml")
    assert str(caught.value) == f"it.yaml: {fault}"


@pytest.mark.parametrize(("name", "fault"), [("nothing.yaml", "No such file or directory"), (".", "Is a directory")])
def test_what_is_no_file_is_one_line(in_empty_folder, name, fault):
    with pytest.raises(InputError) as caught:
        read_yaml(name)
    assert str(caught.value) == f"{name}: {fault}"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text("ab:*& -[]{},\n!|>'\"#1.", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused_in_a_line(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content)
    try:
        read_yaml(path)
    except InputError as error:
        message = str(error)
    else:
        return
    assert "\n" not in message

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core import errors
from stages.core.errors import InputError
from stages.core.free_text import plain, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("LoRA r=8", "LoRA r=8"),
        ("\u202egpj.exe\u202c", "gpj.exe"),
        ("a\u200bb\u2060c\ufeff\u00adx", "abcx"),
        ("a\tb\r\nc\u00a0d\u2028e", "a b c d e"),
        ("\x1b[2Jcleared\x07\x00", "[2Jcleared"),
        ("nai\u0308ve", "na\u00efve"),
        ("nai\u200d\u0308ve", "na\u00efve"),
        ("\ud800", "\ufffd"),
        (" \u200e ", ""),
    ],
)
def test_what_is_not_seen_is_left_out(text, shown):
    assert plain(text) == shown


@given(st.text(st.characters(exclude_categories=[])))
def test_nothing_unseen_is_left_and_a_second_time_changes_nothing(text):
    line = plain(text)
    assert plain(line) == line
    assert not {unicodedata.category(character) for character in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    line.encode()


def test_a_message_is_no_command_to_a_terminal(capsys):
    def main():
        raise InputError("d.csv: column '\x1b]0;owned\x07\u202e'\ud800: unknown")

    with pytest.raises(SystemExit) as end:
        errors.run_stage(main)
    assert str(end.value) == "error: d.csv: column ']0;owned'\ufffd: unknown"
    assert visible("two  spaces") == "two  spaces"

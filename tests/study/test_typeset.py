import pytest

from stages.study.typeset import class_labels, shown


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a  name\tof data", "a name of data"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "\u2026"),
        ("", None),
        (" \u200b ", None),
        ("\u7535\u5f71", None),
        ("reactions \U0001f600", None),
        ("na\u00efve", "na\u00efve"),
        ("nai\u0308ve", "na\u00efve"),
    ],
)
def test_a_text_is_shown_on_one_line_or_not_at_all(text, result):
    assert shown(text, 60) == result


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["ham", "spam"], ["ham", "spam"]),
        (["\u597d", "bad", "\U0001f600"], ["class 0", "bad", "class 2"]),
        (["x" * 40 + "1", "x" * 40 + "2", "y"], ["class 0", "class 1", "y"]),
        (["class 1", "\u597d"], ["class 0", "class 1"]),
        ([" ", "a"], ["class 0", "a"]),
    ],
)
def test_every_class_has_a_label_of_its_own(names, labels):
    assert class_labels(names) == labels

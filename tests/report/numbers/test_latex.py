import pytest

from stages.report.numbers.latex import Latex, escape, listing


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            r"a_b & 50% \input{x} $ # { }",
            r"a\_b \& 50\% \textbackslash{}input\{x\} \$ \# \{ \}",
        ),
        ("~ ^ < > |", r"\textasciitilde{} \textasciicircum{} \textless{} \textgreater{} \textbar{}"),
        (
            'it\'s "so" `x`',
            r"it\textquotesingle{}s \textquotedbl{}so\textquotedbl{} \textasciigrave{}x\textasciigrave{}",
        ),
        ("a--b DeBERTa-v3", "a-{}-{}b DeBERTa-v3"),
        ("caf\u00e9 \u4e2d\u00ad\n", r"café [U+4E2D]\allowbreak{} "),
        ("a\u200bb", r"a\allowbreak{}b"),  # Unicode's own sign for it
        ("\u202eab\u202c\x1b[1m\ufeff", "ab[1m"),
        ("a,,b,,,", r"a,{},{}b,{},{},"),
    ],
)
def test_escape(given, expected):
    assert escape(given) == expected


def test_escape_leaves_latex_alone():
    assert escape(Latex(r"\alpha")) == r"\alpha"


def test_listing():
    assert [listing(items) for items in ([], ["a"], ["a", "b_"], ["a", "b", "c"])] == [
        "",
        "a",
        r"a and b\_",
        "a, b, and c",
    ]

import pytest

from stages.core.errors import InputError
from stages.report.numbers.latex import Latex, escape, listing
from stages.report.numbers.units import COUNT, DIFFERENCE, PERCENT, THOUSANDS, rate_text, tex, text
from stages.report.text.pdf import errors, overfull, undefined
from stages.report.text.templates import environment, render


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
        ("caf\u00e9 \u4e2d\u200b\n", "caf\u00e9 [U+4E2D]  "),
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


def test_template_escapes_every_string(tmp_path):
    (tmp_path / "t").write_text(r"\BLOCK{for x in xs}\VAR{x}; \BLOCK{endfor}\#{no}{\bfseries 1}", encoding="utf-8")
    assert render(tmp_path / "t", {"xs": ["a_b", Latex("$x$")]}) == r"a\_b; $x$; {\bfseries 1}"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n\\VAR{nothing}", "t:2: UndefinedError: 'nothing' is undefined"),
        ("a\n\n\\VAR{0.5}", "t:3: TypeError: 0.5: only text may be printed; enter numbers in the ledger"),
        ("\\VAR{number('x')}", "t:1: KeyError: 'x'"),
        ("a\n\\BLOCK{if}", "t:2: Expected an expression"),
    ],
)
def test_template_faults_name_file_and_line(tmp_path, source, message):
    (tmp_path / "t").write_text(source, encoding="utf-8")
    with pytest.raises(InputError) as error:
        render(tmp_path / "t", {"number": {}.__getitem__})
    assert str(error.value).startswith(f"{tmp_path}/{message}")


def test_punctuation_joins_the_line_before(tmp_path):
    (tmp_path / "t").write_text("a\n\\BLOCK{if yes}\nb\n\\BLOCK{endif}\n, c", encoding="utf-8")
    assert [render(tmp_path / "t", {"yes": yes}) for yes in (True, False)] == ["a\nb, c", "a, c"]


def test_undefined_is_strict():
    with pytest.raises(Exception, match="'x' is undefined"):
        environment(".").from_string(r"\VAR{x}").render()


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.8712, PERCENT, "87.12"),
        (0.90025, PERCENT, "90.02"),  # ties to even, whatever the binary fraction
        (0.90035, PERCENT, "90.04"),
        (0.0052, DIFFERENCE, "+0.52"),
        (-0.0385, DIFFERENCE, "-3.85"),
        (-0.00001, DIFFERENCE, "0.00"),
        (24904, COUNT, "24,904"),
        (0, COUNT, "0"),
        (612_354, THOUSANDS, "612.4"),
    ],
)
def test_number_text(value, unit, expected):
    assert text(value, unit) == expected


def test_number_in_running_text():
    assert tex("-3.85") == "$-$3.85"
    assert [rate_text(rate) for rate in (1e-5, 1.5e-3, 2e-5 * 150)] == ["1e-5", "1.5e-3", "3e-3"]
    assert [tex(numeral) for numeral in ("1e-5", "1.5e-3")] == ["$10^{-5}$", r"$1.5\times 10^{-3}$"]


def test_log_faults():
    log = "\n".join(
        [
            "! Undefined control sequence.",
            r"l.7 a \wrong",
            "!  ==> Fatal error occurred",
            r"Overfull \hbox (1.5pt too wide) in paragraph at lines 1--2",
            r"Overfull \hbox (7.5pt too wide) in paragraph at lines 3--4",
            "LaTeX Warning: Citation `who2020' on page 1 undefined on input line 9.",
            "LaTeX Warning: Reference `tab:x' on page 1 undefined on input line 9.",
        ]
    )
    assert errors(log) == [r"Undefined control sequence. l.7 a \wrong"]
    assert overfull(log) == [r"Overfull \hbox (7.5pt too wide) in paragraph at lines 3--4"]
    assert undefined(log) == {"tab:x": "9", "who2020": "9"}


def test_missing_package_names_the_command():
    assert errors("! LaTeX Error: File `booktabs.sty' not found.") == [
        "booktabs.sty not found; install LaTeX: sudo apt-get install -y --no-install-recommends latexmk "
        "texlive-latex-recommended texlive-publishers texlive-fonts-recommended cm-super"
    ]

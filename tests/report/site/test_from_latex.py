import pytest

from stages.core.errors import InputError
from stages.report.numbers.latex import escape, named
from stages.report.site.from_latex import Run, runs, section, sentences


def text(latex: str) -> str:
    return "".join(run.text for run in runs(latex))


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"one study~\cite{hanif2025} and", "one study and"),
        (r"\named{sentiment classification}, \texttt{a\_b}", "sentiment classification, a_b"),
        (r"90.02\,\textpm\,0.18\%", "90.02\N{NO-BREAK SPACE}\N{PLUS-MINUS SIGN}\N{NO-BREAK SPACE}0.18%"),
        (r"$-$0.31 and $2\times 10^{-3}$", "\N{MINUS SIGN}0.31 and 2\N{MULTIPLICATION SIGN}10⁻³"),
        (r"$<$0.001 of $10^{-5}$", "<0.001 of 10⁻⁵"),
        (r"\IAA{} and (IA)\textsuperscript{3}", "(IA)³ and (IA)³"),
        (r"``so'' -- or --- not", "“so” \N{EN DASH} or — not"),
        ("two\n  lines", "two lines"),
        (r"100\% % a remark", "100% "),
        (r"\textbf{bold \traced{a.b}{1}}", "bold 1"),
        (r"\unknowncommand{its argument} stays", "its argument stays"),
        (r"a \href", "a "),
        (r"\traced{a.b", ""),
        ("study's rock 'n' roll", "study's rock 'n' roll"),
    ],
)
def test_what_a_reader_sees(latex, shown):
    assert text(latex) == shown


@pytest.mark.parametrize("name", [r"\input{x} & $100 # {a}_b^c~<d>|e\"'`", "<script>", "ä ñ", "a" * 80, "50% off"])
def test_any_name_is_read_back_as_it_was(name):
    for latex in (escape(name), named(name)):
        assert text(latex) == name


def test_numbers_and_bold_words_are_told_apart():
    latex = r"\textbf{Of \traced{claims.count}{13} claims} and \traced{a-b.x}{5.26\,pp} below"
    assert runs(latex) == [
        Run("Of ", None, True),
        Run("13", "claims.count", True),
        Run(" claims", None, True),
        Run(" and "),
        Run("5.26\N{NO-BREAK SPACE}pp", "a-b.x"),
        Run(" below"),
    ]


def test_sentences_end_at_a_full_stop_and_not_in_a_number():
    latex = r"It is \traced{a.b}{0.5}. (One pp is so much.) Then \textbf{This} ends. What of cf. that?"
    found = ["".join(run.text for run in sentence) for sentence in sentences(latex)]
    assert found == ["It is 0.5.", "(One pp is so much.)", "Then This ends.", "What of cf. that?"]


def test_part_of_the_source():
    assert section(r"a\begin{abstract}b\end{abstract}c", r"\begin{abstract}", r"\end{abstract}") == "b"
    with pytest.raises(InputError, match=r"^paper/main\.tex: no \\end\{abstract\}; run `dvc repro -f paper`$"):
        section(r"a\begin{abstract}b", r"\begin{abstract}", r"\end{abstract}")

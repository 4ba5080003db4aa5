from pathlib import Path

import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure

from stages import paper
from stages.core.errors import InputError
from stages.report.text.pdf import INSTALL, bibliography_errors, compile_pdf, errors, overfull, texts_in, undefined
from tests.helpers.paper import SMALL, before_the_end, needs_latex, prepare

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_log_faults():
    log = "\n".join(
        [
            "(Font) size/weight:12: no error.",
            "./generated/tables/spread.tex:7: Undefined control sequence.",
            r"l.7 a \wrong",
            "!  ==> Fatal error occurred",
            r"Overfull \hbox (1.5pt too wide) in paragraph at lines 1--2",
            r"Overfull \hbox (7.5pt too wide) in paragraph at lines 3--4",
            "LaTeX Warning: Citation `who2020' on page 1 undefined on input line 9.",
            "LaTeX Warning: Reference `tab:x' on page 1 undefined on input line 9.",
        ]
    )
    assert errors(log) == [r"generated/tables/spread.tex:7: Undefined control sequence. a \wrong"]
    assert overfull(log) == [r"Overfull \hbox (7.5pt too wide) in paragraph at lines 3--4"]
    assert undefined(log) == {"tab:x": "9", "who2020": "9"}


def test_missing_package_names_the_command():
    assert errors("! LaTeX Error: File `booktabs.sty' not found.") == [
        "booktabs.sty not found; install LaTeX: sudo apt-get install -y --no-install-recommends latexmk "
        "texlive-latex-recommended texlive-publishers texlive-fonts-recommended cm-super"
    ]


def test_fault_of_the_bibliography():
    log = "I was expecting a `,' or a `}'---line 5 of file references.bib\n : \nWarning--no year---line 7 of file a.bib"
    assert bibliography_errors(log) == ["references.bib:5: I was expecting a `,' or a `}'"]


def write_article() -> Path:
    """A source with a class, a bibliography and a file of its own beside it."""
    text = r"\documentclass[conference]{IEEEtran}\begin{document}\input{part}\cite{a}"
    text += r"\bibliographystyle{IEEEtran}\bibliography{own}\end{document}"
    Path("article.tex").write_text(text, encoding="utf-8")
    Path("part.tex").write_text("Text.", encoding="utf-8")
    Path("own.bib").write_text("@misc{a, title={T}, author={A}, year=2020}", encoding="utf-8")
    return Path("article.tex").absolute()


OWN_CLASS = r"\NeedsTeXFormat{LaTeX2e}\ProvidesClass{IEEEtran}\LoadClass{article}\errmessage{not of the distribution}"


@needs_latex
@pytest.mark.parametrize(
    ("variables", "files"),
    [
        ({}, {".latexmkrc": '$out_dir = "build"; $pdf_mode = 4;'}),
        ({}, {".config/latexmk/latexmkrc": '$out_dir = "build";'}),
        ({"LATEXMKRCSYS": "{home}/system"}, {"system": '$out_dir = "build";'}),
        ({"TEXINPUTS": "/nowhere", "BSTINPUTS": "/nowhere", "BIBINPUTS": "/nowhere"}, {}),
        ({"TEXINPUTS": "{home}/classes:"}, {"classes/IEEEtran.cls": OWN_CLASS}),
        ({"TEXINPUTS_pdflatex": "{home}/classes:"}, {"classes/IEEEtran.cls": OWN_CLASS}),
        ({"TEXMFHOME": "{home}/mine"}, {"mine/tex/latex/IEEEtran.cls": OWN_CLASS}),
        ({}, {"texmf/tex/latex/IEEEtran.cls": OWN_CLASS}),
        ({"TEXMFOUTPUT": "/nowhere", "KPSE_DOT": "/nowhere", "TEXFORMATS": "/nowhere", "TFMFONTS": "/nowhere"}, {}),
        ({"LC_ALL": "C", "openin_any": "p", "shell_escape": "t", "error_line": "50"}, {}),
    ],
)
def test_the_users_own_tex_has_no_say(variables, files, tmp_path, monkeypatch):
    source, home = write_article(), tmp_path / "home"
    home.mkdir()
    for name, content in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(content)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=home))
    assert compile_pdf(source) == source.with_suffix(".pdf")
    assert compile_pdf(source).exists()


@needs_latex
def test_what_the_installation_lacks_is_taken_from_the_users_tree(tmp_path, monkeypatch):
    source, own = write_article(), tmp_path / "texmf/tex/latex/own.sty"
    own.parent.mkdir(parents=True)
    own.write_text("% nothing")
    source.write_text(source.read_text().replace(r"\begin", r"\usepackage{own}\begin", 1))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert compile_pdf(source).exists()


@needs_latex
@pytest.mark.parametrize("reading", [r"\openin\x={file}\read\x to\y", r"\input{{{file}}}"], ids=["openin", "input"])
def test_what_is_compiled_reads_no_file_of_the_machine(reading, tmp_path):
    """As ``make diff`` compiles another's revision."""
    secret = tmp_path / "secret.tex"
    secret.write_text("of the host", encoding="utf-8")
    text = (
        r"\documentclass{article}\newread\x\begin{document}shown: " + reading.format(file=secret) + r"\y\end{document}"
    )
    Path("article.tex").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"^(article\.tex:1: .*(not found|undefined|ended by|File ended)|.*secret)"):
        compile_pdf(Path("article.tex"))
    assert not Path("article.pdf").exists()


@needs_latex
def test_what_is_compiled_writes_beside_itself_alone(tmp_path):
    target = tmp_path / "written.tex"
    text = r"\documentclass{article}\newwrite\x\begin{document}\immediate\openout\x=" + str(target)
    Path("article.tex").write_text(
        text + r"\immediate\write\x{a}\immediate\closeout\x a\end{document}", encoding="utf-8"
    )
    with pytest.raises(InputError):
        compile_pdf(Path("article.tex"))
    assert not target.exists()


@needs_latex
def test_a_build_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr("stages.report.text.pdf.LONGEST_SECONDS", 3)
    Path("article.tex").write_text(
        r"\documentclass{article}\begin{document}\loop\iftrue\repeat\end{document}", encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"^article\.tex: latexmk: not done after 3 s, so it was ended$"):
        compile_pdf(Path("article.tex"))


@needs_latex
def test_the_first_error_has_its_file_and_line():
    source = write_article()
    Path("part.tex").write_text("Text.\n\nMore of \\wrong text.\n\\other", encoding="utf-8")
    with pytest.raises(InputError) as error:
        compile_pdf(source)
    assert str(error.value) == r"part.tex:3: Undefined control sequence. More of \wrong"
    Path("part.tex").write_text("Text.", encoding="utf-8")
    Path("own.bib").write_text("@misc{a, title={T}\n author={A}}", encoding="utf-8")
    with pytest.raises(InputError) as error:
        compile_pdf(source)
    assert str(error.value) == "own.bib:2: I was expecting a `,' or a `}'"


@needs_latex
def test_undefined_reference_is_an_error():
    prepare(drawn=True, **SMALL)
    before_the_end(r"\ref{nowhere}")
    with pytest.raises(InputError, match=r"^main\.tex:\d+: undefined: nowhere$"):
        paper.main()


@needs_latex
def test_undefined_citation_is_an_error():
    prepare(drawn=True, **SMALL)
    before_the_end(r"\cite{nobody}")
    with pytest.raises(InputError, match=r"^main\.tex:\d+: undefined: nobody$"):
        paper.main()


@needs_latex
def test_overfull_box_is_named_with_its_lines():
    prepare(drawn=True, **SMALL)
    before_the_end(r"\mbox{" + "wide " * 60 + "}")
    with pytest.raises(
        InputError, match=r"^paper/main\.tex: Overfull \\hbox \([\d.]+pt too wide\) in paragraph at lines \d+"
    ):
        paper.main()


def test_overfull_box_names_the_texts_that_are_in_its_lines():
    lines = [
        "none",
        r"The data are \named{a\_long\allowbreak{}name}, of",
        r"\textit{\named{ham}} and \named{spam eggs}.",
    ]
    free = {"data.name": "a_longname", "data.licence": "none stated", "data.labels: ham": "ham", "x": "spam eggs"}
    box = r"Overfull \hbox (7.5pt too wide) in paragraph at lines 2--3"
    assert texts_in(box, lines, free) == " (with data.name, x)"
    assert texts_in(box.replace("2--3", "1--1"), lines, free) == ""
    assert texts_in(r"Overfull \vbox (7.5pt too high) has occurred", lines, free) == ""


@needs_latex
def test_type_3_font_is_named(tmp_path):
    prepare(drawn=True, **SMALL)
    with rc_context({"pdf.fonttype": 3}):
        figure = Figure()
        figure.text(0.5, 0.5, "bitmap")
        figure.savefig("paper/generated/figures/pareto.pdf")
    with pytest.raises(InputError, match=r"^paper/main\.tex: Type 3 fonts in the PDF: /F1$"):
        paper.main()


def test_latex_not_installed(monkeypatch):
    prepare(**SMALL)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError) as error:
        paper.main()
    assert str(error.value) == f"latexmk: not found; install LaTeX: {INSTALL}"

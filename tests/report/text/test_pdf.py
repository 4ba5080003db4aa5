import pytest
from matplotlib import rc_context
from matplotlib.figure import Figure

from stages import paper
from stages.core.errors import InputError
from stages.report.text.pdf import INSTALL, errors, overfull, undefined
from tests.helpers.paper import SMALL, before_the_end, needs_latex, prepare

pytestmark = pytest.mark.usefixtures("in_empty_folder")


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


@needs_latex
def test_type_3_font_is_named(tmp_path):
    prepare(drawn=True, **SMALL)
    with rc_context({"pdf.fonttype": 3}):
        figure = Figure()
        figure.text(0.5, 0.5, "bitmap")
        figure.savefig("paper/generated/figures/methods.pdf")
    with pytest.raises(InputError, match=r"^paper/main\.tex: Type 3 fonts in the PDF: /F1$"):
        paper.main()


def test_latex_not_installed(monkeypatch):
    prepare(**SMALL)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError) as error:
        paper.main()
    assert str(error.value) == f"latexmk: not found; install LaTeX: {INSTALL}"

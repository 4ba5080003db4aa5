from stages.report.text.pdf import errors, overfull, undefined


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

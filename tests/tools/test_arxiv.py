import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from stages import paper
from stages.core.errors import InputError
from tests.helpers.paper import SMALL, needs_latex, prepare
from tools import arxiv

pytestmark = pytest.mark.usefixtures("in_empty_folder")


@needs_latex
def test_archive_compiles_with_tex_alone_and_has_fixed_bytes(tmp_path):
    prepare(drawn=True, **SMALL)
    paper.main()
    arxiv.main()
    first = arxiv.ARCHIVE.read_bytes()
    arxiv.main()
    assert arxiv.ARCHIVE.read_bytes() == first
    empty = tmp_path / "empty"
    shutil.unpack_archive(arxiv.ARCHIVE, empty)
    assert {path.name for path in empty.iterdir()} == {"main.tex", "main.bbl", "generated"}
    for _ in range(2):
        command = [shutil.which("pdflatex"), "-no-shell-escape", "-interaction=nonstopmode", "main.tex"]
        subprocess.run(command, cwd=empty, env={"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    log = (empty / "main.log").read_text(errors="replace")
    assert "undefined" not in log
    assert (empty / "main.pdf").exists()


def test_before_the_report_is_built():
    with pytest.raises(InputError, match=r"^paper/main\.tex: not found; run `dvc repro paper` first$"):
        arxiv.main()


def test_archive_holds_what_it_is_given():
    packed = Path("a.tar.gz")
    packed.write_bytes(arxiv.pack({"b/c.tex": b"x", "a.tex": b"yy"}))
    with tarfile.open(packed) as archive:
        assert [(entry.name, entry.size, entry.mtime) for entry in archive] == [("b/c.tex", 1, 0), ("a.tex", 2, 0)]

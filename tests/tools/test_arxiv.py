import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from stages import paper
from stages.core.errors import InputError
from tests.helpers.paper import SMALL, needs_latex, prepare
from tools import arxiv

pytestmark = pytest.mark.usefixtures("in_empty_folder")


@pytest.mark.slow
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


@needs_latex
def test_archive_has_what_the_report_names_and_nothing_else(tmp_path):
    prepare(drawn=True, **SMALL)
    paper.main()
    (tmp_path / "secret").write_text("of another")
    Path("paper/generated/tables/stray.tex").write_text("stray", encoding="utf-8")
    Path("paper/generated/figures/link.pdf").symlink_to(tmp_path / "secret")
    arxiv.main()
    with tarfile.open(arxiv.ARCHIVE) as archive:
        names = archive.getnames()
    text = Path("paper/main.tex").read_text(encoding="utf-8")
    assert names[:2] == ["main.tex", "main.bbl"]
    assert all(Path(name).with_suffix("").name in text for name in names[2:])
    assert not {"generated/tables/stray.tex", "generated/figures/link.pdf"} & set(names)


def test_a_link_that_the_report_names_is_refused(tmp_path):
    (tmp_path / "secret").write_text("of another")
    tables = Path("paper/generated/tables")
    tables.mkdir(parents=True)
    (tables / "claims.tex").symlink_to(tmp_path / "secret")
    Path("paper/main.tex").write_text(r"\input{generated/tables/claims}", encoding="utf-8")
    with pytest.raises(InputError, match=r"^paper/generated/tables/claims\.tex: a link; allowed: files$"):
        arxiv.main()


def test_an_edited_report_is_refused(tmp_path):
    """By the real DVC: one stage that makes the report, and one line more in it."""
    Path("paper").mkdir()
    Path("dvc.yaml").write_text(
        "stages: {paper: {cmd: echo made > paper/main.tex, outs: [paper/main.tex]}}", encoding="utf-8"
    )
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(tmp_path)}
    for command in (["init", "--no-scm", "-q"], ["repro", "-q"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], env=environment, check=True)
    arxiv.require_built([])
    with Path("paper/main.tex").open("a", encoding="utf-8") as file:
        file.write("edited\n")
    line = r"^the report is not of the last build: paper/main\.tex modified; run `make paper` first$"
    with pytest.raises(InputError, match=line):
        arxiv.main()


def test_before_the_report_is_built():
    with pytest.raises(InputError, match=r"^paper/main\.tex: not found; run `dvc repro paper` first$"):
        arxiv.main()


def test_archive_holds_what_it_is_given():
    packed = Path("a.tar.gz")
    packed.write_bytes(arxiv.pack({"b/c.tex": b"x", "a.tex": b"yy"}))
    with tarfile.open(packed) as archive:
        assert [(entry.name, entry.size, entry.mtime) for entry in archive] == [("b/c.tex", 1, 0), ("a.tex", 2, 0)]

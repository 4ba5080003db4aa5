"""Pack the report's source for arXiv: ``make arxiv`` -> paper/arxiv.tar.gz.

It derives a file from the stages' outputs. The archive compiles with TeX alone (``pdflatex`` twice):
the bibliography is in it as a ``.bbl`` file. The same sources give the same bytes.
"""

import gzip
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.paper import PAPER, copy_sources
from stages.report.text.pdf import compile_pdf

ARCHIVE = PAPER / "arxiv.tar.gz"
# How the report names a file of its own: a table, a figure.
NAMED = re.compile(r"\\(?:input|includegraphics)(?:\[[^]]*\])?\{(generated/(tables|figures)/[\w.-]+)\}")
SUFFIX = {"tables": ".tex", "figures": ".pdf"}


def main() -> None:
    """Compile once for the bibliography and write the archive.

    Raises:
        InputError: the report has not been built, or LaTeX fails.
    """
    source = PAPER / "main.tex"
    if not source.exists():
        raise InputError(f"{source}: not found; run `dvc repro paper` first")
    named = named_files(source)
    require_built([source.name, *named])
    with tempfile.TemporaryDirectory(prefix="arxiv-") as name:
        folder = Path(name)
        copy_sources(source, folder)
        compile_pdf(folder / source.name)
        files = [source.name, source.with_suffix(".bbl").name, *named]
        ARCHIVE.write_bytes(pack({name: (folder / name).read_bytes() for name in files}))
    print(f"{ARCHIVE}: {len(files)} files")


def require_built(files: list[str]) -> None:
    """Refuse what is not the last build as DVC knows it; without DVC, a link, which may bring in any file.

    Raises:
        InputError: what ``dvc status`` says of the report, or the link.
    """
    if not Path(".dvc").is_dir():  # an unpacked archive of the project
        for name in files:
            if (PAPER / name).is_symlink():
                raise InputError(f"{PAPER / name}: a link; allowed: files")
        return
    command = [sys.executable, "-m", "dvc", "status", "--json", "paper"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        raise InputError(f"dvc status: {last_line(done.stderr)}")
    changes = json.loads(done.stdout).get("paper")
    if changes:
        changed = [f"{path} {how}" for change in changes for group in change.values() for path, how in group.items()]
        raise InputError(f"the report is not of the last build: {', '.join(changed)}; run `make paper` first")


def last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no output")


def named_files(source: Path) -> list[str]:
    """Tables and figures that ``source`` names, in order of their names."""
    names = set()
    for name, kind in NAMED.findall(source.read_text(encoding="utf-8")):
        file = Path(name) if Path(name).suffix == SUFFIX[kind] else Path(name + SUFFIX[kind])
        names.add(str(file))
    return sorted(names)


def pack(files: dict[str, bytes]) -> bytes:
    """A gzipped tar archive without times or owners."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


if __name__ == "__main__":
    run_stage(main)

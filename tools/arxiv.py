"""Pack the report's source for arXiv: ``make arxiv`` -> paper/arxiv.tar.gz.

It derives a file from the stages' outputs. The archive compiles with TeX alone (``pdflatex`` twice):
the bibliography is in it as a ``.bbl`` file. The same sources give the same bytes.
"""

import gzip
import io
import tarfile
import tempfile
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.paper import PAPER, copy_sources
from stages.report.text.pdf import compile_pdf

ARCHIVE = PAPER / "arxiv.tar.gz"
PACKED = ("main.tex", "main.bbl", "generated/tables/*.tex", "generated/figures/*.pdf")


def main() -> None:
    """Compile once for the bibliography and write the archive.

    Raises:
        InputError: the report has not been built, or LaTeX fails.
    """
    source = PAPER / "main.tex"
    if not source.exists():
        raise InputError(f"{source}: not found; run `dvc repro paper` first")
    with tempfile.TemporaryDirectory(prefix="arxiv-") as name:
        folder = Path(name)
        copy_sources(source, folder)
        compile_pdf(folder / source.name)
        files = []
        for pattern in PACKED:
            files += sorted(folder.glob(pattern))
        ARCHIVE.write_bytes(pack({str(file.relative_to(folder)): file.read_bytes() for file in files}))
    print(f"{ARCHIVE}: {len(files)} files")


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

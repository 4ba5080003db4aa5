"""From data as people have them to a paper: make new, and the study that it writes, to the PDF."""

import re
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.helpers.own_data import KINDS
from tests.helpers.paper import needs_latex
from tests.helpers.tiny_study import ROOT
from tests.helpers.whole_study import build, pdf_text
from tools.benchmarks.common import working_copy
from tools.benchmarks.common.working_copy import commit, execute
from tools.studies import new
from tools.studies.merging import as_yaml, read_study

SMALLER = {"configurations": ["full", "ia3"], "probes": [], "seeds": [42]}
# Words of one study only: of films, of two classes, of IMDb. The third is a question of a checklist.
FOREIGN = re.compile(r"film|IMDb|binary|positive(?! and negative effects on society)|Hanif|reproduced study", re.I)
QUICK = ["pairs"]
pytestmark = needs_latex


def paper_of(kind: str, small_scale: bool = True, **changes: object) -> str:
    """The text of the PDF of a data set, by the study that ``make new`` writes, two configurations of it and a seed."""
    Path("params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    Path("own").mkdir()
    path = KINDS[kind].write(Path("own"))
    new.main(name="own", data=str(path))
    raw = read_study("own").raw | SMALLER | changes
    raw["profiles"]["own"]["small_scale"] = small_scale
    with Path("params.yaml").open("w", encoding="utf-8") as stream:
        as_yaml(raw, "the study of these data", stream)
    build()
    return pdf_text()


@pytest.mark.slow
def test_a_data_set_to_its_paper_and_the_words_of_another_study_are_not_in_it(in_empty_folder):
    _check("pairs", paper_of("pairs"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in QUICK])
def test_every_kind_of_data_to_its_paper(kind, in_empty_folder):
    _check(kind, paper_of(kind))


@pytest.mark.slow
def test_at_full_scale_nothing_is_said_of_the_published_study(in_empty_folder):
    text = paper_of("compressed", small_scale=False, published="hanif2025")
    _check("compressed", text)
    assert "SMALL-SCALE" not in text


def _check(kind: str, text: str) -> None:
    assert [name for name in KINDS[kind].classes if name not in text] == []
    assert [text[match.start() - 40 : match.end() + 20] for match in FOREIGN.finditer(text)] == []


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The project as it is, nothing built."""
    return working_copy.make(tmp_path_factory.mktemp("project"), {})


def tool(project: Path, module: str, *arguments: str) -> str:
    return execute(project, sys.executable, "-m", f"tools.studies.{module}", *arguments).stdout


@pytest.mark.slow
def test_as_a_user_types_it_and_what_is_kept_can_be_read_without_it(project):
    """make new, make paper STUDY=, make keep STUDY=: the commands behind them."""
    name = "of-spam"
    path = KINDS["unbalanced"].write(project / "data").relative_to(project)
    tool(project, "new", f"--name={name}", f"--data={path}")
    with (project / f"studies/{name}.yaml").open("a", encoding="utf-8") as stream:
        stream.write("configurations: [full, ia3]\nprobes: []\n")
    commit(project)
    said = tool(project, "build", "--jobs=2", "--", name)
    pdf = Path(said.splitlines()[-1].removeprefix("paper: "))
    _check("unbalanced", " ".join(page.extract_text() for page in PdfReader(pdf).pages))
    tool(project, "keep", "--", name)
    commit(project)
    kept = project / "metrics/studies" / name
    assert (kept / "main.pdf").read_bytes().startswith(b"%PDF")
    for file in kept.rglob("*"):
        if file.suffix in (".json", ".csv", ".yaml"):
            assert str(project) not in file.read_text(encoding="utf-8")
    code = f"from tools.studies.keeping import require_todays; require_todays({name!r})"
    execute(project, sys.executable, "-c", code)

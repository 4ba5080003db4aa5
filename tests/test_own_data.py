"""From data as people have them to a paper, as a user types it: make new, make paper STUDY=, make keep STUDY=."""

import re
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.helpers.own_data import KINDS
from tests.helpers.paper import needs_latex
from tools.benchmarks.common import working_copy
from tools.benchmarks.common.working_copy import commit, execute

SMALLER = "configurations: [full, ia3]\nprobes: []\n"
# Words of one study only: of films, of two classes, of IMDb. The third is a question of a checklist.
FOREIGN = re.compile(r"film|IMDb|binary|positive(?! and negative effects on society)", re.IGNORECASE)
pytestmark = [pytest.mark.slow, needs_latex]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The project as it is, nothing built."""
    return working_copy.make(tmp_path_factory.mktemp("project"), {})


def tool(project: Path, module: str, *arguments: str) -> str:
    return execute(project, sys.executable, "-m", f"tools.studies.{module}", *arguments).stdout


def built(project: Path, kind: str) -> str:
    """The text of the paper of a data set, two configurations and a seed of it; its file is not edited otherwise."""
    name = kind.replace(" ", "-")
    folder = project / "data" / name
    folder.mkdir(parents=True)
    path = KINDS[kind].write(folder).relative_to(project)
    tool(project, "new", f"--name={name}", f"--data={path}")
    study = project / f"studies/{name}.yaml"
    text = study.read_text(encoding="utf-8").replace("seeds: [42, 43]", "seeds: [42]")
    study.write_text(text + SMALLER, encoding="utf-8")
    commit(project)
    said = tool(project, "build", "--jobs=2", "--", name)
    pdf = Path(said.splitlines()[-1].removeprefix("paper: "))
    return " ".join(page.extract_text() for page in PdfReader(pdf).pages)


@pytest.mark.parametrize("kind", KINDS)
def test_the_paper_of_the_data_names_their_classes_and_nothing_of_another_study(project, kind):
    text = built(project, kind)
    assert [name for name in KINDS[kind].classes if name not in text] == []
    assert FOREIGN.findall(text) == []
    assert "Hanif" not in text


def test_what_is_kept_of_it_can_be_read_without_it(project):
    name = "of-spam"
    path = KINDS["unbalanced"].write(project / "data").relative_to(project)
    tool(project, "new", f"--name={name}", f"--data={path}")
    with (project / f"studies/{name}.yaml").open("a", encoding="utf-8") as stream:
        stream.write(SMALLER)
    commit(project)
    tool(project, "build", "--jobs=2", "--", name)
    tool(project, "keep", "--", name)
    commit(project)
    kept = project / "metrics/studies" / name
    assert (kept / "main.pdf").read_bytes().startswith(b"%PDF")
    for file in kept.rglob("*"):
        if file.suffix in (".json", ".csv", ".yaml"):
            assert str(project) not in file.read_text(encoding="utf-8")
    code = f"from tools.studies.keeping import require_todays; require_todays({name!r})"
    execute(project, sys.executable, "-c", code)

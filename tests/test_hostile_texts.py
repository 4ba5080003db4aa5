"""A hostile text in every field that takes one, all at once: printed as it is, the same everywhere, nothing done."""

import re
import unicodedata
from pathlib import Path

import pytest
from pypdf import PdfReader

from stages import collect, paper, site
from stages.analysis.runs import RUNS, read_runs
from stages.core.csv_tables import write_table
from stages.core.free_text import plain
from stages.core.yaml_files import read_yaml
from stages.study.grid import StudySettings
from tests.helpers.free_texts import taken, texts, with_text
from tests.helpers.kinds import Kind, foreign
from tests.helpers.paper import needs_latex, pages, prepare
from tests.helpers.site import write_predictions
from tests.helpers.tiny_study import ROOT

pytestmark = pytest.mark.usefixtures("in_empty_folder")

SECRET = "of this machine alone"
GRID = {"architectures": ["distilbert"], "configurations": ["full", "lora-r8", "lora-ffn"], "probes": [], "seeds": [42]}
# At most 24 characters, which a figure shows whole with a number behind.
FEWEST_AT_AN_END = 4  # letters of a name that a figure shortens
HOSTILE = {
    "LaTeX": "_$x^2$\\input{x}%\u202e#&",
    "HTML": "<script>&#x41;\u200b</script>",
    "Jinja": "=\\VAR{1/0}{{1/0}},,--\x1b[2J",
    "shell": "$(touch made)`touch x`",
}
# What the schema takes and a model of the grid, or its file, does not have: refused by name before anything runs.
REFUSED_LATER = {
    *("head", "head_as_published_quantized", "modules", "target", "parameters", "adapter", "full_size", "pad_token"),
}


def free(raw: dict, text: str) -> dict[tuple[str, ...], object]:
    """By place, the value of each field that takes the text; those of labels differ by a number."""
    found = {}
    for number, (path, is_list) in enumerate(texts(raw)):
        form = taken(raw, path, is_list, text)
        if form is not None and not REFUSED_LATER & set(path):
            own = f"{form} {number}"
            found[path] = [own] if is_list else own
    return found


def local_study(source: str) -> dict:
    raw = read_yaml(ROOT / "params.yaml")
    raw["profiles"]["mini"]["data"] = {"source": "local", "path": source, "labels": ["no", "yes"]}
    return raw


def test_every_text_is_free_or_refused_in_a_line():
    found = {".".join(path) for path in free(local_study("d.csv"), HOSTILE["LaTeX"])}
    labels = {f"architecture.{name}.label" for name in read_yaml(ROOT / "params.yaml")["architecture"]}
    assert labels < found
    assert {"paper.title", "paper.authors", "paper.keywords", "profiles.mini.description"} < found
    of_data = ("name", "task", "language", "license", "citation", "description", "config", "path")
    assert {f"profiles.mini.data.{key}" for key in of_data} < found
    assert {"profiles.mini.data.columns.text", "profiles.mini.data.columns.unused"} < found
    assert not [
        key for key in found if key.split(".")[0] in ("seeds", "profile", "protocol", "architectures", "probes")
    ]
    assert not [key for key in found if key.endswith((".model_class", ".revision", ".exp_id", ".method"))]


def shortened(label: str) -> list[str]:
    """A label without some of its middle, as a figure draws it where it is too wide, and whole."""
    ends = range(FEWEST_AT_AN_END, len(label))
    return [label, *(f"{label[:first]}...{label[-last:]}" for first in ends for last in ends)]


@pytest.mark.parametrize("name", ["../x", "a b", "$(x)", "A", "-x", "", "x\n", "\u202ex", "x;y", "é"])
@pytest.mark.parametrize("section", ["architecture", "configuration", "profiles", "protocols"])
def test_a_name_is_safe_or_refused(section, name):
    from stages.core.errors import InputError
    from stages.study.params import validated

    raw = read_yaml(ROOT / "params.yaml")
    raw[section][name] = next(iter(raw[section].values()))
    with pytest.raises(InputError, match=rf"^params\.yaml: {section}\."):
        validated(raw, "params.yaml")


def extracted(pdf: Path) -> str:
    text = "".join(page.extract_text() for page in PdfReader(pdf).pages)
    return "".join(unicodedata.normalize("NFKC", text).split())


def squeezed(text: str) -> str:
    return "".join(plain(text).split())


@needs_latex
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind == "LaTeX" else pytest.mark.slow) for kind in HOSTILE]
)
def test_hostile_texts_everywhere_at_once(kind):
    text = HOSTILE[kind]
    raw = local_study("d.csv")
    values = free(raw, text)
    place_of_data = ("profiles", "mini", "data", "path")
    values[place_of_data] = values[place_of_data].replace("/", "\u2044")  # which is in no name of a file
    Path(values[place_of_data]).write_text("text,label\n", encoding="utf-8")
    for place, value in values.items():
        raw = with_text(raw, place, value)
    params = {section: raw[section] for section in ("architecture", "configuration", "profiles", "paper")}
    data = raw["profiles"]["mini"]["data"]
    told = {key: data[key] for key in ("task", "language", "citation", "description")} | {"licence": data["license"]}
    card = foreign(data["name"], [f"{text} no", f"{text} yes"], ignored_files=[text], unused_columns=[text], **told)
    examples = [(f"{text} one",), (f"{text} two",)]
    prepare(drawn=True, kind=Kind(card=card, texts=examples, params=params), **GRID)
    for place in ("x.tex", "paper/x.tex"):
        Path(place).write_text(SECRET, encoding="utf-8")
    runs = read_runs()
    write_table(RUNS, runs.assign(commit_subject=text, processor=text, platform=text, version_torch=text))
    assert read_runs()["commit_subject"].tolist() == [plain(text)] * len(runs)
    paper.main()

    printed = "".join("".join(pages()).split())
    labels = [values[("configuration", name, "label")] for name in GRID["configurations"]]
    labels.append(values[("architecture", "distilbert", "label")])
    drawn = {name: extracted(Path(f"paper/generated/figures/{name}.pdf")) for name in ("differences", "pareto")}
    for label in labels:
        assert squeezed(label) in printed, label
    for name, shown in drawn.items():  # methods shortened in the middle; `full` has no difference from itself
        whole = squeezed(labels[-1])  # alone in a title, and cut at its end
        assert any(
            short in shown for short in [whole, *(f"{whole[:n]}..." for n in range(FEWEST_AT_AN_END, len(whole)))]
        ), name
        for configuration, label in zip(GRID["configurations"], labels, strict=False):
            if (name, configuration) != ("differences", "full"):
                assert any(short in shown for short in shortened(squeezed(label))), (name, configuration)
    assert squeezed(f"{text} no") in printed
    assert squeezed(values[("paper", "title")]) in printed
    assert squeezed(values[("profiles", "mini", "description")]) in printed
    assert SECRET.replace(" ", "") not in printed
    assert not Path("made").exists()
    assert not Path("x").exists()
    write_predictions(StudySettings.read(), [text])
    collect.main()
    site.main()
    page = site.PAGE.read_text(encoding="utf-8")
    started = re.findall(r"<script>(.{0,9})", page.split('<script type="application/json" id="datatables">')[0])
    assert started == []  # our own follow
    assert HOSTILE["HTML"] not in page

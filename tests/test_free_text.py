"""No text that a user is free to write can fail the build of the paper, or leave its page."""

from pathlib import Path

import pandas as pd
import pytest
from pypdf import PdfReader

from stages import paper, settings
from stages.analysis.runs import RUNS, read_runs
from stages.core.errors import InputError
from tests.helpers.kinds import Kind, foreign
from tests.helpers.paper import needs_latex, pages, prepare, written
from tests.helpers.preparation import write_examples
from tests.helpers.tiny_study import write_params

pytestmark = pytest.mark.usefixtures("in_empty_folder")

GRID = {"architectures": ["distilbert"], "configurations": ["full", "lora-r8", "lora-ffn"], "probes": [], "seeds": [42]}
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
URL = "https://example.org/reviews/archive/2024/11/films?page=12&id=0123456789abcdef&sort=up"
JAPANESE = "\u5b9f\u9a13\u306e\u8a2d\u5b9a\u3092\u5909\u66f4\u3057\u3001\u5b66\u7fd2\u7387\u3092\u518d\u8a08\u7b97"
LABEL = "LoRA r=16 on attention and both FFN maps"
DESCRIPTION = " ".join(["reviews of films that were read on a train between two cities"] * 3)[:145]


def printed() -> str:
    """The text of the pages, with no space in it, for lines end anywhere."""
    paper.main()
    return "".join("".join(pages()).split())


def change_runs(**columns: str) -> None:
    read_runs().assign(**columns).to_csv(RUNS, index=False)


def starts_of_texts() -> list[float]:
    """Where each piece of text of the first page starts, in points from its left edge."""
    starts = []
    page = PdfReader("paper/main.pdf").pages[0]
    page.extract_text(visitor_text=lambda text, cm, tm, *_: text.strip() and starts.append(tm[4] * cm[0] + cm[4]))
    return starts


@pytest.mark.parametrize("subject", [JAPANESE, HASH, f"see {URL}"])
def test_subject_of_the_commit_is_no_part_of_the_report(subject):
    prepare(**GRID)
    before = written()
    change_runs(commit_subject=subject)
    assert written() == before


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize(
    "label",
    [LABEL, "W" * 40, "W" * 500, "_".join(["lora"] * 12), HASH, "Low rank, " * 6, "\u010crn\u00fd na\u00efve \u20ac 5"],
)
def test_labels(label):
    names = {"configuration.lora-ffn.label": label, "architecture.distilbert.label": label[::-1]}
    prepare(drawn=True, **GRID, **names, **{"configuration.lora-r8.label": f"{label[:30]} 8"})
    text = printed()
    shown = "".join(label.split())
    assert (shown in text) if len(label) <= 60 else (shown[:20] in text)


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize("description", [DESCRIPTION, "W" * 145, "W " * 400, URL])
def test_description_of_the_profile_stays_on_the_page(description):
    prepare(drawn=True, **GRID, **{"profiles.mini.description": description})
    assert "".join(description.split())[:70] in printed()
    assert min(starts_of_texts()) > 0


@needs_latex
def test_names_of_a_profile_and_of_what_is_trained():
    long = "a-name-of-a-profile-" * 6 + "p"
    params = {"profile": long, "architecture.distilbert.hub_id": f"{'someone' * 9}/{'encoder-' * 9}x"}
    params["architecture.distilbert.modules.attention"] = ["q_lin", "distilbert.transformer.layer.0.attention.v_lin"]
    params[f"profiles.{long}"] = settings_of_the_default()
    prepare(drawn=True, **GRID, **params)
    assert long in printed()
    assert min(starts_of_texts()) > 0


def settings_of_the_default() -> dict:
    from ruamel.yaml import YAML

    from tests.helpers.tiny_study import ROOT

    return YAML(typ="safe").load(ROOT / "params.yaml")["profiles"]["mini"]


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize("excerpt", [URL, HASH, "no" * 300, f"{URL} " * 29, '<br /><br />"' * 20])
def test_excerpts_of_texts(excerpt):
    prepare(drawn=True, **GRID)
    write_examples(excerpt)
    assert excerpt.split()[0][:60] in printed().replace("\u201d", '"')


EMAIL = "first.middle_name+list@department.of.something.example.org"
HOSTILE = r"a_b & 50% \input{x} $ # { } ^ ~ < > | 'so' \"it\" `is` $x$"


def everywhere(text: str, source: str = "local") -> Kind:
    """A study all of whose free texts are this one."""
    card = foreign(
        text,
        [text, f"not {text}", text[::-1]],
        source=source,
        revision="a" * 40 if source == "hub" else None,
        task=text,
        language=text,
        licence=text,
        citation=text,
        description=text,
        unused_columns=[text, text],
        ignored_files=[text] * 9,
        dropped_labels={text: 2},
        raw_labels={text: text, f"{text} too": text, "other": f"not {text}"},
    )
    head = {"title": text, "authors": [text, text], "keywords": [text] * 3}
    examples = [(text,), (f"{text} " * 9,), (f"x {text}",)]
    params = {"paper": head, "profiles.mini.description": text}
    return Kind(card=card, shares=(0.4, 0.3, 0.3), texts=examples, params=params)


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize(
    "text", [HASH, URL, EMAIL, HOSTILE, "\u00e9tude na\u00efve", "reviews_of_" * 12, "W" * 90, "=" * 90, "no" * 200]
)
def test_what_the_settings_and_the_source_say(text):
    prepare(drawn=True, kind=everywhere(text), **GRID)
    assert "".join(text.split())[:50] in printed().replace("\u2019", "'").replace("\u201d", '"')
    assert min(starts_of_texts()) > 0


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize("text", ["\u96fb\u5f71\u8a55\u8ad6", "\U0001f600", "\u0440\u0443\u0441"])
def test_what_the_source_says_in_other_scripts(text):
    shown = {"paper": {"authors": ["An author"]}, "profiles.mini.description": "texts"}
    prepare(drawn=True, kind=everywhere(text, "hub")._replace(params=shown), **GRID)
    assert "asetwhosenamethefontsofthisreportlack" in printed()
    assert "U+" not in printed()


@pytest.mark.slow
@needs_latex
@pytest.mark.parametrize("name", ["Intel(R) Xeon(R) CPU @ 2.20GHz " * 4, HASH, "\u9f8d\u82af 3A5000", "A100" * 20])
def test_names_of_machines(name):
    prepare(drawn=True, **GRID)
    change_runs(processor=name, platform=f"Linux-6.1.0-{HASH}-x86_64-with-glibc2.39", device=name, version_torch=HASH)
    assert "3A5000" in printed() if "3A5000" in name else name.replace(" ", "")[:20] in printed()


@needs_latex
def test_texts_of_which_none_can_be_shown():
    prepare(drawn=True, **GRID)
    texts = {"text": [JAPANESE, JAPANESE[::-1], f"{JAPANESE} \U0001f600"], "label": [1, 0, 0]}
    pd.DataFrame(texts).to_parquet("data/raw/train.parquet", index=False)
    assert "Notextisquoted,asthefontsofthisreportlackcharactersofeveryone." in printed()


@needs_latex
def test_a_text_that_cannot_be_shown_is_passed_over():
    prepare(drawn=True, **GRID)
    texts = {"text": [JAPANESE, "superb", "a poor film"], "label": [1, 1, 0]}
    pd.DataFrame(texts).to_parquet("data/raw/train.parquet", index=False)
    text = printed()
    assert "positivereads:\u201csuperb\u201d" in text
    assert "U+" not in text


@pytest.mark.parametrize(
    ("key", "text", "lacking"),
    [
        ("configuration.lora-r8.label", "\u4f4e\u79e9 r=8", "\u4f4e\u79e9"),
        ("architecture.roberta.label", "\u0420\u043e", "\u0420\u043e"),
        ("profiles.imdb-mini.description", "\u03b1 and \u03b1", "\u03b1"),
        ("configuration.ia3.label", "(IA)\u00b3 \u2265 \U0001f600", "\u2265\U0001f600"),
        ("configuration.ia3.label", "\u0126", "\u0126"),
        ("paper.title", "\u96fb\u5f71", "\u96fb\u5f71"),
        ("paper.authors", ["A", "\u0420\u043e"], "\u0420\u043e"),
        ("paper.keywords", ["\u03b1"], "\u03b1"),
    ],
)
def test_what_the_fonts_lack_is_named_before_anything_runs(key, text, lacking):
    write_params(Path(), **{key: text})
    if isinstance(text, list):
        key, text = f"{key}.{len(text) - 1}", text[-1]
    with pytest.raises(InputError) as error:
        settings.main()
    assert str(error.value) == (
        f"params.yaml: {key}: {text!r}: the report's fonts lack {lacking!r}; "
        "allowed: Latin letters, digits, punctuation"
    )
    assert not Path("data").exists()


def test_what_the_fonts_lack_of_the_data_is_named_and_left_out(capsys):
    data = {"source": "local", "path": "texts", "name": "\u96fb\u5f71", "labels": {"1": "\u597d", "0": "bad"}}
    Path("texts").mkdir()
    write_params(Path(), **{"profiles.mini.data": data | {"license": "MIT"}})
    settings.main()
    place, lacking = "params.yaml: profiles.mini.data", "the report's fonts lack"
    assert capsys.readouterr().out.splitlines()[:-1] == [
        f"{place}.name: '\u96fb\u5f71': {lacking} '\u96fb\u5f71'; it is left out of the report",
        f"{place}.labels: \u597d: '\u597d': {lacking} '\u597d'; it is left out of the report",
    ]

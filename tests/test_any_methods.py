"""Reports of one to sixty configurations of any kinds: what is said is true of them, and none is dropped."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages import paper
from stages.analysis.comparisons import compared
from stages.analysis.runs import read_runs
from stages.core.yaml_files import read_yaml
from stages.report.entries import inputs
from stages.study.grid import StudySettings
from tests.helpers.grids import Grids
from tests.helpers.many_methods import LORA, configuration, every_kind, of_many_ranks
from tests.helpers.paper import make_inputs, needs_latex, pages, written
from tests.helpers.tiny_study import ROOT
from tools.studies.merging import merged

pytestmark = pytest.mark.usefixtures("in_empty_folder")

ARCHITECTURES = YAML(typ="safe").load(ROOT / "params.yaml")["architecture"]
TABLES = Path("paper/generated/tables")


@pytest.fixture
def grids(monkeypatch) -> Grids:
    return Grids(monkeypatch)


def text_of(grids: Grids, configurations: dict, **changes) -> str:
    """The report of these configurations on one architecture, apart from the published study."""
    changes = {"architectures": ["roberta"], "probes": [], "seeds": [42, 43], "published": "none"} | changes
    return grids.text(configuration=configurations, configurations=list(configurations), **changes)


def table(name: str) -> str:
    """All parts of a table."""
    return "".join(path.read_text(encoding="utf-8") for path in parts(name))


def parts(name: str) -> list[Path]:
    return sorted(path for path in TABLES.glob(f"{name}*.tex") if re.fullmatch(rf"{name}(-\d+)?", path.stem))


@pytest.mark.slow
def test_sixty_configurations(grids):
    many = of_many_ranks(60)
    text = text_of(grids, many)
    assert "compare 60 configurations on mini-RoBERTa" in text
    assert (
        "This build compares 21 methods: full fine-tuning, head alone, subset of the weights, LoRA, DoRA, PiSSA" in text
    )
    assert "With each configuration at its own learning rate, full fine-tuning reaches the highest" in text
    assert "and the pairs that differ in one choice, on all architectures, form one family" in text
    assert re.search(r"The means of \d\d configurations do not exceed", text)
    assert re.search(
        r"Of [\d,]+ pairs that differ in rank alone, the tests tell \d+ apart; the largest difference", text
    )
    assert re.search(r"LoRA of rank 1\d, LoRA of rank 1\d", text) is None  # no list of dozens
    for name in ("performance", "configurations", "reliability", "costs"):
        assert len(parts(name)) > 1
        for part in parts(name)[1:]:
            assert f"generated/tables/{part.stem}" in text
        for each in many.values():
            assert len(re.findall(rf"(?m)^\\named\{{{re.escape(each['label'])}\}} &", table(name))) == 1


def test_of_many_configurations_each_is_tested_against_full_and_beside_those_of_one_other_choice(grids):
    text_of(grids, of_many_ranks(24))
    pairs = compared(StudySettings.read())
    against_full = [pair for pair in pairs if pair[0] == "full"]
    assert len(against_full) == 23
    assert {("lora", "dora"), ("lora", "qlora"), ("lora", "all-linear"), ("pissa", "olora"), ("lora", "lora-9")} < set(
        pairs
    )
    others = set(pairs) - set(against_full)
    assert not {pair for pair in others if set(pair) & {"bitfit", "fourier", "ia3", "hira", "prompt", "long"}}
    assert len(pairs) == len({frozenset(pair) for pair in pairs})


def test_options_and_names_are_said_from_data(grids):
    text = text_of(
        grids, every_kind() | {"own": configuration("Mine", {"peft_type": "OSF", "target_svd_config": None})}
    )
    rows = {row.split(" & ")[0]: row for row in table("configurations").splitlines() if " & " in row}
    by_label = {re.sub(r"\\named\{(.*)\}", r"\1", name): row for name, row in rows.items()}
    assert "DoRA & attention" in by_label["DoRA"]
    assert r"\texttt{\named{use\_dora}}" in by_label["DoRA"]
    assert "LoRA (int8) & attention" in by_label["LoRA int8"]
    assert "QLoRA & attention" in by_label["QLoRA"]
    assert r"subset of the weights & \texttt{*.bias}" in by_label["BitFit"]
    assert "head alone & nothing else" in by_label["Linear probe"]
    assert "prompt tuning & virtual tokens" in by_label["Prompts"]
    assert "VeRA & PEFT's default" in by_label["VeRA"].replace(r"\textquotesingle{}", "'")
    assert "all linear layers" in by_label["LoRA all linear"]
    assert "OSF & attention" in by_label["Mine"]  # PEFT's own name
    assert re.search(r"epochs\}\} \\traced\{[^}]*\}\{3\}.*schedule\}\} \\named\{cosine\}", by_label["LoRA longer"])
    assert "Exp." not in table("configurations")  # no configuration has a number
    assert r"Some configurations depart from this, as Table~\ref{tab:configurations} states." in text


@pytest.mark.parametrize("name", ["full", "head-only", "bitfit", "dora", "int8", "prompt", "fourier"])
def test_a_single_configuration(name, grids):
    text = text_of(grids, {name: every_kind()[name]}, seeds=[42])
    assert "compare 1 configuration on mini-RoBERTa" in text or "run 1 configuration on mini-RoBERTa" in text
    assert "QLoRA" not in text or name == "full"


def test_what_trains_a_part_of_the_weights_is_no_adapter(grids):
    kinds = every_kind()
    text = text_of(grids, {name: kinds[name] for name in ("full", "head-only", "bitfit")})
    assert "the best parameter-efficient method at the same rate, " in text
    assert "best adapter" not in text
    text = text_of(grids, {name: kinds[name] for name in ("full", "lora", "dora")})
    assert "the best adapter at the same rate, " in text


def test_placements_without_an_order_are_set_side_by_side(grids):
    own = {"modules": ARCHITECTURES["roberta"]["modules"] | {"keys": ["key"], "queries": ["query"]}}
    placed = {name: configuration(name, LORA, target=name) for name in ("keys", "queries")}
    text = text_of(grids, placed, architecture={"roberta": ARCHITECTURES["roberta"] | own})
    assert r"\textit{Placement:} keys to queries, $-$1.75\,pp. The test does not tell it from zero." in text
    assert "feed-forward layers too" not in text
    assert "so it compares no adapter with full fine-tuning" in text


def test_a_decoder_is_no_encoder(grids):
    decoder = {
        "label": "Tiny Llama",
        "model_class": "LlamaForSequenceClassification",
        "modules": {"attention": ["q_proj", "v_proj"]},
        "tokenizer": "byte-bpe",
        "miniature": {"hidden_size": 64},
    }
    kinds = {name: every_kind()[name] for name in ("full", "lora")}
    text = text_of(grids, kinds, architecture={"llama": decoder}, architectures=["llama"])
    assert "encoder" not in text.lower().replace("generated film reviews, miniature encoders", "")
    assert "miniature model of its own class" in text
    assert "No pretrained model" in table("performance")
    assert "DistilBERT" not in text
    assert "as the checkpoint leaves it to be trained" in table("modules")


def test_rates_of_a_configuration_that_differ_between_architectures_are_a_range(grids, monkeypatch):
    def tuned():
        runs = read_runs().assign(rate_factor="1")
        is_better = (runs["architecture"] == "roberta") & (runs["configuration"] == "lora")
        return runs.assign(
            learning_rate=runs["learning_rate"].mask(is_better, 4 * runs["learning_rate"]),
            rate_factor=runs["rate_factor"].mask(is_better, "4"),
        )

    monkeypatch.setattr(inputs, "read_runs", tuned)
    kinds = {name: every_kind()[name] for name in ("full", "lora")}
    text_of(grids, kinds, architectures=["distilbert", "roberta"])
    row = next(row for row in table("configurations").splitlines() if row.startswith(r"\named{LoRA}"))
    assert re.sub(r"\\traced\{[^{}]*\}", "", row).endswith(r"{$1.5\times 10^{-3}$}--{$6\times 10^{-3}$} \\")


def test_training_is_said_from_data(grids):
    kinds = {name: every_kind()[name] for name in ("full", "lora")}
    changes = {"schedule": "cosine", "warmup": 0.06, "weight_decay": 0.01, "early_stopping": 2}
    text = text_of(grids, kinds, **{f"profiles.mini.train.{key}": value for key, value in changes.items()})
    assert "a cosine schedule to zero after a warm-up over 6.0\\% of the steps, a weight decay of 0.01, and" in text
    assert "It ends after 2 epochs without a better score." in text
    assert "depart from this" not in text
    text = text_of(grids, kinds)
    assert "a linear schedule to zero without warm-up, no weight decay, and gradients clipped to unit norm. The" in text


@pytest.mark.slow
def test_dozens_of_failures_are_counted(grids):
    text = text_of(grids, of_many_ranks(60), holes=7)
    assert re.search(r"Of 120 runs, \d\d failed and are holes in the tables: .*; and \d+ others\. Means", text)


def test_any_methods_beside_the_published_study(grids):
    text = text_of(grids, every_kind(), published="hanif2025")
    assert r"\section{The Published Study, Audited}" in text


def test_local_checkpoints_are_not_called_published(grids):
    text_of(grids, {"full": every_kind()["full"]})
    results = inputs.read_results()
    local = results.bases["roberta"].model_copy(update={"source": "local"})
    text = written(results._replace(bases={"roberta": local}))
    assert (
        "The encoders are read from checkpoints in local folders, whose hashes are in the records: mini-RoBERTa with"
        in text
    )
    assert "published checkpoints" not in text


@needs_latex
@pytest.mark.slow
@pytest.mark.parametrize("name", ["beyond-lora", "tuned"])
def test_the_paper_of_a_shipped_study_can_be_set(name):
    """With results that are made up: no table or figure of so many methods and rates sticks out."""
    changes = read_yaml(ROOT / f"studies/{name}.yaml")
    make_inputs(True, **merged(read_yaml(ROOT / "params.yaml"), changes))
    paper.main()
    assert len(pages()) > 5

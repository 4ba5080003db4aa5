import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from stages import collect, tables
from stages.analysis.baselines import Baselines
from stages.analysis.kept_study import REAL, kept, read_kept_study
from stages.analysis.runs import RUNS, SWEEP
from stages.core.errors import InputError
from stages.data.card import Card
from stages.encoders.base_report import BaseReport
from stages.report.entries.build import build
from stages.report.entries.inputs import read_results
from stages.study.grid import StudySettings
from tests.helpers.paper import SMALL, written
from tests.helpers.preparation import make_card
from tests.helpers.results import judge_published_study, write_results
from tests.helpers.tiny_study import ROOT

TABLE = kept(REAL, RUNS)
SEEN = {"full": [0.90, 0.92], "lora-ffn": [0.80, 0.82], "ia3": [0.61, 0.60]}
ENCODER = "minilm"  # which this build does not have


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def signed(points: float) -> str:
    """As a table has a difference."""
    return f"{points:+.2f}".replace("-", "$-$")


def keep_record(name: str, row: dict[str, object]) -> None:
    """A record of this build as that of a row of a kept table."""
    record = json.loads(next(Path("metrics/runs").rglob("*.json")).read_text(encoding="utf-8"))
    record["run"] |= {key: row[key] for key in ("architecture", "configuration", "seed")}
    record["quality"]["test_accuracy"] = row["test_accuracy"]
    path = kept(name, Path("metrics/runs", row["architecture"], row["configuration"], f"{row['seed']}.json"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")


def prepare(**changes) -> None:
    """Results of generated reviews, and two runs each of three configurations kept of IMDb."""
    write_results(**SMALL | {"configurations": list(SEEN)} | changes)
    collect.main()
    judge_published_study()
    own = pd.read_csv("metrics/runs.csv", dtype={"exp_id": str}).drop_duplicates("configuration")
    rows = [
        row.to_dict() | {"configuration": name, "seed": 42 + index, "test_accuracy": score}
        for name, scores in SEEN.items()
        for _, row in own[:1].assign(architecture=ENCODER).iterrows()
        for index, score in enumerate(scores)
    ]
    kept(REAL, Path("metrics/base")).mkdir(parents=True)
    pd.DataFrame(rows).to_csv(TABLE, index=False)
    for row in rows:
        keep_record(REAL, row)
    make_card(source="local").write_to(kept(REAL, Card.path()))
    report = json.loads(next(Path("metrics/base").glob("*.json")).read_text())
    report |= {"source": "package", "package": "spam 1.0", "parameters": 22_700_000}
    kept(REAL, BaseReport.path(ENCODER)).write_text(json.dumps(report))
    shutil.copy(Baselines.path(), kept(REAL, Baselines.path()))
    keep_settings(REAL)


def keep_settings(name: str) -> None:
    """This build's, of one encoder that is not of this build and one configuration more."""
    own = json.loads(StudySettings.path().read_text(encoding="utf-8"))
    architecture = next(iter(own["architectures"].values())) | {"label": "MiniLM-L6", "hub_id": "spam/minilm"}
    own["architectures"] = {ENCODER: architecture}
    own["labels"] |= {ENCODER: "MiniLM-L6"}
    known = own["configurations"]
    some = next(iter(known.values()))
    own["configurations"] = {name: known.get(name, some | {"label": own["labels"][name]}) for name in SEEN}
    own["runs"] = [
        {"architecture": ENCODER, "configuration": name, "seed": seed, "role": "train"}
        for name in SEEN
        for seed in (42, 43)
    ]
    own["max_length"], own["truncation_side"] = 77, "left"
    kept(name, StudySettings.path()).write_text(json.dumps(own), encoding="utf-8")


def test_table_sets_them_beside_this_build():
    prepare()
    tables.main()
    table = Path("paper/generated/tables/imdb.tex").read_text(encoding="utf-8")
    cells = re.sub(r"\\(?:traced\{[^{}]*\}|named)\{((?:[^{}]|\{[^{}]*\})*)\}", r"\1", table).splitlines()
    rows = [line for line in cells if line.startswith(("Full", "LoRA", "IA3"))]
    here = read_results().cells["test_accuracy_mean"].groupby("configuration").mean()
    lora, ia3 = (signed(100 * (here[name] - here["full"])) for name in ("lora-ffn", "ia3"))
    assert rows == [
        r"Full FT & 91.00\,\textpm\,1.41 & -- & -- \\",
        rf"LoRA FFN & 81.00\,\textpm\,1.41 & $-$10.00 & {lora} \\",
        rf"IA3 & 60.50\,\textpm\,0.71 & $-$30.50 & {ia3} \\",
    ]
    numbers = json.loads(Path("paper/generated/tables/numbers.json").read_text(encoding="utf-8"))
    entry = numbers["imdb.ia3.accuracy"]
    assert (entry["source"], entry["stage"], entry["command"]) == ("metrics/studies/laptop/runs.csv", None, None)
    assert entry["records"] == [f"metrics/studies/laptop/runs/minilm/ia3/{seed}.json" for seed in (42, 43)]


def test_agreement_is_kendalls_tau_of_the_means():
    prepare()
    results = read_results()
    assert list(results.real.cells.index) == ["full", "lora-ffn", "ia3"]
    assert results.real.agreement == pytest.approx(1.0)
    turned = results.cells.assign(test_accuracy_mean=-results.cells["test_accuracy_mean"])
    assert read_kept_study(REAL, results.study, turned, results.card).agreement == pytest.approx(-1.0)


def test_of_a_kept_study_of_several_architectures_the_first_is_read():
    prepare()
    kept_runs = pd.read_csv(TABLE, dtype={"exp_id": str})
    other = kept_runs.assign(architecture="deberta", test_accuracy=0.5)
    folder = kept("all-three", Path("metrics"))
    shutil.copytree(kept(REAL, Path("metrics")), folder)
    pd.concat([other, kept_runs]).to_csv(kept("all-three", RUNS), index=False)
    for row in other.to_dict("records"):
        keep_record("all-three", row)
    results = read_results()
    found = read_kept_study("all-three", results.study, results.cells, results.card)
    assert (found.name, found.architecture) == ("all-three", ENCODER)
    pd.testing.assert_frame_equal(found.cells, results.real.cells)
    assert found.place(RUNS) == folder / "runs.csv"


def test_training_took_what_it_took_at_every_rate():
    prepare()
    alone = build(read_results()).entry("imdb.hours")
    assert alone.value == pytest.approx(pd.read_csv(TABLE)["train_seconds"].sum())
    kept(REAL, SWEEP).write_text("rate_factor,train_seconds\n1,3600\n3,1800\n3,\n", encoding="utf-8")
    every = build(read_results()).entry("imdb.hours")
    assert (every.value, every.text, every.source) == (5400, "1.50", "metrics/studies/laptop/sweep.csv")


def test_a_configuration_of_its_own_is_shown_with_a_dash_for_here():
    prepare(configurations=["full", "lora-ffn"])
    tables.main()
    table = Path("paper/generated/tables/imdb.tex").read_text(encoding="utf-8")
    (row,) = [line for line in table.splitlines() if "IA3" in line]
    assert row.endswith(r" & -- \\")
    assert read_results().real.here.index.tolist() == ["full", "lora-ffn"]


def test_nothing_is_shown_beside_a_grid_without_these_configurations():
    prepare(configurations=["lora-r8"])
    assert read_results().real is None


def test_nothing_is_shown_beside_real_reviews_or_without_records():
    prepare()
    results = read_results()
    assert read_kept_study(REAL, results.study, results.cells, make_card(source="hub")) is None
    TABLE.unlink()
    assert read_results().real is None


def test_report_says_what_the_encoder_was_trained_on():
    """In the text as it is written before LaTeX."""
    prepare()
    built = ("generated", "main.tex", "main.pdf", "site", "*.tar.gz", "diff.pdf")
    shutil.copytree(ROOT / "paper", "paper", ignore=shutil.ignore_patterns(*built))
    tables.main()
    Path("paper/generated/figures").mkdir()
    Path("paper/generated/figures/pareto.pdf").touch()
    Path("paper/generated/figures/numbers.json").write_text("{}", encoding="utf-8")
    text = written()
    assert r"\section{Real Reviews}" in text
    assert (
        r"MiniLM-L6, \texttt{spam/minilm}, of 22.70\,M parameters, as the Python package \texttt{spam 1.0} carries it."
        in text
    )
    assert "It reads the last 77 tokens of a review, was trained in 6 runs on 1,500 of the training texts" in text
    assert "learning rates and is shown at the one" not in text
    assert "Full fine-tuning is right on 91.00" in text
    assert r"LoRA FFN (81.00\%) and IA3 (60.50\%) are the best and the weakest of the others" in text
    assert r"(Kendall's $\tau$) of 1.00" in text


def drop_last_row(content: bytes) -> bytes:
    return content[: content[:-1].rindex(b"\n") + 1]


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda content: b"", "no table: No columns to parse from file; `git checkout {} brings it back"),
        (lambda content: b"\xff\xfe\x00", "no table: 'utf-8' codec can't decode byte 0xff in position 0"),
        (lambda content: content[:20], "no column "),
        (
            lambda content: content[: content.index(b"\n") + 1],
            "minilm/full/42: test_accuracy None, in metrics/studies/laptop/runs 0.9; `git checkout",
        ),
        (drop_last_row, "minilm/ia3/43: test_accuracy None, in metrics/studies/laptop/runs 0.6; `git checkout"),
        (
            lambda content: content.replace(b",0.61,", b",0.91,"),
            "minilm/ia3/42: test_accuracy 0.91, in metrics/studies/laptop/runs 0.61; `git checkout",
        ),
    ],
    ids=["emptied", "other bytes", "cut in its header", "its header alone", "a row less", "a digit"],
)
def test_a_damaged_table_of_a_kept_study_is_named(damage, fault):
    prepare()
    TABLE.write_bytes(damage(TABLE.read_bytes()))
    with pytest.raises(InputError) as caught:
        tables.main()
    assert str(caught.value).startswith(f"{TABLE}: {fault}".replace("{} brings", f"{TABLE}` brings"))


@pytest.mark.parametrize("content", [b"", b"{", b"\x80\x04pickle"])
@pytest.mark.parametrize(
    "file",
    [
        Path("metrics/runs", ENCODER, "full/42.json"),
        Card.path(),
        BaseReport.path(ENCODER),
        Baselines.path(),
        StudySettings.path(),
    ],
    ids=lambda path: path.stem,
)
def test_a_damaged_file_of_a_kept_study_is_named(file, content):
    """`dvc repro` would make this build's, not the kept one."""
    prepare()
    path = kept(REAL, file)
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        tables.main()
    line = str(caught.value)
    assert line.startswith(f"{path}: Invalid JSON: ")
    assert line.endswith(f"; `git checkout {path}` brings it back")
    assert "dvc" not in line

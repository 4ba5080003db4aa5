from pathlib import Path

import pytest

from stages import census as stage
from stages import settings as settings_stage
from stages.lib import reported
from stages.lib.census import CENSUS, TOLERANCE, Census, against_published, read_census
from stages.lib.errors import InputError
from stages.lib.memory import predict
from tests.tiny_study import ROOT, write_params

FIRST = {
    ("distilbert", "full"), ("distilbert", "qlora-ffn"), ("distilbert", "ia3"), ("roberta", "full"),
    ("roberta", "qlora-ffn"), ("roberta", "lora-ffn"), ("deberta", "full"), ("deberta", "lora-r16"),
    ("deberta", "qlora-ffn"),
}  # fmt: skip
# Printed well above what the model needs; the note in the table says by how much.
PRINTED_MORE = {("distilbert", "qlora-ffn"), ("deberta", "qlora-ffn")}


def predict_printed(settings, *arguments):
    """Only runs that the table compares or explains: prediction takes most of the stage's time."""
    printed = (settings.architecture, settings.configuration) in FIRST
    same = settings.method == "full" or settings.protocol == "as-published"  # full is computed once for both
    return predict(settings, *arguments) if printed and same else None


@pytest.fixture(scope="module")
def census(tmp_path_factory) -> Census:
    folder = tmp_path_factory.mktemp("census")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_params(
            Path(),
            configurations=["full", "lora-r8", "lora-r16", "lora-ffn", "qlora-ffn", "ia3"],
            probes=["full-probe", "lora-ffn-probe"],
        )
        settings_stage.main()
        patch.setattr(stage, "predict", predict_printed)
        patch.setattr(reported, "FOLDER", ROOT / "data/reported")
        stage.main()
        return read_census(CENSUS)


def cells(census: Census, protocol: str):
    return {(a, c): cell for a, row in census.root[protocol].items() for c, cell in row.items()}


def test_trainable_counts_are_the_printed_ones(census, monkeypatch):
    monkeypatch.setattr(reported, "FOLDER", ROOT / "data/reported")
    runs = reported.runs()
    printed = runs[runs["exp_id"] != "07"].groupby(["architecture", "configuration"])["trainable_params_m"].first()
    assert len(printed) == 18
    found = cells(census, "as-published")
    assert {key: f"{found[key].trainable / 1e6:.2f}" for key in printed.index} == {
        key: f"{value:.2f}" for key, value in printed.items()
    }


def test_published_faults_are_counted(census):
    faults = {
        key: (cell.trainable_but_dead, cell.new_but_frozen)
        for key, cell in cells(census, "as-published").items()
        if cell.trainable_but_dead or cell.new_but_frozen
    }
    frozen = ("lora-r8", "lora-r16", "lora-ffn", "lora-ffn-probe", "ia3")
    assert faults == {("roberta", "qlora-ffn"): (592_130, 0)} | {("deberta", name): (0, 590_592) for name in frozen}


def test_corrected_protocol_has_no_fault(census):
    found = cells(census, "corrected")
    assert len(found) == 24
    assert {(cell.trainable_but_dead, cell.new_but_frozen) for cell in found.values()} == {(0, 0)}


def test_packed_weights_count_one_element_for_two(census):
    found = cells(census, "as-published")
    linear = 12 * (4 * 768 * 768 + 2 * 768 * 3072)
    quantised, plain = found["roberta", "qlora-ffn"], found["roberta", "lora-ffn"]
    assert quantised.total == plain.total
    assert plain.total_packed_4bit == plain.total
    assert quantised.total - quantised.total_packed_4bit == linear // 2


def test_predicted_memory_against_the_published_runs(census, monkeypatch):
    monkeypatch.setattr(reported, "FOLDER", ROOT / "data/reported")
    table = against_published(census)
    assert len(table) == 9
    outside = table[table["relative_error"].abs() > TOLERANCE]
    assert set(zip(outside["architecture"], outside["configuration"], strict=True)) == PRINTED_MORE
    assert outside["note"].str.startswith("GiB beyond prediction and earlier runs, after ").all()
    assert (table.drop(outside.index)["relative_error"].abs() < 0.02).all()
    assert (table.drop(outside.index)["note"] == "").all()


def test_excess_of_distilbert_qlora_stays_when_another_method_follows(census, monkeypatch):
    """It was in the process before the first printed run: not checkpointing, nor any other part of QLoRA's own peak."""
    monkeypatch.setattr(reported, "FOLDER", ROOT / "data/reported")
    note = against_published(census).set_index(["architecture", "configuration"])["note"]["distilbert", "qlora-ffn"]
    excess = [float(part.rsplit(": ", 1)[1]) for part in note.split(", ")[2:]]
    first, again, ia3 = float(note.split(": ")[2].split(",")[0]), *excess[:2]
    assert (again, ia3) == pytest.approx((first, first), abs=0.04)


def test_a_printed_gigabyte_is_1024_cubed(census, monkeypatch):
    """Full fine-tuning leaves weights and two moments behind: the next run of the process prints that much more."""
    monkeypatch.setattr(reported, "FOLDER", ROOT / "data/reported")
    table = reported.segments().query("kernel == '12144' and configuration == 'full'")
    growth = table["peak_vram_gb"].diff().iloc[1]
    kept = 12 * census.root["as-published"]["roberta"]["full"].total
    assert kept / growth == pytest.approx(2**30, rel=0.01)


def test_reading_names_the_fault(tmp_path):
    path = tmp_path / "census.json"
    with pytest.raises(InputError, match="not found; run `dvc repro census` first"):
        read_census(path)
    path.write_text('{"corrected": {"roberta": {"full": {"total": "x"}}}}', encoding="utf-8")
    with pytest.raises(InputError, match="8 faults; run `dvc repro -f census`"):
        read_census(path)

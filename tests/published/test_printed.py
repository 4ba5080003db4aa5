import math
import shutil
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.published import printed
from tests.helpers.tiny_study import ROOT


def test_every_printed_run_has_a_cell():
    runs = printed.runs()
    assert len(runs) == 59
    assert runs.groupby("architecture", sort=False).size().to_dict() == {"distilbert": 20, "roberta": 20, "deberta": 19}
    first = runs.iloc[0]
    assert (first["architecture"], first["configuration"], first["seed"]) == ("distilbert", "full", 42)
    assert (first["accuracy"], first["peak_vram_gb"]) == (0.9103, 1.6534)


def test_runs_that_were_first_in_their_process():
    segments = printed.segments()
    first = segments[segments["first_training_run_in_kernel"] == 1]
    assert list(zip(first["architecture"], first["configuration"], first["peak_vram_gb"], strict=True)) == [
        ("distilbert", "full", 1.6534),
        ("distilbert", "qlora-ffn", 0.65),
        ("roberta", "full", 3.1157),
        ("roberta", "qlora-ffn", 0.4878),
        ("roberta", "full-probe", 3.1157),
        ("roberta", "lora-ffn-probe", 2.0485),
        ("deberta", "full", 6.1535),
        ("deberta", "lora-r16", 3.8123),
        ("deberta", "qlora-ffn", 1.3070),
    ]


def test_tables_have_cells_of_the_grid():
    assert printed.table1()["configuration"].tolist()[:6] == [
        "full", "lora-r8", "lora-ffn", "qlora-ffn", "ia3", "qlora-ffn-probe",
    ]  # fmt: skip
    assert len(printed.table3()) == 9
    assert len(printed.configs()) == len(printed.runs())
    assert printed.epochs()["accuracy"].between(0.5, 1).all()


def test_printed_training_losses_are_means_over_accumulated_batches():
    """A run at chance loses ln 2 a text; two accumulated batches, summed, would print twice that."""
    epochs = printed.epochs().query("architecture == 'deberta' and configuration in ('ia3', 'ia3-probe')")
    at_chance = epochs[epochs["eval_loss"].between(0.69, 0.70)]
    assert len(at_chance) >= 6
    assert at_chance["train_loss"].sub(math.log(2)).abs().max() < 0.002


@pytest.mark.parametrize("name", sorted(printed.SHA256))
@pytest.mark.parametrize("damage", ["emptied", "cut", "one digit", "gone"])
def test_a_damaged_file_of_the_published_figures_is_named(tmp_path, monkeypatch, name, damage):
    """`configs.csv` and `epochs.csv` too, of which no table is made."""
    folder = Path(shutil.copytree(ROOT / "data/reported", tmp_path / "reported"))
    monkeypatch.setattr(printed, "FOLDER", folder)
    printed.read_printed()
    path = folder / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        digit = content.rindex(b"4")
        damaged = {"emptied": b"", "cut": content[:-20], "one digit": content[:digit] + b"5" + content[digit + 1 :]}
        path.write_bytes(damaged[damage])
    with pytest.raises(InputError) as caught:
        printed.read_printed()
    fault = "not as it was copied from the published study (SHA-256)"
    fault = "No such file or directory" if damage == "gone" else fault
    assert str(caught.value) == f"{path}: {fault}; `git checkout {path}` brings it back"

from pathlib import Path

from datasets import load_from_disk

from tests.helpers.tiny_study import write_study
from tools.benchmarks.common import full_size
from tools.benchmarks.common.workspace import link_inputs, report_of


def test_some_rows_of_a_study_are_spread_over_it(in_empty_folder):
    """The first ones could be of one class."""
    write_study("distilbert", architectures=["distilbert"], configurations=["ia3"], probes=[], seeds=[42])
    link_inputs(Path("there"), Path(), 16)
    for split in ("train", "validation", "test"):
        of_study = load_from_disk(f"data/tokenized/distilbert/{split}")
        taken = load_from_disk(f"there/data/tokenized/distilbert/{split}")
        assert len(taken) == min(16, len(of_study))
        assert (taken[0], taken[-1]) == (of_study[0], of_study[-1])
    assert full_size.count(Path("there/data/tokenized/distilbert/train")) == 16
    assert Path("there/models/base").resolve() == Path("models/base").resolve()


def test_a_study_has_a_report_of_its_own():
    path = Path("metrics/bench/speed.json")
    assert report_of(path, full=False, study="") == path
    assert report_of(path, full=False, study="laptop") == Path("metrics/bench/speed-laptop.json")
    assert report_of(path, full=True, study="") == Path("metrics/bench/speed-full-size.json")

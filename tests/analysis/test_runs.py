import pytest

from stages import collect
from stages.analysis.costs import HOST_MEMORY, compared_memory
from stages.analysis.runs import class_score_columns, read_runs, summarise
from tests.helpers.results import write_results
from tests.helpers.tiny_study import ROOT

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_memory_is_the_device_s_only_where_every_run_has_it():
    write_results(architectures=["distilbert"], configurations=["full", "lora-ffn"], probes=[])
    collect.main()
    runs = read_runs()
    assert compared_memory(runs) is HOST_MEMORY
    device = runs.assign(peak_memory_allocated_bytes=5e9)
    assert compared_memory(device).phrase == "peak allocated GPU memory"
    assert summarise(device)["peak_memory_bytes_mean"].unique().tolist() == [5e9]
    device.loc[0, "peak_memory_allocated_bytes"] = None
    assert compared_memory(device) is HOST_MEMORY


def test_tables_of_older_studies_have_no_scores_of_single_classes():
    write_results(architectures=["distilbert"], configurations=["full"], probes=[])
    collect.main()
    runs = read_runs()
    assert class_score_columns(runs) == ["test_f1_0", "test_f1_1"]
    older = runs.drop(columns=class_score_columns(runs)).assign(true_negatives=1, true_positives=1)
    assert list(summarise(runs).columns) == [*summarise(older).columns, "test_f1_0_mean", "test_f1_1_mean"]


def test_the_study_kept_of_imdb_is_read():
    (table,) = (ROOT / "metrics").rglob("imdb-mini/runs.csv")
    cells = summarise(read_runs(table))
    assert cells["test_accuracy_mean"].between(0.5, 1).all()

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from stages import collect
from stages.analysis.costs import HOST_MEMORY, PROCESSOR_TIME, compared_memory
from stages.analysis.runs import (
    AVERAGED,
    COMPARED_BY,
    FAILED,
    FAILED_COLUMNS,
    RUNS,
    class_score_columns,
    columns_of_all,
    is_text,
    read_failed,
    read_runs,
    summarise,
)
from stages.core.csv_tables import write_table
from stages.core.errors import InputError
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


@pytest.fixture
def table(in_empty_folder) -> pd.DataFrame:
    """As `collect` wrote it."""
    write_results(architectures=["distilbert"], configurations=["full"], probes=[])
    collect.main()
    return read_runs()


def fault(read: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(InputError) as error:
        read(*arguments)
    return str(error.value)


def test_a_column_of_an_older_form_that_lacks_is_named_with_the_stage_that_writes_it(table):
    """Whichever it is: no reader meets a table without it."""
    assert set(columns_of_all()) <= set(table.columns)
    for name in columns_of_all():
        write_table(RUNS, table.drop(columns=name))
        assert fault(read_runs) == f"metrics/runs.csv: no column {name}; run `dvc repro -f collect`"
    write_table(RUNS, table.drop(columns=[name for name in table if name not in columns_of_all()]))
    read_runs()


def test_no_column_that_collect_writes_for_all_is_forgotten(table):
    """Those beside them are of a study's own: versions, splits, classes."""
    others = [name for name in table if name not in columns_of_all()]
    assert [name for name in others if not name.startswith(("version_", "dataset_sha256_", "test_f1_"))] == []


def test_of_a_kept_table_the_columns_that_are_read_are_required(table):
    kept = Path("metrics/studies/old/runs.csv")
    for name in [*AVERAGED, *COMPARED_BY]:
        write_table(kept, table.drop(columns=name))
        assert fault(read_runs, kept) == f"{kept}: no column {name}; `git checkout {kept}` brings it back"
    needed = ["architecture", "configuration", "seed", "role", *AVERAGED, *COMPARED_BY]
    for more in ([], [PROCESSOR_TIME.column]):
        write_table(kept, table[needed + more])
        summarise(read_runs(kept))


@pytest.mark.parametrize("name", ["test_accuracy", "seed", "train_seconds", "threads", "test_f1_1"])
def test_a_number_that_is_none_is_named(table, name):
    write_table(RUNS, table.astype({name: object}).assign(**{name: "fast"}))
    assert fault(read_runs) == f"metrics/runs.csv: {name}: 'fast'; required: numbers; run `dvc repro -f collect`"


def test_truth_that_is_unknown_is_no_text(table):
    write_table(RUNS, table.assign(dirty=[None, *[True] * (len(table) - 1)]))
    assert len(read_runs()) == len(table)


def test_hashes_are_text():
    assert is_text("weights_sha256")
    assert is_text("predictions_sha256")


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("name", FAILED_COLUMNS)
def test_a_table_of_failed_runs_without_a_column_is_named(name):
    Path(FAILED).write_text(",".join(column for column in FAILED_COLUMNS if column != name) + "\n", encoding="utf-8")
    assert fault(read_failed) == f"metrics/failed.csv: no column {name}; run `dvc repro -f collect`"

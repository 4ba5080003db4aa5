import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from stages import collect
from stages.analysis.costs import (
    HOST_MEMORY,
    LEAST_SCATTER,
    PROCESSOR_TIME,
    WALL_TIME,
    compared_costs,
    compared_memory,
    compared_time,
    deviations,
    same_work,
    scatter,
)
from stages.analysis.runs import read_runs, summarise
from tests.helpers.results import write_results

pytestmark = pytest.mark.usefixtures("in_empty_folder")
GRID = {"architectures": ["distilbert"], "configurations": ["full", "lora-r8", "lora-ffn"], "probes": ["full-probe"]}
FULL, FULL_AGAIN, R8, R8_AGAIN, FFN, FFN_AGAIN, PROBE, PROBE_AGAIN = range(8)


def table(processor: list[float], **columns: list) -> pd.DataFrame:
    """Two runs each of full, lora-r8, lora-ffn and of full at another rate, ten steps each, undisturbed."""
    write_results(**GRID)
    collect.main()
    runs = read_runs()
    assert runs["configuration"].tolist() == [name for name in [*GRID["configurations"], "full-probe"] for _ in "ab"]
    times = {"steps": 10, "train_processor_seconds": processor, "train_seconds": processor, "threads": 1}
    return runs.assign(**(times | columns))


def test_runs_that_differ_in_seed_or_rate_alone_do_the_same_work():
    assert same_work(table([1.0] * 8)).tolist() == [0, 0, 1, 1, 2, 2, 0, 0]


def test_work_takes_the_least_that_any_of_its_runs_took():
    costs = compared_costs(table([10.0, 10.5, 8.0, 8.2, 9.0, 9.0, 11.0, 10.2]))
    assert costs["compared_seconds"].tolist() == [10.0, 10.0, 8.0, 8.0, 9.0, 9.0, 10.0, 10.0]
    assert not costs["disturbed"].any()
    assert costs["work_runs"].tolist() == [4, 4, 2, 2, 2, 2, 4, 4]


@pytest.mark.parametrize(("seconds", "is_disturbed"), [(11.49, False), (11.51, True), (39.0, True)])
def test_a_twin_that_takes_over_15_percent_longer_is_marked(seconds, is_disturbed):
    """Three seconds of full fine-tuning instead of two decided a table, and two sentences."""
    runs = table([10.0, 10.5, 8.0, 8.0, 9.0, 9.0, seconds, 10.2])
    costs = compared_costs(runs)
    assert costs["disturbed"].tolist() == [False] * 6 + [is_disturbed, False]
    assert costs["compared_seconds"].tolist()[FULL] == 10.0
    assert costs["work_runs"].tolist()[FULL] == 4 - is_disturbed


@pytest.mark.parametrize(("wall", "is_disturbed"), [(14.9, False), (15.1, True)])
def test_a_run_that_waited_for_the_processor_is_marked(wall, is_disturbed):
    processor = [10.0] * 8
    runs = table(processor, train_seconds=[10.0] * 7 + [wall])
    costs = compared_costs(runs)
    assert costs["disturbed"].tolist() == [False] * 7 + [is_disturbed]
    assert costs["compared_seconds"].tolist() == processor


def test_several_threads_are_measured_by_the_least_disturbed_run_of_the_same_work():
    """Four take a quarter of the wall clock, or a third where the method computes less at once."""
    wall = [2.5, 2.6, 3.3, 3.4, 2.5, 3.9, 2.5, 3.7]
    costs = compared_costs(table([10.0] * 8, train_seconds=wall, threads=4))
    assert costs["disturbed"].tolist() == [False] * 5 + [True] + [False, False]


def test_on_a_gpu_the_wall_clock_decides_and_the_processor_nothing():
    wall = [10.0, 10.0, 8.0, 8.0, 9.0, 9.0, 12.0, 10.0]
    runs = table([1.0] * 8, train_seconds=wall, device="NVIDIA Example")
    assert compared_time(runs) is WALL_TIME
    costs = compared_costs(runs)
    assert costs["disturbed"].tolist() == [False] * 6 + [True, False]
    assert costs["compared_seconds"].tolist() == [10.0, 10.0, 8.0, 8.0, 9.0, 9.0, 10.0, 10.0]


@pytest.mark.parametrize("is_column", [True, False])
def test_where_a_record_is_of_before_processor_time_the_wall_clock_decides(is_column):
    runs = table([10.0] * 8, train_seconds=[20.0] * 8)
    assert compared_time(runs) is PROCESSOR_TIME
    older = runs.drop(columns="train_processor_seconds")
    if is_column:
        older = runs.assign(train_processor_seconds=[10.0] * 7 + [None])
    assert compared_time(older) is WALL_TIME
    assert compared_costs(older)["compared_seconds"].tolist() == [20.0] * 8


def test_fewer_steps_than_a_twin_took_are_no_lower_cost():
    """Early stopping ended the one before its time; of the other an interruption lost the first nine."""
    runs = table([10.0, 10.0, 8.0, 8.0, 9.0, 9.0, 5.0, 1.1])
    runs = runs.assign(steps=[10] * 6 + [5, 1], resumed_at_step=[0] * 7 + [9])
    costs = compared_costs(runs)
    assert costs["compared_seconds"].tolist() == [10.0, 10.0, 8.0, 8.0, 9.0, 9.0, 5.0, 10.0]
    assert not costs["disturbed"].any()


def test_peaks_of_memory_are_means_over_the_work():
    runs = table([1.0] * 8, peak_memory_host_bytes=[100, 102, 50, 52, 60, 60, 98, 100])
    assert compared_memory(runs) is HOST_MEMORY
    assert compared_costs(runs)["compared_bytes"].tolist() == [100, 100, 51, 51, 60, 60, 100, 100]


def test_cells_have_the_costs_of_their_work():
    cells = summarise(table([10.0, 10.5, 8.0, 8.2, 9.0, 9.0, 11.0, 9.8]))
    assert cells["compared_seconds"].tolist() == [9.8, 8.0, 9.0, 9.8]
    assert cells["work"].tolist() == [0, 1, 2, 0]
    assert cells["work_runs"].tolist() == [4, 2, 2, 4]
    assert cells["train_seconds_mean"].tolist() == [10.25, 8.1, 9.0, 10.4]


def test_collect_says_which_runs_were_disturbed():
    table([1.0] * 8)
    assert read_runs()["disturbed"].tolist() == [False] * 8


def test_scatter_is_pooled_over_runs_of_the_same_work():
    """Six runs of two works lie 0.05 off their means, two of a third on theirs: five degrees of freedom."""
    up, down = np.exp(0.05), np.exp(-0.05)
    runs = table([up, down, up, down, 1.0, 1.0, up, down], peak_memory_host_bytes=[100] * 8)
    assert scatter(runs) == {"peak_memory": 0.0, "train_seconds": pytest.approx((6 * 0.05**2 / 5) ** 0.5)}


def test_disturbed_runs_are_no_scatter():
    runs = table([10.0, 30.0, 8.0, 8.0, 9.0, 9.0, 10.0, 10.0])
    assert scatter(runs)["train_seconds"] == 0.0


def test_of_single_runs_no_scatter_is_known():
    runs = table([1.0] * 8).iloc[[FULL, R8, FFN]].reset_index(drop=True)
    assert scatter(runs) == {"peak_memory": None, "train_seconds": None}


def test_costs_are_allowed_four_percent_and_more_where_runs_scatter_more():
    """What costs a tenth less does so in 97 of 100 pairs of measurements."""
    assert deviations(np.array([1, 4]), None).tolist() == [0.04, 0.04]
    assert deviations(np.array([1, 4]), 0.03).tolist() == [0.04, 0.04]
    assert deviations(np.array([1, 4, 16]), 0.2).tolist() == pytest.approx([0.2, 0.1, 0.05])
    assert norm.cdf(-np.log(0.9) / (2**0.5 * LEAST_SCATTER)) == pytest.approx(0.97, abs=0.005)

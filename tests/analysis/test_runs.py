import pytest

from stages import collect
from stages.analysis.runs import HOST_MEMORY, compared_memory, read_runs, summarise
from tests.helpers.results import write_results

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

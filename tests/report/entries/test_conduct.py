"""What a machine calls itself, as the report prints it."""

import csv
import io

import pytest

from stages import paper
from stages.report.entries.conduct import legible
from tests.helpers.paper import SMALL, prepare, written


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", "Intel(R) Xeon(R) CPU @ 2.20GHz"),
        ("海光 Hygon C86\u2122 7285\tmodel\x00 0", "Hygon C86\u2122 7285 model 0"),
        ("飞腾", ""),
        ("cafe\u0301", "caf\xe9"),
        ("x" * 200, "x" * 159 + "\u2026"),
    ],
)
def test_a_name_is_made_legible(name, printed):
    assert legible(name) == printed


def test_no_code_point_of_a_machine_is_printed(in_empty_folder):
    prepare(**SMALL)
    runs = (in_empty_folder / "metrics/runs.csv").read_text(encoding="utf-8").splitlines()
    columns = runs[0].split(",")
    at = {name: columns.index(name) for name in ("processor", "platform")}
    lines = [runs[0]]
    for line in runs[1:]:
        fields = next(csv.reader([line]))
        fields[at["processor"]], fields[at["platform"]] = "海光 Hygon C86", "飞腾"
        stream = io.StringIO()
        csv.writer(stream, lineterminator="").writerow(fields)
        lines.append(stream.getvalue())
    (in_empty_folder / "metrics/runs.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    text = written()
    assert "U+" not in text
    assert "The runs used Hygon C86 with" in text
    assert "an unnamed platform" in text


def test_the_range_of_an_adapters_cost_has_its_probes(in_empty_folder):
    """A probe that takes twice the time of full fine-tuning is in the range that is said of adapters."""
    prepare(architectures=["distilbert"], configurations=["full", "lora-ffn"], probes=["lora-ffn-probe"])
    results = paper.read_results()
    full, probe = ("distilbert", "full"), ("distilbert", "lora-ffn-probe")
    results.cells.loc[probe, "compared_seconds"] = 2 * results.cells.loc[full, "compared_seconds"]
    assert paper.build(results).entries["cost.seconds_most"].text == "2.00"


def test_a_share_of_parameters_is_of_one_whole(in_empty_folder):
    """In the table of results and in the range of adapters: of what full fine-tuning trains."""
    prepare(architectures=["distilbert"], configurations=["full", "lora-ffn"], probes=[])
    results = paper.read_results()
    entries = paper.build(results).entries
    assert entries["cost.share_least"].value == entries["distilbert.lora-ffn.trainable_share"].value
    runs = results.runs.set_index("configuration")
    runs["total_parameters"] = runs["trainable_parameters"]["full"].iloc[0] + runs["adapter_parameters"]
    entries = paper.build(results._replace(runs=runs.reset_index())).entries
    of_full = runs["trainable_parameters"]["lora-ffn"].iloc[0] / runs["trainable_parameters"]["full"].iloc[0]
    assert entries["distilbert.lora-ffn.trainable_share"].value == of_full

import json
from pathlib import Path

import pytest

from stages import collect, tables
from tests.helpers.paper import SMALL, prepare, source, untraced, written
from tests.helpers.tables import rows

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_full_scale_has_no_notice_and_names_gpu_memory():
    changes = {"profile": "paper", "lr": 1e-5}
    prepare(**SMALL, **changes)
    for path in Path("metrics/runs").rglob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        record["cost"]["peak_memory_allocated_bytes"] = 3 * 2**30
        record["environment"]["device"] = "Example GPU"
        path.write_text(json.dumps(record), encoding="utf-8")
    collect.main()
    text = written()
    assert "SMALL-SCALE" not in text
    assert "small-scale" not in text
    assert "Memory is the peak allocated GPU memory;" in text
    tables.main()
    costs = untraced(Path("paper/generated/tables/costs.tex").read_text(encoding="utf-8"))
    assert "Memory (GiB)" in costs
    assert {row[3] for row in rows(costs, "Full FT") + rows(costs, "LoRA FFN")} == {"3.00"}
    assert "resident" not in text
    assert "at a time at most on a GPU; Example GPU;" in text


@pytest.mark.parametrize("at_once", [1, 2])
def test_runs_that_shared_a_gpu_are_said_to_have_and_their_energy_is_not_added_up(at_once):
    """What a device reports is that of all its runs."""
    prepare(**SMALL)
    for path in Path("metrics/runs").rglob("*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        record["cost"]["energy_joules"] = 3600.0
        record["environment"] |= {"device": "Example GPU", "runs_at_once": at_once}
        path.write_text(json.dumps(record), encoding="utf-8")
    collect.main()
    text = written()
    assert ("Up to 2 runs shared a GPU at a time" in text) == (at_once == 2)
    assert (", and the device used " in text) == (at_once == 1)


@pytest.mark.parametrize(
    ("spoiled", "sentence", "answer"),
    [
        (2, "The commit that the runs were made from is unknown, because git could not be run.", "the runs is unknown"),
        (1, "The commit of other runs is unknown, because git could not be run.", "some runs is unknown"),
    ],
)
def test_runs_of_an_unknown_commit_say_why(spoiled, sentence, answer):
    prepare(**SMALL)
    for path in sorted(Path("metrics/runs").rglob("*.json"))[:spoiled]:
        record = json.loads(path.read_text(encoding="utf-8"))
        record["environment"] |= {"commit": None, "commit_subject": None, "dirty": None}
        record["environment"]["commit_unknown"] = "git could not be run"
        path.write_text(json.dumps(record), encoding="utf-8")
    collect.main()
    text = written()
    assert sentence in text
    assert f", but the commit of {answer}" in text


def test_what_is_a_methods_own_and_what_the_reproduced_study_chose():
    """QLoRA's authors page the optimiser's state and rescale no keys of (IA)3: eight bits are not theirs."""
    text = source(architectures=["distilbert"], configurations=["full", "qlora-ffn", "ia3"], probes=[])
    assert "Its optimiser pages its state to the host's memory where the GPU's does not suffice" in text
    assert "Its optimiser keeps its state in eight bits" not in text
    assert "is no part of it and a choice of the reproduced study." in text
    assert "here the keys stay as they are, as in the reproduced study." in text

import shutil

import pytest

from stages import claims, collect, reconcile
from stages.published.claims import Claims, load_claims
from stages.published.reconciliation import Reconciliation
from tests.helpers import planted
from tests.helpers.results import write_results
from tests.helpers.tiny_study import ROOT


@pytest.fixture(autouse=True)
def _in_folder(in_empty_folder):
    for name in ("data/reported", "stages/published"):
        shutil.copytree(ROOT / name, name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))


def test_both_files_of_a_small_scale_build(capsys):
    write_results()
    collect.main()
    planted.census({("roberta", "full"): 124_647_170}).write()
    reconcile.main()
    claims.main()
    found = Claims.read()
    assert [claim.id for claim in found.claims] == list(load_claims())
    assert {claim.reproduced.verdict for claim in found.claims} == {"cannot be decided here"}
    assert {claim.reproduced.observation for claim in found.claims} > {"cannot be decided here"}
    by_id = {claim.id: claim for claim in found.claims}
    assert by_id["deberta-memory"].published.verdict == "holds"
    assert "I.distilbert.qlora-ffn.acc_pct" in by_id["qlora-retention"].contradicted_cells
    reconciliation = Reconciliation.read()
    assert [check.agrees for check in reconciliation.parameters] == [True]
    assert reconciliation.reproductions == []
    out = capsys.readouterr().out
    assert "19 of 110 recomputed cells contradicted; 50 runs with residue" in out
    assert (
        "19 claims in metrics/claims.json; contradicted by the published figures: memory-example, superior, slowest"
        in out
    )

import pytest

from stages.core.errors import InputError
from stages.published.reconciliation import Reconciliation


def test_faulty_files_are_named(tmp_path):
    path = tmp_path / "x.json"
    with pytest.raises(InputError, match="run `dvc repro reconcile` first"):
        Reconciliation.read_from(path)
    path.write_text("{}")
    with pytest.raises(
        InputError, match=r"x\.json: cells_checked: Field required \(and 9 more\); run `dvc repro -f reconcile`"
    ):
        Reconciliation.read_from(path)

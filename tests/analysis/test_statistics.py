import pytest

from stages.analysis.statistics import Interval, Statistics, limits
from stages.core.errors import InputError


@pytest.mark.parametrize(("seeds", "p", "factor"), [(1, 1.0, None), (2, 1 / 3, 6.4829), (5, 2 / 252, 1.4166)])
def test_limits(seeds, p, factor):
    found = limits(seeds)
    assert found.smallest_permutation_p == pytest.approx(p)
    assert found.seeds_for_permutation_p_below_level == 4
    assert found.t_interval_factor == (None if factor is None else pytest.approx(factor, abs=1e-4))


def test_what_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="finite number"):
        Interval(low=float("nan"), high=1.0, over="examples")


def test_missing_and_foreign_files_are_named(tmp_path):
    path = tmp_path / "statistics.json"
    with pytest.raises(InputError) as missing:
        Statistics.read_from(path)
    assert str(missing.value) == f"{path}: not found; run `dvc repro statistics` first"
    path.write_text('{"examples": 1}', encoding="utf-8")
    with pytest.raises(InputError) as foreign:
        Statistics.read_from(path)
    assert str(foreign.value) == f"{path}: classes: Field required (and 10 more); run `dvc repro -f statistics`"

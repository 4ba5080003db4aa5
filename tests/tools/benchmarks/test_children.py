import time

import pytest

from stages.core.errors import InputError
from tools.benchmarks.common.children import FailedError, RefusedError, in_child, in_children


def double(number: int) -> int:
    if number < 0:
        raise InputError(f"{number}: below zero")
    if number == 0:
        raise ValueError("nothing to double")
    time.sleep(number / 10)
    return 2 * number


def test_children_are_reported_as_they_end():
    found = list(in_children(double, [(4,), (1,), (-1,), (0,)]))
    assert found[-1] == (0, 8)
    by_number = dict(found)
    assert by_number[1] == 2
    assert (type(by_number[2]), str(by_number[2])) == (RefusedError, "-1: below zero")
    assert (type(by_number[3]), str(by_number[3])) == (FailedError, "ValueError: nothing to double")


def test_what_one_child_raises_is_raised_here():
    assert in_child(double, 2) == 4
    with pytest.raises(RefusedError, match=r"^-1: below zero$"):
        in_child(double, -1)

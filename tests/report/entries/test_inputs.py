import pytest

from stages.report.entries.inputs import are_balanced


@pytest.mark.parametrize(
    ("counts", "balanced"),
    [
        ([60, 40], True),
        ([61, 39], False),
        ([39, 61], False),
        ([5, 95], False),
        ([33, 33, 34], True),
        ([43, 29, 28], False),
        ([49, 49, 2], False),
        ([25, 25, 25, 25], True),
        ([100, 100, 100, 1], False),
        ([1, 0], False),
    ],
)
def test_classes_of_similar_size(counts, balanced):
    assert are_balanced(counts) is balanced

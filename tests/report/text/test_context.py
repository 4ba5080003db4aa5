import pytest

from stages.report.text.context import _wherever_compared


@pytest.mark.parametrize(
    ("compared", "architectures", "said"),
    [(1, 1, ""), (3, 3, " on every architecture"), (2, 3, " on every architecture with runs of both")],
)
def test_where_methods_are_compared_is_said_of_what_completed(compared, architectures, said):
    assert _wherever_compared(compared, architectures) == said

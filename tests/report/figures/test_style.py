from stages.report.figures.style import apart


def test_close_positions_move_apart_and_keep_their_order():
    assert apart([81.6, 81.5, 88.9], 2) == [82.55, 80.55, 88.9]
    assert apart([10, 0, 5], 2) == [10, 0, 5]
    assert apart([1, 1, 1], 3) == [-2, 1, 4]
    assert apart([], 3) == []

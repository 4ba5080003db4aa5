from stages.encoders.corpus import pad


def test_pad_marks_what_is_text():
    ids, attention = pad([[5, 6, 7], [8]], pad_id=1)
    assert ids.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert attention.tolist() == [[1, 1, 1], [1, 0, 0]]

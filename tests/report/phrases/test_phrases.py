import pytest

from tests.helpers.paper import SMALL, source

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_what_the_number_of_seeds_can_show():
    text = source(**SMALL | {"seeds": [42, 43]})
    assert "groups of 4 would be needed to fall below 5\\%, before any correction." in text


def test_four_seeds_reach_the_level():
    text = source(**SMALL | {"seeds": [42, 43, 44, 45]})
    assert "below 5\\% before any correction, for which groups of 4 would do." in text
    assert "would be needed" not in text

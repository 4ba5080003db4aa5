import pytest

from stages.report.numbers.units import COUNT, DIFFERENCE, PERCENT, THOUSANDS, rate_text, tex, text


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (0.8712, PERCENT, "87.12"),
        (0.90025, PERCENT, "90.03"),  # ties away from zero, whatever the binary fraction
        (0.90035, PERCENT, "90.04"),
        ((0.9317 + 0.9312) / 2, PERCENT, "93.15"),  # as the published study prints the mean of these two runs
        (-0.00125, DIFFERENCE, "-0.13"),
        (0.0052, DIFFERENCE, "+0.52"),
        (-0.0385, DIFFERENCE, "-3.85"),
        (-0.00001, DIFFERENCE, "0.00"),
        (24904, COUNT, "24,904"),
        (0, COUNT, "0"),
        (612_354, THOUSANDS, "612.4"),
    ],
)
def test_number_text(value, unit, expected):
    assert text(value, unit) == expected


def test_number_in_running_text():
    assert tex("-3.85") == "$-$3.85"
    assert [rate_text(rate) for rate in (1e-5, 1.5e-3, 2e-5 * 150)] == ["1e-5", "1.5e-3", "3e-3"]
    assert [tex(numeral) for numeral in ("1e-5", "1.5e-3")] == ["$10^{-5}$", r"$1.5\times 10^{-3}$"]

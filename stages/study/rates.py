"""``rate_factors``: the multiples of its own rate at which every configuration is run besides."""

from itertools import product
from typing import Annotated

from pydantic import Field

from stages.training.settings import AT_FACTOR

# As `params.yaml` has it: its text is part of names, and between these limits has no exponent.
Factor = Annotated[int | float, Field(ge=1e-4, le=1e4, allow_inf_nan=False)]
DIGITS = 12  # of a multiple of a rate: 3 times 1e-5 is 3e-5


def multiplied(rate: float, factor: float) -> float:
    """A rate as one would write it, without the last digits that binary fractions add."""
    return float(f"{rate * factor:.{DIGITS}g}")


def require_sweep(
    factors: list[Factor], rates: dict[str, float], probes: list[str], at_probe: list[str], on_test: str | None
) -> None:
    """See to it that rates can be told apart and run, and that the choice of one is fair.

    Args:
        factors: of params.yaml; nothing is asked where it has none.
        rates: by configuration of the headline grid, its own nominal rate.
        probes: configurations that are run for the learning rate alone.
        at_probe: configurations of the headline grid at the probe rate.
        on_test: the protocol, where it selects on the test split.

    Raises:
        ValueError: one line that names the key.
    """
    if not factors:
        return
    for factor in factors:
        if factor == 1:
            raise ValueError(f"rate_factors: {factor}: a configuration's own rate is always tried; leave it out")
        if factors.count(factor) > 1:
            raise ValueError(f"rate_factors: {factor}: given {factors.count(factor)} times; allowed: once")
    if on_test is not None:
        raise ValueError(
            f"rate_factors: not allowed with protocol {on_test!r}: its selection_split is test, and a rate chosen on "
            "the test split is chosen by what it is judged by"
        )
    for key, names in (("probes", probes), ("configurations", at_probe)):
        if names:
            raise ValueError(
                f"{key}: {names[0]!r}: a probe of the learning rate is not allowed with rate_factors, which try other "
                "rates for every configuration"
            )
    for (name, rate), factor in product(rates.items(), factors):
        swept = f"{name}{AT_FACTOR}{factor}"
        if swept in rates:
            raise ValueError(
                f"configurations: {swept!r}: with rate_factors the name of {name!r} at {factor} times its rate"
            )
        if multiplied(rate, factor) > 1:
            raise ValueError(
                f"rate_factors: {factor}: {multiplied(rate, factor):g} for configuration {name!r}, whose own rate is "
                f"{rate:g}; allowed: rates of at most 1"
            )

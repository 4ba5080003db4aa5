"""Say where a number of the paper comes from: ``make why N=93.15`` or ``make why N=roberta.full.accuracy``.

It writes nothing.
"""

import argparse
import re
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.report.numbers.ledger import Number, Numbers

NUMBERS = Path("paper/generated/numbers.json")


def main(number: str) -> None:
    """Print every entry whose key, printed text, leading part of the key or part of the text is ``number``.

    Raises:
        InputError: the paper prints no such number.
    """
    if not number.strip():
        raise InputError("N: empty; allowed: a number as printed, or its key: make why N=distilbert.full.accuracy")
    numbers = matches(number.strip(), Numbers.read_from(NUMBERS).root)
    if not numbers:
        raise InputError(f"{number!r}: not a number or key in {NUMBERS}; keys look like distilbert.full.accuracy")
    print("\n\n".join(describe(key, entry) for key, entry in numbers.items()))


def matches(wanted: str, numbers: dict[str, Number]) -> dict[str, Number]:
    """An exact key alone; else what is printed so; else the keys that begin so; else what has it as a part.

    Per cent and a plus are left aside, and any sign where the number is asked for without one.
    """
    if wanted in numbers:
        return {wanted: numbers[wanted]}
    plain = wanted.removesuffix("%").removesuffix(" ").lstrip("+").replace("\N{MINUS SIGN}", "-")
    tests = (
        lambda key, text: text.lstrip("+") == plain,
        lambda key, text: text.lstrip("+-<") == plain,
        lambda key, text: key.startswith(f"{wanted}."),
        lambda key, text: plain in parts(text),
    )
    for test in tests:
        passed = {key: number for key, number in numbers.items() if test(key, number.text)}
        if passed:
            return passed
    return {}


def parts(text: str) -> set[str]:
    """Numerals in what is printed: ``2e-3`` reads two times ten to the minus three, a version has several."""
    power = {"10"} if re.fullmatch(r"[\d.]+e-?\d+", text) else set()
    return power | set(re.findall(r"\d[\d,]*(?:\.\d+)*", text))


def describe(key: str, number: Number) -> str:
    """A few lines: value, source, the command that makes it again, the records behind it."""
    lines = {
        "value": f"{number.value}",
        "source": f"{number.source}: {number.source_key}",
        "made by": number.command or f"nothing, it is kept in git: {remake(number)}",
        "records": ", ".join(number.records),
        "parameters": ", ".join(number.parameters),
    }
    shown = [f"  {name:<11}{line}" for name, line in lines.items() if line]
    return "\n".join([f"{number.text} {number.unit}".rstrip() + f"  [{key}]", *shown])


def remake(number: Number) -> str:
    """The command that makes the number's source again."""
    return number.command or f"git checkout -- {number.source}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", help="as printed, or its key")
    run_stage(main, **vars(parser.parse_args()))

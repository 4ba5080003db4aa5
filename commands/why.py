"""Say where a number of the paper comes from: ``make why N=93.15`` or ``make why N=roberta.full.accuracy``.

It writes nothing.
"""

import argparse
from pathlib import Path

from stages.lib.errors import InputError, run_stage
from stages.lib.ledger import Number, read_numbers

NUMBERS = Path("paper/generated/numbers.json")


def main(number: str) -> None:
    """Print every entry whose key, printed text or leading part of the key is ``number``.

    Raises:
        InputError: the paper prints no such number.
    """
    found = matches(number.strip(), read_numbers(NUMBERS))
    if not found:
        raise InputError(f"{number!r}: not a number or key in {NUMBERS}; keys look like distilbert.full.accuracy")
    print("\n\n".join(describe(key, entry) for key, entry in found.items()))


def matches(wanted: str, numbers: dict[str, Number]) -> dict[str, Number]:
    """An exact key alone; else the printed texts, signs and per cent aside; else the keys that begin so."""
    if wanted in numbers:
        return {wanted: numbers[wanted]}
    plain = wanted.removesuffix("%").removesuffix(" ").lstrip("+").replace("\N{MINUS SIGN}", "-")
    printed = {key: number for key, number in numbers.items() if number.text.lstrip("+") == plain}
    return printed or {key: number for key, number in numbers.items() if key.startswith(f"{wanted}.")}


def describe(key: str, number: Number) -> str:
    """A few lines: value, origin, the command that makes it again, the records behind it."""
    lines = {
        "value": f"{number.value}",
        "source": f"{number.source}: {number.source_key}",
        "made by": number.command or "kept in git",
        "records": ", ".join(number.records),
        "parameters": ", ".join(number.parameters),
    }
    shown = [f"  {name:<11}{line}" for name, line in lines.items() if line]
    return "\n".join([f"{number.text} {number.unit}".rstrip() + f"  [{key}]", *shown])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", help="as printed, or its key")
    run_stage(main, **vars(parser.parse_args()))

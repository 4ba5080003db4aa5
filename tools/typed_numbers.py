"""Numbers typed by hand in the report's templates: ``make lint``, and before a commit by pre-commit.

The build refuses them too; this says so without building.
"""

import argparse
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.paper import SECTIONS, TEMPLATE
from stages.report.text.checklist import CHECKLIST
from stages.report.text.lint import check_template


def main(files: list[Path]) -> None:
    """Look at ``files``, or at all templates.

    Raises:
        InputError: the first number of each file that has one.
    """
    faults = []
    for file in files or [TEMPLATE, *sorted(SECTIONS.glob("*.tex.j2")), CHECKLIST]:
        try:
            check_template(file)
        except InputError as error:
            faults.append(str(error))
    if faults:
        raise InputError("; ".join(faults))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="templates of paper/; default: all")
    run_stage(main, **vars(parser.parse_args()))

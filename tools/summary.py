"""Print the study's accuracies and where its paper and its page are."""

import json
from pathlib import Path

from tabulate import tabulate

from stages.core.errors import InputError, run_stage
from stages.report.numbers.units import PERCENT, POINTS, text
from stages.study.grid import StudySettings

SUMMARY = Path("metrics/summary.json")
PDF = Path("paper/main.pdf")
PAGE = Path("paper/site/index.html")


def table(summary: dict, study: StudySettings) -> str:
    """Of the test split in percent: accuracy, mean and sample standard deviation over seeds, and mean macro-F1."""
    rows = []
    for architecture, cells in summary.items():
        for configuration, cell in cells.items():
            labels = study.architectures[architecture].label, study.configurations[configuration].label
            rows.append([*labels, _accuracy(cell), _macro_f1(cell)])
    headers = ["architecture", "configuration", "test accuracy (%)", "macro-F1 (%)"]
    # numbers are printed as the paper has them: 95.00 and not 95
    return tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)


def _accuracy(cell: dict) -> str:
    mean, sd = cell["test_accuracy_mean"], cell["test_accuracy_sd"]
    if mean is None:  # its runs failed
        return "--"
    return text(mean, PERCENT) + ("" if sd is None else f" ± {text(sd, POINTS)}")


def _macro_f1(cell: dict) -> str:
    """What the paper ranks configurations by where classes differ in size."""
    return "--" if cell["test_f1_macro_mean"] is None else text(cell["test_f1_macro_mean"], PERCENT)


def main() -> None:
    """Raises InputError: nothing was built, or its summary is damaged."""
    for made in (SUMMARY, PDF, PAGE):
        if not made.exists():
            raise InputError(f"{made}: not found; run `dvc repro`")
    study = StudySettings.read()
    try:
        rows = table(json.loads(SUMMARY.read_text(encoding="utf-8")), study)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{SUMMARY}: not as `collect` writes it; run `dvc repro -f collect`") from error
    print(rows)
    print(f"\nprofile {study.profile}: {study.description}; {len(study.runs)} runs")
    print(f"page: {PAGE.absolute()}\npaper: {PDF.absolute()}")


if __name__ == "__main__":
    run_stage(main)

"""A study of your own data: ``make new NAME=<name> DATA=<file or folder>`` says what is in it and writes a file.

``studies/<name>.yaml`` then holds all that the study needs, a comment beside each line. Where something cannot be
told from the data, one line asks for it and nothing is written.
"""

import argparse

from rich.console import Console
from ruamel.yaml import YAML

from stages.core.errors import InputError, run_stage
from stages.core.files import write_text
from stages.core.yaml_files import read_yaml
from stages.data.card import Origin, Splits
from stages.data.settings import DataSettings, LocalData
from stages.data.sources import load_source
from stages.data.splits import deduplicate
from stages.prepare import prepared
from stages.study.params import load_params, validated
from stages.study.source_link import require_source
from stages.study.typeset import without_glyph
from tools.studies.classes import labels_for, without_rare
from tools.studies.columns import choose
from tools.studies.delimited import surveyed
from tools.studies.found import show
from tools.studies.merging import FOLDER, PARAMS, merged, path_of
from tools.studies.request import Request, path_in_study, require_complete, require_config, require_free
from tools.studies.sizes import measure, suit
from tools.studies.writing import SHOWN_CLASSES, Draft, text_of

TEST_TO_BE = 0.2  # what is asked of the code that reads, where the source has no test split; any share would do
LIKE = "mini"  # the profile whose training a new study has


def main(**given: str) -> None:
    """Write ``studies/<name>.yaml``.

    Raises:
        InputError: a variable is missing or wrong, the data cannot be used, or something has to be said about them.
    """
    request = Request(**given)
    require_complete(request)
    params = load_params()
    require_free(request.name, params)
    path = path_in_study(request.data)
    plain = LocalData(source="local", path=path, config=request.config or None)
    require_source(plain)
    require_config(plain, request)
    survey, csv, guesses = surveyed(request, path)
    choice = choose(survey, request)
    deduplicates = params.protocols[params.protocol].deduplicate
    said = labels_for(next(column for column in survey.columns if column.name == choice.columns.label), survey)
    data = LocalData(source="local", path=path, columns=choice.columns, csv=csv, config=request.config or None)
    data = data.model_copy(update={"labels": said.named, "labels_other": said.other})
    data, origin, splits, unique, test_missing = with_enough(data, deduplicates)
    lengths = measure(unique)
    draft = Draft(
        name=request.name,
        path=path,
        origin=origin.model_copy(update={"name": _name(origin, request)}),
        columns=choice.columns,
        csv=csv,
        sizes=suit(unique, origin.classes, lengths, test_missing),
        lengths=lengths,
        labels=data.labels or labels_of(origin, data),
        labels_other=data.labels_other,
        config=data.config,
        train=params.profiles[LIKE].train.model_dump(),
    )
    text = text_of(draft)
    prepared(DataSettings(data=require_valid(text, request.name), deduplicate=deduplicates))
    reasons = [*guesses, *choice.reasons, *said.reasons]
    show(Console(highlight=False, soft_wrap=True), draft, splits, survey, reasons)
    FOLDER.mkdir(exist_ok=True)
    write_text(path_of(request.name), text)
    build = f"`make paper STUDY={request.name}` builds the paper"
    print(f"{path_of(request.name)} written; edit it if a guess is wrong; {build}")


def read(data: LocalData) -> tuple[Origin, Splits, bool]:
    """The data as ``prepare`` reads them, and whether the test split is to be carved from train."""
    try:
        return *load_source(data), False
    except InputError as error:
        if not str(error).startswith("data.test: missing"):
            raise
    return *load_source(data.model_copy(update={"test": TEST_TO_BE})), True


def with_enough(data: LocalData, deduplicates: bool) -> tuple[LocalData, Origin, Splits, Splits, bool]:
    """The data read, without the classes that have too few rows; also once each, and whether test is to be carved.

    Raises:
        InputError: they cannot be read, or that would leave too little.
    """
    origin, splits, test_missing = read(data)
    unique = deduplicate(splits) if deduplicates else splits
    kept = without_rare(origin, unique, test_missing + splits["validation"].empty)
    if kept is None:
        return data, origin, splits, unique, test_missing
    labels = dict(sorted(kept.items(), key=lambda item: origin.classes.index(item[1])))
    return with_enough(data.model_copy(update={"labels": labels, "labels_other": "drop"}), deduplicates)


def labels_of(origin: Origin, data: LocalData) -> dict[str, str] | None:
    """The source's values with the names of their classes, to be edited; None where there are many.

    In the order of the classes, for a map with names gives ids by first occurrence. None too where the names as
    written would be read as other classes.
    """
    if len(origin.classes) > SHOWN_CLASSES:
        return None
    labels = dict(sorted(origin.raw_labels.items(), key=lambda item: origin.classes.index(item[1])))
    again, _, _ = read(data.model_copy(update={"labels": labels}))
    return labels if again.classes == origin.classes else None


def _name(origin: Origin, request: Request) -> str:
    """What the paper calls the data: their own name, where the paper's fonts have its letters."""
    return request.name if without_glyph(origin.name) else origin.name


def require_valid(text: str, name: str) -> LocalData:
    """The data as the file describes them.

    Raises:
        InputError: the file would be refused.
    """
    changes = YAML(typ="safe").load(text)
    return validated(merged(read_yaml(PARAMS), changes), path_of(name)).profiles[name].data


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for variable in Request._fields:
        parser.add_argument(f"--{variable}", default="", help=f"{variable.upper()} of make")
    run_stage(main, **vars(parser.parse_args()))

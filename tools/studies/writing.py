"""The file of a new study: YAML with a comment beside each line that says why the value is there."""

import io
from typing import NamedTuple

from ruamel.yaml import YAML

from stages.data.card import Origin
from stages.data.settings import Columns, Csv
from stages.study.typeset import DESCRIPTION, without_glyph
from tools.studies.sizes import Lengths, Sizes

SHOWN_CLASSES = 20  # with more of them, their names are left to the source


class Draft(NamedTuple):
    """All that the file is made of."""

    name: str
    path: str
    origin: Origin
    columns: Columns
    csv: Csv
    sizes: Sizes
    lengths: Lengths
    labels: dict[str, str] | None
    labels_other: str
    config: str | None
    train: dict  # of profile mini


def text_of(draft: Draft) -> str:
    """The whole file."""
    build, check = f"`make paper STUDY={draft.name}`", f"`make check STUDY={draft.name}`"
    lines = [
        f"# Study {draft.name}: {build} builds it, {check} looks at it first. It says what differs",
        "# from params.yaml; every key there can be set here, too. All of it can be edited.",
        _line("profile", draft.name, "what follows under profiles"),
        _line("published", "none", "no word about the study that this project reproduces"),
        _line(
            "architectures",
            ["distilbert"],
            "the quickest; all: [distilbert, roberta, deberta], about four times as long",
        ),
        _line("seeds", [42, 43], "two runs of each method; more tell chance from effect better"),
        _line(
            "rate_factors",
            [],
            "[0.3, 3, 10]: each method also at these multiples of its rate, shown at its best on validation; then "
            "probes: [], and no configuration that is a probe",
        ),
        "paper:",
        _line("  title", None, "null: said from data, task and models; or your own"),
        _line("  authors", ["The maintainers of the study"], "you"),
        "profiles:",
        f"  {draft.name}:",
        _line("    description", _description(draft), "on every page of the paper"),
        _line("    small_scale", True, "miniature encoders: the paper says that it is no full-size study"),
        "    data:",
        *_data(draft),
        "    base:",
        *_base(draft),
        _line("    tokenize", {"max_length": draft.sizes.max_length}, _of_length(draft)),
        "    train:",
        *_train(draft),
    ]
    return "\n".join(lines) + "\n"


def _line(key: str, value: object, why: str) -> str:
    shown = f"{key}: {as_text(value)}"
    return f"{shown}  # {why}"


def as_text(value: object) -> str:
    """A value as YAML on one line."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width, yaml.allow_unicode = True, 10**6, True
    yaml.sort_base_mapping_type_on_output = False
    stream = io.StringIO()
    yaml.dump(value, stream)
    return stream.getvalue().removesuffix("\n").removesuffix("\n...")


def _description(draft: Draft) -> str:
    rest = ", miniature encoders pretrained here"
    return (draft.name if without_glyph(draft.origin.name) else draft.origin.name)[: DESCRIPTION - len(rest)] + rest


def _data(draft: Draft) -> list[str]:
    sizes, columns = draft.sizes, draft.columns
    place = " " * 6
    named = {"text": columns.text, "label": columns.label}
    if columns.pair:
        named = {"text": columns.text, "pair": columns.pair, "label": columns.label}
    if columns.unused:
        named["unused"] = columns.unused
    lines = [
        _line(f"{place}source", "local", "a file or a folder here; watched: a change of it is read"),
        _line(f"{place}path", draft.path, "relative to this checkout, or absolute"),
        *([_line(f"{place}config", draft.config, "which of those that its README has")] if draft.config else []),
        _line(f"{place}name", draft.origin.name, "what the paper calls the data"),
        _line(f"{place}task", draft.origin.task, "such as spam detection; null: text classification"),
        _line(f"{place}language", draft.origin.language, "such as English; null: not stated"),
        _line(
            f"{place}columns", named, "columns of the source" + "; unused: left out on purpose" * bool(columns.unused)
        ),
        *_labels(draft, place),
    ]
    given = draft.csv.model_dump(exclude_defaults=True)
    if given:
        lines.append(_line(f"{place}csv", given, "how its files are written: found by trying"))
    if sizes.test is not None:
        lines.append(
            _line(f"{place}test", sizes.test, "share or rows of train to test on, as the source has no test split")
        )
    if sizes.validation is not None:
        lines.append(_line(f"{place}validation", sizes.validation, "share or rows of train by which epochs are chosen"))
    sample = {"train": sizes.sample_train, "test": sizes.sample_test}
    sample = {split: rows for split, rows in sample.items() if rows is not None}
    if sample:
        lines.append(
            _line(f"{place}sample", sample, "rows drawn, so that a laptop ends in minutes; remove it to take all")
        )
    lines.append(_line(f"{place}seed", 2025, "of every draw: the same rows in every build"))
    return lines


def _labels(draft: Draft, place: str) -> list[str]:
    lines = [f"{place}# labels: {{value in the source: name of its class}}  # left out: the source's own, in order"]
    if draft.labels is not None:
        why = "value in the source: name of its class; several values may have one"
        lines = [_line(f"{place}labels", draft.labels, why)]
    if draft.labels_other != "refuse":
        why = "rows without a label, or with one that labels leaves out, are counted and not used"
        lines.append(_line(f"{place}labels_other", draft.labels_other, why))
    return lines


def _of_length(draft: Draft) -> str:
    most = f"{draft.sizes.max_length} tokens hold about 95% of the texts, as far as words tell"
    if draft.sizes.is_cut:
        most = "longer texts are cut; up to 512, and the slower for it"
    return f"{most}: {draft.lengths.p95:,.0f} words"


def _base(draft: Draft) -> list[str]:
    place, sizes = " " * 6, draft.sizes
    return [
        _line(
            f"{place}source", "pretrain", "an encoder is made here, from these texts; hub: the published ones, on a GPU"
        ),
        _line(
            f"{place}vocab_size", sizes.vocab_size, f"ids of its tokenizer, for {draft.lengths.words:,} words of text"
        ),
        _line(f"{place}steps", sizes.steps, _of_steps(sizes)),
        _line(f"{place}batch_size", 32, "as in profile mini"),
        _line(f"{place}learning_rate", 0.002, "as in profile mini"),
        _line(f"{place}mlm_weight", 1.0, "masked words alone: there are no ratings to pretrain on"),
        _line(f"{place}seed", 2025, "the same encoder in every build"),
    ]


def _of_steps(sizes: Sizes) -> str:
    if sizes.steps:
        return "of pretraining, by how much text there is; 0: left at random"
    return "0: left at random, for so little text teaches an encoder nothing"


def _train(draft: Draft) -> list[str]:
    place, rows = " " * 6, "so that small data take steps enough" if draft.sizes.epochs > 2 else "passes through train"
    lines = [_line(f"{place}epochs", draft.sizes.epochs, rows)]
    for key, value in draft.train.items():
        if key == "device":
            lines.append(_line(f"{place}{key}", value, "auto: a GPU where there is one, for the published encoders"))
        elif key != "epochs":
            lines.append(_line(f"{place}{key}", value, "as in profile mini"))
    return lines

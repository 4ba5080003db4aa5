"""The names that the templates of the report may use."""

from pathlib import Path

from stages.core.errors import InputError
from stages.report.entries.inputs import ACCURACY, Results
from stages.report.entries.quotes import Example
from stages.report.numbers.latex import Latex
from stages.report.numbers.ledger import Ledger
from stages.report.phrases.findings import find
from stages.report.phrases.phrases import Phrases
from stages.report.phrases.phrases_cells import ArchitecturePhrases, KeptPhrases
from stages.report.phrases.phrases_data import DataPhrases
from stages.report.phrases.phrases_errors import ErrorsPhrases
from stages.report.phrases.phrases_head import HeadPhrases
from stages.report.phrases.phrases_inputs import BasesPhrases, ExamplesPhrases, SourcePhrases
from stages.report.phrases.phrases_pairs import Pairs
from stages.report.phrases.phrases_published import PublishedPhrases
from stages.report.phrases.phrases_runs import RunsPhrases
from stages.report.phrases.phrases_training import TrainingPhrases
from stages.report.phrases.phrases_tuning import TuningPhrases
from stages.report.text.checklist import answer, load_checklist
from stages.report.text.sentences import Sentences
from stages.study.typeset import DESCRIPTION, LABEL, class_labels, shown

GENERATED = Path("paper/generated")
FLOATS = {"tables": ".tex", "figures": ".pdf"}  # where the stages of these names write, and what


def context(results: Results, ledger: Ledger) -> dict[str, object]:
    """All names that the templates may use: subjects with their conditions and words, and what prints a number."""
    say, found = Phrases(results, ledger), find(results)
    data, said = DataPhrases(say), Sentences(ledger)
    tables, figures = produced("tables"), produced("figures")
    architectures = [ArchitecturePhrases(say, found, name) for name in results.study.architectures]
    compared = [architecture for architecture in architectures if architecture.is_compared]
    one_architecture = len(architectures) == 1
    names = {
        "study": results.study,
        "small": results.study.small_scale,
        "accuracy_leads": results.measure == ACCURACY,
        "measure": results.measure.noun,
        "in_measure": "" if results.measure == ACCURACY else f" in {results.measure.noun}",  # beside a bare "mean"
        "protocol_is_corrected": results.study.protocol == "corrected",
        "one_seed": len(results.study.seeds) == 1,
        "one_architecture": one_architecture,
        "everywhere": "" if one_architecture else " on every architecture",
        "anywhere": "" if one_architecture else " on any architecture",
        "alone": "" if one_architecture else " alone",
        "first_run": results.study.runs[0],
        "found": found,
        "say": say,
        "number": say.number,
        "sentence": said.sentence,
        "clause": said.clause,
        "left_out": said.left_out,
        "has_table": lambda name: name in tables,
        "has_figure": lambda name: name in figures,
        "wherever_compared": _wherever_compared(len(compared), len(architectures)),
        "architectures": architectures,
        "compared": compared,
        "with_runs": [architecture for architecture in architectures if architecture.has_runs],
        "pairs": Pairs(say),
        "runs": RunsPhrases(say),
        "training": TrainingPhrases(say),
        "head": HeadPhrases(say, data),
        "data": data,
        "source": SourcePhrases(say, data),
        "examples": ExamplesPhrases(say, data),
        "errors": ErrorsPhrases(say, data),
        "bases": BasesPhrases(say),
        "published": PublishedPhrases(say),
        "tuning": TuningPhrases(say),
        "real": KeptPhrases(say, results.real) if results.real else None,
        "continued": lambda name, environment="table": _continued(name, environment, tables),
    }
    parts = load_checklist()
    answers = answer(parts, names)
    return names | {"checklist": [(part, answers[name]) for name, part in parts.items()]}


def free_texts(results: Results, quoted: list[Example]) -> dict[str, str]:
    """Texts of the user's own as the report prints them, by the parameter, file or row that they come from."""
    study, card = results.study, results.card
    texts = {f"architecture.{name}.label": architecture.label for name, architecture in study.architectures.items()}
    texts |= {f"configuration.{name}.label": each.label for name, each in study.configurations.items()}
    texts |= {f"profiles.{study.profile}.description": study.description} | study.paper.texts
    texts |= {f"data.labels: {label}": label for label in class_labels(card.classes)}
    lengths = {"name": LABEL, "task": LABEL, "language": LABEL, "licence": DESCRIPTION}
    lengths |= {"citation": DESCRIPTION, "description": DESCRIPTION}
    for field, most in lengths.items():
        text = shown(getattr(card, field) or "", most)
        if text:
            texts[f"data.{'license' if field == 'licence' else field}"] = text
    for example in quoted:
        texts[example.place] = " ".join(example.words)
    return texts


def _wherever_compared(compared: int, architectures: int) -> str:
    """Where full fine-tuning and adapters are compared; nothing where the grid has one architecture."""
    if architectures == 1:
        return ""
    return " on every architecture" if compared == architectures else " on every architecture with runs of both"


def _continued(name: str, environment: str, tables: list[str]) -> Latex:
    """Floats of the further parts of a long table, headed as the template of the report's class heads a table."""
    parts = [table for table in tables if table.rpartition("-")[0] == name and table.rpartition("-")[2].isdecimal()]
    floats = []
    for part in sorted(parts, key=lambda table: int(table.rpartition("-")[2])):
        heading = rf"{{\footnotesize TABLE~\ref{{tab:{name}}} (CONTINUED)\par}}\vspace{{4pt}}"
        lines = [rf"\begin{{{environment}}}[t]", r"\centering", heading, r"\footnotesize"]
        floats.append("\n".join([*lines, rf"\input{{generated/tables/{part}}}", rf"\end{{{environment}}}"]))
    return Latex("\n\n".join(floats))


def produced(kind: str) -> list[str]:
    """Names of the tables or figures that this grid has.

    Raises:
        InputError: the stage that makes them has not run.
    """
    folder = GENERATED / kind
    names = sorted(path.stem for path in folder.glob(f"*{FLOATS[kind]}"))
    if not names:
        raise InputError(f"{folder}: nothing there; run `dvc repro {kind}` first")
    return names

"""``ro-crate-metadata.json``: the archive as an RO-Crate 1.1, and how it was made as a Provenance Run Crate 0.5.

dvc.yaml is the workflow, each stage a step, and each run of one an action with what it read and wrote. What is in the
archive is named by its path; what is in DVC's remote alone, or nowhere in the archive, by the hash that dvc.lock has.
"""

import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from stages.core.errors import InputError
from stages.core.files import write_text
from tools.archive.citation import author_name
from tools.archive.history import Commit
from tools.archive.stage_runs import WORKFLOW, Step

if TYPE_CHECKING:
    from rocrate.model.entity import Entity
    from rocrate.rocrate import ROCrate

METADATA = Path("ro-crate-metadata.json")
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
TERMS = "https://w3id.org/ro/terms/workflow-run/context"
# What a reader looks for, whatever the study: a path of the archive -> what it is.
PARTS = {
    "README.md": "How the project is used, and where everything is",
    "ARTIFACT.md": "What to run, how long it takes and what to compare",
    "params.yaml": "Every parameter of the study",
    "dvc.lock": "What was run on what, by hash",
    "requirements.lock": "The packages that the study was run with, by hash",
    "CITATION.cff": "How to cite the project",
    "codemeta.json": "The same for CodeMeta",
    ".zenodo.json": "The same for Zenodo",
    "LICENSE": "The licence",
    "croissant.json": "The data card, in Croissant",
    "SHA256SUMS": "Checksums of all files",
    "paper/main.pdf": "The report",
    "paper/site/index.html": "The results as a page for a browser",
    "paper/generated/numbers.json": "The ledger: every number of the report and where it comes from",
    "metrics/runs.csv": "The records of all runs as one table",
    "metrics/statistics.json": "Intervals, tests, frontiers, calibration",
    "stages/": "The code of the study",
    "tools/": "The code around it",
    "tests/": "Its tests",
    "studies/": "Further studies, as files of what differs",
    "cards/": "The model cards",
    "dvc-remote/": "A remote of DVC, with what `dvc pull` brings",
}
# By the end of a file's name; what Python's own table lacks, or has from the system it runs on.
FORMATS = {
    ".bib": "application/x-bibtex",
    ".cff": "application/yaml",
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".py": "text/x-python",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
    "dvc.lock": "application/yaml",
}
INPUT, RESULTS = "params.yaml", ("paper/main.pdf", "paper/site/index.html", "metrics/runs.csv")


class Facts(NamedTuple):
    """What the crate says beside the files.

    Attributes:
        citation: of CITATION.cff.
        steps: in the order in which DVC runs them.
        descriptions: of the entries of dvc.yaml.
    """

    commit: Commit
    citation: dict
    steps: list[Step]
    descriptions: dict[str, str]


def write_crate(folder: Path, facts: Facts) -> None:
    """Describe the archive that is put together in ``folder``.

    Raises:
        InputError: the library is not installed.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError as error:
        raise InputError("rocrate: not installed; `make archive` installs it (requirements-archive.txt)") from error
    crate = ROCrate(version="1.1")
    crate.metadata.extra_contexts.append(TERMS)
    describe_root(crate, facts)
    for path, words in PARTS.items():
        if (folder / path).exists():
            add_part(crate, path, words)
    crate.get("README.md")["about"] = crate.root_dataset
    workflow = add_workflow(crate, facts)
    add_actions(crate, folder, facts, workflow)
    made = crate.metadata.generate()
    made["@graph"] = [{key: alone(value) for key, value in entity.items()} for entity in made["@graph"]]
    write_text(folder / METADATA, json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def alone(value: object) -> object:
    """A list of one as that one, as the specification asks for."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def describe_root(crate: "ROCrate", facts: Facts) -> None:
    """Name, authors, licence, date, profiles."""
    citation = facts.citation
    crate.name = citation["title"]
    crate.description = citation.get("abstract") or citation["message"]
    crate.datePublished = datetime.fromtimestamp(facts.commit.seconds, UTC)
    licence = f"https://spdx.org/licenses/{citation['license']}"
    crate.license = crate.add_jsonld({"@id": licence, "@type": "CreativeWork", "name": citation["license"]})
    crate.root_dataset["author"] = [
        crate.add_jsonld(
            {
                "@id": author.get("orcid") or f"#author-{number}",
                "@type": "Organization" if author.get("name") else "Person",
                "name": author_name(author),
            }
        )
        for number, author in enumerate(citation["authors"], start=1)
    ]
    crate.root_dataset["identifier"] = f"git:{facts.commit.id}"
    crate.root_dataset["conformsTo"] = [
        crate.add_jsonld({"@id": address, "@type": "CreativeWork", "name": name, "version": address.rsplit("/", 1)[1]})
        for address, name in PROFILES.items()
    ]


def add_part(crate: "ROCrate", path: str, words: str | None = None, **properties: object) -> "Entity":
    """A file or, by a slash at its end, a folder of the archive."""
    identifier = quote(path)
    if entity := crate.get(identifier):
        return entity
    properties |= {"name": path, **({"description": words} if words else {})}
    if not path.endswith("/"):
        ends = (ending for ending in FORMATS if path.endswith(ending))
        properties["encodingFormat"] = FORMATS.get(next(ends, ""), "text/plain")
    add = crate.add_dataset if path.endswith("/") else crate.add_file
    return add(dest_path=identifier, properties=properties)


def add_workflow(crate: "ROCrate", facts: Facts) -> "Entity":
    """dvc.yaml with its steps, and the engine's language."""
    from rocrate.model import ComputerLanguage

    address = "https://dvc.org/doc/user-guide/project-structure/dvcyaml-files"
    words = {"name": "dvc.yaml", "url": {"@id": "https://dvc.org"}}
    language = crate.add(ComputerLanguage(crate, address, properties=words))
    kinds = {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        "encodingFormat": FORMATS[".yaml"],
    }
    workflow = crate.add_workflow(dest_path=str(WORKFLOW), main=True, lang=language, properties=kinds)
    workflow["name"] = crate.name
    workflow["description"] = "The stages of the study, with what each reads and writes"
    workflow["license"], workflow["author"] = crate.root_dataset["license"], crate.root_dataset["author"]
    workflow["input"] = [add_parameter(crate, INPUT)]
    workflow["output"] = [add_parameter(crate, path) for path in RESULTS]
    tools = {step.group: step.tool for step in facts.steps}
    for tool in dict.fromkeys(tools.values()):
        kinds = {"@type": ["File", "SoftwareSourceCode"], "programmingLanguage": "Python"}
        add_part(crate, tool.as_posix(), **kinds)
    workflow["hasPart"] = [crate.get(tool.as_posix()) for tool in dict.fromkeys(tools.values())]
    workflow["step"] = [
        crate.add_jsonld(
            {
                "@id": f"#step-{group}",
                "@type": "HowToStep",
                "position": str(position),
                "name": group,
                "description": facts.descriptions[group],
                "workExample": {"@id": tool.as_posix()},
            }
        )
        for position, (group, tool) in enumerate(tools.items())
    ]
    return workflow


def add_parameter(crate: "ROCrate", path: str) -> "Entity":
    """A file that the workflow as a whole reads or writes, as one of its formal parameters."""
    part = add_part(crate, path)
    parameter = crate.add_formal_parameter(path, "File", f"#parameter-{path}", properties={"workExample": part})
    part["exampleOfWork"] = parameter
    return parameter


def add_actions(crate: "ROCrate", folder: Path, facts: Facts, workflow: "Entity") -> None:
    """What was run: the whole, each step, and DVC, which led from one to the next."""
    whole = crate.add_action(
        workflow,
        "#study",
        object=[crate.get(INPUT)],
        result=[crate.get(path) for path in RESULTS],
        properties={"name": "The study", "description": f"At commit {facts.commit.id} it is up to date"},
    )
    if started := [step.started for step in facts.steps if step.started]:
        whole["startTime"] = min(started)
    controls = [add_action(crate, folder, step) for step in facts.steps]
    engine = {"@id": "#dvc", "@type": "SoftwareApplication", "name": "DVC", "softwareVersion": version("dvc")}
    engine["url"] = "https://dvc.org"
    organized = {"@id": "#organized", "@type": "OrganizeAction", "name": "DVC ran the stages"}
    organizer = crate.add_jsonld(organized)
    organizer["instrument"], organizer["object"], organizer["result"] = crate.add_jsonld(engine), controls, whole
    crate.root_dataset["mentions"] = [whole, organizer, *(control["object"] for control in controls)]


def add_action(crate: "ROCrate", folder: Path, step: Step) -> "Entity":
    """One run of a stage; the engine's action that started it is returned."""
    action = crate.add_action(
        crate.get(step.tool.as_posix()),
        f"#run-{quote(step.name, safe='@')}",
        object=[add_data(crate, folder, *item) for item in step.reads.items()],
        result=[add_data(crate, folder, *item) for item in step.writes.items()],
        properties={"name": step.name, "description": step.command},
    )
    if step.started:
        action["startTime"] = step.started
    control = crate.add_jsonld({"@id": f"#control-{quote(step.name, safe='@')}", "@type": "ControlAction"})
    control["name"] = f"Start of {step.name}"
    control["instrument"], control["object"] = crate.get(f"#step-{step.group}"), action
    return control


def add_data(crate: "ROCrate", folder: Path, path: str, content: str | None) -> "Entity":
    """What a step read or wrote: of the archive, else named by its content alone."""
    here = folder / path
    if here.exists() and not here.is_symlink():  # a link to a local source leads out of the archive
        entity = add_part(crate, f"{path}/" if here.is_dir() else path)
    else:
        identifier = f"#{quote(path)}"
        words = {"@id": identifier, "@type": "CreativeWork", "name": path}
        entity = crate.get(identifier) or crate.add_jsonld(words)
    if content:
        entity["identifier"] = f"md5:{content}"
    return entity

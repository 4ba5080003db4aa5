"""``CITATION.cff`` as other registries read it: ``.zenodo.json`` of Zenodo, ``codemeta.json`` of CodeMeta 2.0.

Written here and not by cffconvert: its last release, of 2021, asks for a jsonschema that the study's pins exclude. It
validates CITATION.cff, and converts it to the same (tests/tools/archive/test_citation.py, where it is installed).
"""

import json
from pathlib import Path

from stages.core.errors import InputError, run_stage
from stages.core.files import write_text
from stages.core.yaml_files import read_map

CITATION, ZENODO, CODEMETA = Path("CITATION.cff"), Path(".zenodo.json"), Path("codemeta.json")
REQUIRED = ("title", "license", "authors", "message")


def main() -> None:
    """Write both files."""
    citation = read_citation()
    write_text(ZENODO, as_text(zenodo(citation)))
    write_text(CODEMETA, as_text(codemeta(citation)))
    print(f"{ZENODO} and {CODEMETA}: of {CITATION}")


def read_citation(folder: Path = Path()) -> dict:
    """Raises InputError: a key is missing without which neither can be made."""
    citation = read_map(folder / CITATION)
    for key in REQUIRED:
        if not citation.get(key):
            raise InputError(f"{CITATION}: {key}: missing")
    return citation


def require_made(folder: Path) -> None:
    """Raises InputError: a file in ``folder`` is not of the CITATION.cff there."""
    citation = read_citation(folder)
    for path, made in ((ZENODO, zenodo(citation)), (CODEMETA, codemeta(citation))):
        try:
            there = (folder / path).read_text(encoding="utf-8")
        except OSError:
            there = ""
        if there != as_text(made):
            raise InputError(f"{path}: not of {CITATION}; `python -m tools.archive.citation` writes it; commit it")


def as_text(made: dict) -> str:
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def zenodo(citation: dict) -> dict:
    """Metadata of a Zenodo deposit; the study that is reproduced, where it is named, as a text."""
    made = {
        "title": citation["title"],
        "upload_type": "dataset" if citation.get("type") == "dataset" else "software",
        "creators": [_creator(author) for author in citation["authors"]],
        "license": {"id": citation["license"]},
        "description": citation.get("abstract") or citation["message"],
        "keywords": citation.get("keywords"),
        "version": citation.get("version"),
        "publication_date": _text(citation.get("date-released")),
        "references": [_reference(reference) for reference in citation.get("references", [])],
    }
    return {key: value for key, value in made.items() if value}


def codemeta(citation: dict) -> dict:
    """CodeMeta 2.0."""
    made = {
        "@context": "https://doi.org/10.5063/schema/codemeta-2.0",
        "@type": "SoftwareSourceCode",
        "name": citation["title"],
        "description": citation.get("abstract"),
        "author": [_author(author) for author in citation["authors"]],
        "license": f"https://spdx.org/licenses/{citation['license']}",
        "keywords": citation.get("keywords"),
        "version": citation.get("version"),
        "datePublished": _text(citation.get("date-released")),
        "codeRepository": citation.get("repository-code"),
        "identifier": f"https://doi.org/{citation['doi']}" if citation.get("doi") else None,
        "programmingLanguage": "Python",
    }
    return {key: value for key, value in made.items() if value}


def author_name(author: dict) -> str:
    """A person's names in their order, or an organisation's."""
    parts = ("given-names", "name-particle", "family-names", "name-suffix")
    return author.get("name") or " ".join(author[part] for part in parts if author.get(part)) or author.get("alias", "")


def _creator(author: dict) -> dict:
    name = author.get("name") or ", ".join(part for part in (_family(author), author.get("given-names")) if part)
    creator = {"name": name or author.get("alias", ""), "affiliation": author.get("affiliation")}
    if orcid := author.get("orcid"):
        creator["orcid"] = orcid.removeprefix("https://orcid.org/")
    return {key: value for key, value in creator.items() if value}


def _family(author: dict) -> str:
    return " ".join(author[part] for part in ("name-particle", "family-names") if author.get(part))


def _author(author: dict) -> dict:
    if author.get("name"):
        return {"@type": "Organization", "name": author["name"]}
    made = {
        "@type": "Person",
        "@id": author.get("orcid"),
        "givenName": author.get("given-names"),
        "familyName": _family(author),
        "email": author.get("email"),
    }
    if author.get("affiliation"):
        made["affiliation"] = {"@type": "Organization", "name": author["affiliation"]}
    return {key: value for key, value in made.items() if value}


def _reference(reference: dict) -> str:
    """In one line: who, when, what, where."""
    authors = ", ".join(author_name(author) for author in reference.get("authors", []))
    year = f"({reference['year']})" if reference.get("year") else ""
    place = f"https://doi.org/{reference['doi']}" if reference.get("doi") else reference.get("url", "")
    return " ".join(f"{authors} {year} {reference['title']}. {place}".split())


def _text(value: object) -> str | None:
    return None if value is None else str(value)


if __name__ == "__main__":
    run_stage(main)

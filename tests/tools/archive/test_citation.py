import json
from pathlib import Path

import pytest

from stages.core.errors import InputError
from tests.helpers.tiny_study import ROOT
from tools.archive import citation

FULL = """\
cff-version: 1.2.0
message: Please cite it.
title: A title with "quotes" & <b>
type: software
abstract: What it is.
license: MIT
version: 1.2.0
doi: 10.5281/zenodo.1
date-released: 2026-01-02
repository-code: https://example.org/code
keywords: [one, two]
authors:
  - family-names: Beethoven
    name-particle: van
    given-names: Ludwig
    orcid: https://orcid.org/0000-0001-2345-6789
    affiliation: Bonn
  - name: The maintainers
references:
  - type: report
    title: A study
    year: 2025
    doi: 10.1234/x
    authors: [{family-names: Hanif, given-names: M. N.}]
"""


@pytest.fixture
def cited(in_empty_folder):
    Path("CITATION.cff").write_text(FULL, encoding="utf-8")
    return citation.read_citation()


def test_zenodo(cited):
    assert citation.zenodo(cited) == {
        "title": 'A title with "quotes" & <b>',
        "upload_type": "software",
        "creators": [
            {"name": "van Beethoven, Ludwig", "affiliation": "Bonn", "orcid": "0000-0001-2345-6789"},
            {"name": "The maintainers"},
        ],
        "license": {"id": "MIT"},
        "description": "What it is.",
        "keywords": ["one", "two"],
        "version": "1.2.0",
        "publication_date": "2026-01-02",
        "references": ["M. N. Hanif (2025) A study. https://doi.org/10.1234/x"],
    }


def test_codemeta(cited):
    assert citation.codemeta(cited) == {
        "@context": "https://doi.org/10.5063/schema/codemeta-2.0",
        "@type": "SoftwareSourceCode",
        "name": 'A title with "quotes" & <b>',
        "description": "What it is.",
        "author": [
            {
                "@type": "Person",
                "@id": "https://orcid.org/0000-0001-2345-6789",
                "givenName": "Ludwig",
                "familyName": "van Beethoven",
                "affiliation": {"@type": "Organization", "name": "Bonn"},
            },
            {"@type": "Organization", "name": "The maintainers"},
        ],
        "license": "https://spdx.org/licenses/MIT",
        "keywords": ["one", "two"],
        "version": "1.2.0",
        "datePublished": "2026-01-02",
        "codeRepository": "https://example.org/code",
        "identifier": "https://doi.org/10.5281/zenodo.1",
        "programmingLanguage": "Python",
    }


def test_the_projects_own_files_are_of_its_citation():
    citation.require_made(ROOT)


@pytest.mark.parametrize("path", [".zenodo.json", "codemeta.json"])
@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_text("{}\n", encoding="utf-8")])
def test_a_file_that_is_not_of_the_citation_is_named(path, change, cited):
    citation.main()
    citation.require_made(Path())
    change(Path(path))
    line = f"^{path}: not of CITATION.cff; `python -m tools.archive.citation` writes it; commit it$"
    with pytest.raises(InputError, match=line):
        citation.require_made(Path())


@pytest.mark.parametrize("key", citation.REQUIRED)
def test_a_citation_without_a_key_is_named(key, cited):
    lines = FULL.replace(f"{key}:", f"x-{key}:")
    Path("CITATION.cff").write_text(lines, encoding="utf-8")
    with pytest.raises(InputError, match=f"^CITATION.cff: {key}: missing$"):
        citation.read_citation()


@pytest.mark.parametrize("folder", [ROOT, None], ids=["the project", "a full one"])
def test_cffconvert_makes_the_same(folder, cited):
    """It knows fewer keys: what it says must be said here in the same words."""
    cffconvert = pytest.importorskip("cffconvert", exc_type=ImportError)
    text = (folder / "CITATION.cff").read_text(encoding="utf-8") if folder else FULL
    theirs = cffconvert.Citation(text)
    theirs.validate()
    ours = citation.read_citation(folder or Path())
    zenodo, codemeta = json.loads(theirs.as_zenodo()), json.loads(theirs.as_codemeta())
    assert {key: citation.zenodo(ours).get(key) for key in zenodo} == zenodo
    made = citation.codemeta(ours)
    for key in ("name", "description", "keywords", "version", "license", "identifier", "codeRepository", "@context"):
        assert made.get(key) == codemeta.get(key), key

"""A checkpoint that a Python package carries: found, verified, never imported."""

import shutil
from pathlib import Path

import pytest

from stages.core.errors import InputError
from stages.core.files import sha256
from stages.encoders.package import folder_of, licence, require_unchanged
from stages.encoders.settings import PackageBase
from stages.encoders.snapshot import FILES
from tests.helpers.packages import MODEL, NAME, install

pytestmark = pytest.mark.usefixtures("in_empty_folder")
PIP = "pip install --no-deps tiny-encoder==0.1.0"
ANEW = f"install it anew: {PIP} --force-reinstall"


def base(**changes: object) -> PackageBase:
    return PackageBase(**{"source": "package", "name": NAME, "version": "0.1.0", "path": MODEL, **changes})


def installed(monkeypatch: pytest.MonkeyPatch, **options: object) -> Path:
    """A package with a checkpoint of a few bytes; the folder ``model`` in it."""
    Path("checkpoint").mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        Path("checkpoint", name).write_text(f"of {name}", encoding="utf-8")
    folder = install(Path("site"), Path("checkpoint"), **options)
    monkeypatch.syspath_prepend(str(Path("site").absolute()))
    return folder


def fails(required: PackageBase) -> str:
    with pytest.raises(InputError) as caught:
        require_unchanged(required, FILES)
    return str(caught.value)


def test_it_is_found_and_as_it_was_published(monkeypatch):
    folder = installed(monkeypatch)
    require_unchanged(base(), FILES)
    require_unchanged(base(sha256={"config.json": sha256(folder / "config.json")}), FILES)
    assert folder_of(base()) == folder.absolute()
    assert folder_of(base(name="Tiny_Encoder")) == folder.absolute()  # one name, as pip takes it


def test_it_is_not_installed():
    assert fails(base()) == f"base.name: 'tiny-encoder': not installed; {PIP}"


def test_another_version_is_installed(monkeypatch):
    installed(monkeypatch, version="0.2.0")
    assert fails(base()) == f"base.version: '0.1.0': tiny-encoder 0.2.0 is installed; {PIP}"


@pytest.mark.parametrize("path", ["tiny_encoder", "model", "tiny_encoder/model/deeper"])
def test_no_checkpoint_lies_there(path, monkeypatch):
    installed(monkeypatch)
    assert fails(base(path=path)) == (
        f"base.path: {path!r}: no config.json there in tiny-encoder 0.1.0; allowed: tiny_encoder/model"
    )


def test_a_package_without_a_checkpoint(monkeypatch):
    installed(monkeypatch)
    record = Path("site/tiny_encoder-0.1.0.dist-info/RECORD")
    record.write_text("tiny_encoder/__init__.py,,\n", encoding="utf-8")
    assert fails(base()) == (
        "base.path: 'tiny_encoder/model': no config.json there in tiny-encoder 0.1.0; allowed: another package: this "
        "one has no checkpoint"
    )
    record.unlink()
    assert fails(base()) == f"tiny-encoder 0.1.0: no RECORD of its files; {ANEW}"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_changed_file_is_named(name, monkeypatch):
    folder = installed(monkeypatch)
    was = sha256(folder / name)
    (folder / name).write_text("another", encoding="utf-8")
    found = sha256(folder / name)
    shown = f"tiny-encoder 0.1.0: tiny_encoder/model/{name}: SHA-256 {found[:12]}; required by"
    assert fails(base()) == f"{shown} the package's RECORD: {was[:12]}; {ANEW}"
    assert fails(base(sha256={name: was})) == f"{shown} base.sha256: {was[:12]}; {ANEW}"


def test_a_package_changed_together_with_its_record_is_another_than_the_study_asks_for(monkeypatch):
    folder = installed(monkeypatch)
    was = sha256(folder / "model.safetensors")
    (folder / "model.safetensors").write_text("another", encoding="utf-8")
    shutil.rmtree("checkpoint")
    shutil.move(folder, "checkpoint")
    shutil.rmtree("site")
    install(Path("site"), Path("checkpoint"))
    require_unchanged(base(), FILES)
    assert "required by base.sha256" in fails(base(sha256={"model.safetensors": was}))


def test_a_file_that_is_gone_and_one_that_was_added(monkeypatch):
    folder = installed(monkeypatch)
    (folder / "added_tokens.json").write_text("{}", encoding="utf-8")
    shown = "tiny-encoder 0.1.0: tiny_encoder/model"
    assert fails(base()) == f"{shown}/added_tokens.json: not a file of the package, whose RECORD lacks it; {ANEW}"
    (folder / "added_tokens.json").unlink()
    (folder / "notes.txt").write_text("no file of a checkpoint", encoding="utf-8")
    require_unchanged(base(), FILES)
    (folder / "tokenizer.json").unlink()
    assert fails(base()) == f"{shown}/tokenizer.json: not found, but in the package's RECORD; {ANEW}"


def test_a_record_without_hashes_needs_those_of_the_study(monkeypatch):
    folder = installed(monkeypatch, hashed=False)
    assert fails(base()) == (
        f"tiny-encoder 0.1.0: {MODEL}/config.json: no SHA-256 in the package's RECORD, nor in base.sha256; {ANEW}"
    )
    require_unchanged(base(sha256={path.name: sha256(path) for path in folder.iterdir()}), FILES)


def test_hashes_of_files_that_are_not_read(monkeypatch):
    folder = installed(monkeypatch, card="---\nlicense: apache-2.0\n---\n")
    some = sha256(folder / "README.md")
    assert fails(base(sha256={"vocab.txt": some})) == (
        "base.sha256: 'vocab.txt': not in tiny_encoder/model of tiny-encoder 0.1.0"
    )
    assert fails(base(sha256={"README.md": some})).startswith("base.sha256: 'README.md': no file that is read; allowed")


@pytest.mark.parametrize(
    ("card", "stated"),
    [
        ("---\nlicense: apache-2.0\n---\n", "apache-2.0"),
        ("", "MIT"),
        ("No head.\n", "MIT"),
        ("---\nlicense: [a, b]\n---\n", "a, b"),
        ("---\nlicense: 3\n---\n", None),
        ("---\n: : [\n---\n", "MIT"),
        (f"---\nlicense: {'[' * 5000}\n---\n", "MIT"),
    ],
)
def test_the_licence_is_the_card_s_or_else_the_package_s(card, stated, monkeypatch):
    installed(monkeypatch, card=card)
    assert licence(base()) == stated


@pytest.mark.parametrize("path", ["/model", "../model", "a/../b", "a/", ".", "a//b", ""])
def test_a_path_stays_within_the_package(path):
    with pytest.raises(ValueError, match="path"):
        base(path=path)


@pytest.mark.parametrize("change", [{"name": "a b"}, {"name": "-x"}, {"version": "--index-url x"}, {"version": 1.0}])
def test_name_and_version_are_what_pip_takes(change):
    """They stand in a command that a message tells the reader to run."""
    with pytest.raises(ValueError, match=next(iter(change))):
        base(**change)

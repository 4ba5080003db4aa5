import shutil
from pathlib import Path
from types import SimpleNamespace

import httpx2
import huggingface_hub
import pytest
from huggingface_hub.errors import RepositoryNotFoundError

from stages.core.errors import InputError
from stages.hub import client as hub
from tests.helpers.snapshots import cache_path, fill_cache

REVISION = "12040accade4e8a0f71eabdb258fecc2e7e948be"
REPOSITORY = hub.Repository("model", "a/b", REVISION)
PATTERNS = ["config.json", "*.safetensors"]
WAYS_ON = (
    "; go online, or give a local copy (base: {source: local, path: <folder>}), or use `profile: mini`, "
    "which needs neither"
)


@pytest.fixture(autouse=True)
def _cache(in_empty_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


def answer(monkeypatch, files: dict[str, int] | Exception) -> None:
    """What the hub says to the question for a repository's files."""

    def repo_info(self, repo_id, *, repo_type, revision, files_metadata, timeout):
        assert (repo_id, repo_type, revision, files_metadata) == ("a/b", "model", REVISION, True)
        if isinstance(files, Exception):
            raise files
        return SimpleNamespace(siblings=[SimpleNamespace(rfilename=name, size=size) for name, size in files.items()])

    monkeypatch.setattr(huggingface_hub.HfApi, "repo_info", repo_info)


def fault(inspect=lambda names: None) -> str:
    with pytest.raises(InputError) as caught:
        hub.fetch(REPOSITORY, PATTERNS, inspect)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (httpx2.ConnectError("[Errno -2] Name or service not known"), "ConnectError"),
        (httpx2.ConnectTimeout("timed out"), "ConnectTimeout"),
        (httpx2.ProxyError("403"), "ProxyError"),
        (
            RepositoryNotFoundError("404", response=httpx2.Response(404, request=httpx2.Request("GET", "http://x"))),
            "RepositoryNotFoundError",
        ),
    ],
)
def test_no_answer_and_no_cache_name_the_three_ways_on(monkeypatch, error, why):
    answer(monkeypatch, error)
    assert fault() == f"base.source: 'hub': a/b@12040accade4: not cached and cannot be downloaded ({why}){WAYS_ON}"


def test_offline_mode_asks_nobody(monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert fault().startswith(
        "base.source: 'hub': a/b@12040accade4: not cached and cannot be downloaded (HF_HUB_OFFLINE is set); go online"
    )


def test_cached_snapshot_does_without_an_answer(monkeypatch):
    Path("files").mkdir()
    Path("files/config.json").write_text("{}", encoding="utf-8")
    fill_cache(Path("cache").absolute(), "model", "a/b", REVISION, Path("files"))
    answer(monkeypatch, httpx2.ConnectError("no network"))
    seen = []
    assert hub.fetch(REPOSITORY, PATTERNS, seen.extend) == cache_path(
        Path("cache").absolute(), "model", "a/b", REVISION
    )
    assert seen == ["config.json"]


def test_download_is_of_the_commit_and_the_listed_files(monkeypatch):
    answer(monkeypatch, {"config.json": 2, "model.safetensors": 3, "pytorch_model.bin": 10**15})
    asked = []

    def snapshot_download(repo_id, **options):
        if options.get("local_files_only"):
            raise huggingface_hub.errors.LocalEntryNotFoundError("not here")
        asked.append((repo_id, options))
        return "folder"

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    seen = []
    assert hub.fetch(REPOSITORY, PATTERNS, seen.extend) == Path("folder")
    assert seen == ["config.json", "model.safetensors", "pytorch_model.bin"]
    assert asked == [("a/b", {"repo_type": "model", "revision": REVISION, "allow_patterns": PATTERNS})]


def test_interrupted_download_is_one_line(monkeypatch):
    answer(monkeypatch, {"config.json": 2})

    def snapshot_download(repo_id, **options):
        if options.get("local_files_only"):
            raise huggingface_hub.errors.LocalEntryNotFoundError("not here")
        raise httpx2.ReadError("connection reset")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert "cannot be downloaded (ReadError); go online" in fault()


def test_too_little_disk_is_said_before_the_download(monkeypatch):
    answer(monkeypatch, {"config.json": 500, "model.safetensors": 2 * 10**9, "pytorch_model.bin": 10**15})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**12, 10**12, 10**9))
    cache = Path("cache").absolute()
    assert fault() == f"{cache}: the download of a/b@12040accade4 takes 2.00 GB; free: 1.00 GB"
    Path("files").mkdir()
    Path("files/model.safetensors").write_text("", encoding="utf-8")
    fill_cache(cache, "model", "a/b", REVISION, Path("files"))
    monkeypatch.setattr(hub, "_download", lambda *args, **options: cache_path(cache, "model", "a/b", REVISION))
    hub.fetch(REPOSITORY, PATTERNS, lambda names: None)  # only what is missing counts


def test_what_is_there_is_looked_at_before_the_download(monkeypatch):
    answer(monkeypatch, {"config.json": 2, "pytorch_model.bin": 4})

    def inspect(names):
        raise InputError(f"only {sorted(names)}")

    assert fault(inspect) == "only ['config.json', 'pytorch_model.bin']"

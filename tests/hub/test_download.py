"""The hub's own client against a small server that answers as the hub does."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub
import pytest

from stages.core.errors import InputError
from stages.hub import client as hub

REVISION = "12040accade4e8a0f71eabdb258fecc2e7e948be"
REPOSITORY = hub.Repository("model", "a/b", REVISION)
FILES = {
    "config.json": b"{}",
    "model.safetensors": bytes(range(256)) * 4000,
    "pytorch_model.bin": b"a pickle",
    "modeling.py": b"raise SystemExit",
}


class Answers(BaseHTTPRequestHandler):
    """Listing, tree and files of one repository; ``cuts`` answers for the weights end halfway."""

    asked: list[tuple[str, str]]
    cuts: int

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        if self.path.startswith(f"/api/models/a/b/revision/{REVISION}"):
            siblings = [{"rfilename": name, "size": len(content)} for name, content in FILES.items()]
            self._send({"id": "a/b", "sha": REVISION, "siblings": siblings})
        elif self.path.startswith(f"/api/models/a/b/tree/{REVISION}"):
            self._send([{"type": "file", "path": n, "size": len(c), "oid": _oid(n)} for n, c in FILES.items()])
        else:
            self._file(self.path.removeprefix(f"/a/b/resolve/{REVISION}/"), body)

    def _send(self, content: object) -> None:
        data = json.dumps(content).encode()
        self._head(200, len(data), {"Content-Type": "application/json"})
        self.wfile.write(data)

    def _file(self, name: str, body: bool) -> None:
        data = FILES[name]
        start = int((re.match(r"bytes=(\d+)-", self.headers.get("Range", "")) or ("", 0))[1])
        if body:
            self.asked.append((name, self.headers.get("Range", "")))
        headers = {"ETag": f'"{_oid(name)}"', "X-Repo-Commit": REVISION, "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._head(206 if start else 200, len(data) - start, headers)
        if body and type(self).cuts and name == "model.safetensors":
            type(self).cuts -= 1
            self.wfile.write(data[start : start + len(data[start:]) // 2])
        elif body:
            self.wfile.write(data[start:])

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items() | {("Content-Length", str(length))}:
            self.send_header(key, value)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Silence."""


def _oid(name: str) -> str:
    return hashlib.sha1(FILES[name]).hexdigest()


@pytest.fixture
def server(tmp_path, monkeypatch) -> Iterator[type[Answers]]:
    answers = type("OwnAnswers", (Answers,), {"asked": [], "cuts": 0})
    listening = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://127.0.0.1:{listening.server_port}"
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)  # what arrived counts in whole chunks
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)  # between attempts
    yield answers
    listening.shutdown()
    listening.server_close()


def fetch() -> Path:
    return hub.fetch(REPOSITORY, ["config.json", "*.safetensors"], lambda names: None)


def test_only_the_listed_files_come_and_the_next_time_from_the_cache(server, monkeypatch):
    folder = fetch()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: FILES[name] for name in ("config.json", "model.safetensors")
    }
    assert sorted(server.asked) == [("config.json", ""), ("model.safetensors", "")]
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert fetch() == folder
    assert len(server.asked) == 2


def test_list_of_files(server):
    assert hub.list_files(REPOSITORY) == {name: len(content) for name, content in FILES.items()}
    with pytest.raises(hub.HubError, match="Error"):
        hub.list_files(REPOSITORY._replace(revision="0" * 40))


def test_broken_connection_goes_on_where_it_was(server):
    server.cuts = 1
    assert (fetch() / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    halfway = f"bytes={len(FILES['model.safetensors']) // 2}-"
    assert [asked for name, asked in server.asked if name == "model.safetensors"] == ["", halfway]


def test_lost_connection_is_one_line_and_whole_files_are_kept(server):
    server.cuts = 100
    with pytest.raises(
        InputError, match=r"not cached and cannot be downloaded \(\w+\); go online, or give a local copy"
    ):
        fetch()
    server.cuts = 0
    server.asked.clear()
    assert (fetch() / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert server.asked == [("model.safetensors", "")]

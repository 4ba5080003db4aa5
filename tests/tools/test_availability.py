import threading

import pytest

from stages import settings
from stages.core.errors import InputError
from stages.hub import client as hub
from stages.study.params import load_params
from tests.helpers.tiny_study import write_params
from tools import availability
from tools.availability import Hub, sources

REPOSITORY = hub.Repository("model", "a/b", "0" * 40)


def test_silent_hub_is_asked_once(monkeypatch):
    asked = []

    def list_files(repository):
        asked.append(repository)
        raise hub.HubError("ConnectError")

    monkeypatch.setattr(hub, "list_files", list_files)
    asker = Hub()
    for _ in range(2):
        with pytest.raises(hub.HubError, match=r"^ConnectError$"):
            asker.files(REPOSITORY)
    assert asked == [REPOSITORY]


def test_missing_repository_says_nothing_of_the_next(monkeypatch):
    def list_files(repository):
        if repository == REPOSITORY:
            raise hub.HubError("RevisionNotFoundError")
        return {"config.json": 1}

    monkeypatch.setattr(hub, "list_files", list_files)
    asker = Hub()
    with pytest.raises(hub.HubError, match="RevisionNotFoundError"):
        asker.files(REPOSITORY)
    assert asker.files(REPOSITORY._replace(id="c/d")) == {"config.json": 1}


def test_hub_that_never_answers_is_given_up_on(monkeypatch):
    end = threading.Event()
    monkeypatch.setattr(hub, "list_files", lambda repository: end.wait())
    monkeypatch.setattr(availability, "PATIENCE", 0.01)
    with pytest.raises(hub.HubError, match=r"^no answer in 0\.01 s$"):
        Hub().files(REPOSITORY)
    end.set()


def test_patience_is_over_the_clients_own_time_out():
    assert availability.PATIENCE > hub.TIMEOUT


@pytest.mark.parametrize("path", ["nowhere.csv", "data"])
def test_local_data_that_settings_refuse_are_missing_for_the_same_reason(path, in_empty_folder):
    (in_empty_folder / "data/raw").mkdir(parents=True)
    write_params(in_empty_folder, profile="imdb-mini", **{"profiles.imdb-mini.data.path": path})
    with pytest.raises(InputError) as caught:
        settings.main()
    assert sources(load_params())[0].missing == str(caught.value)

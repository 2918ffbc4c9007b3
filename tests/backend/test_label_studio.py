"""Tokens, pages and errors of the Label Studio client."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from backend.label_studio import (
    LabelStudioAuthError,
    LabelStudioClient,
    LabelStudioNotFoundError,
    LabelStudioRefusedError,
    LabelStudioUnavailableError,
    TokenKind,
)
from tests.backend.fake_label_studio import LEGACY, PERSONAL, FakeLabelStudio, running


@pytest.fixture
def fake() -> Iterator[FakeLabelStudio]:
    with running(FakeLabelStudio()) as server:
        yield server


@pytest.fixture
def client(fake: FakeLabelStudio) -> Iterator[LabelStudioClient]:
    made = LabelStudioClient(fake.url, LEGACY)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("token", "kind"), [(LEGACY, TokenKind.LEGACY), (PERSONAL, TokenKind.PERSONAL)]
)
def test_both_kinds_of_token_are_accepted(
    fake: FakeLabelStudio, token: str, kind: TokenKind
) -> None:
    client = LabelStudioClient(f" {fake.url}/ ", f"{token}\n")

    assert client.me()["email"] == "someone@example.com"
    assert client.token_kind is kind
    client.close()


def test_personal_token_is_exchanged_once_and_again_before_it_ends(fake: FakeLabelStudio) -> None:
    client = LabelStudioClient(fake.url, PERSONAL)
    client.me()
    client.me()
    assert fake.num_exchanges == 1

    fake.access_lifetime_s = 30.0  # less than what is kept in reserve
    client._http._access_ends_at = 0.0
    client.me()
    client.me()

    assert fake.num_exchanges == 3
    client.close()


def test_access_token_that_was_revoked_is_exchanged_anew(fake: FakeLabelStudio) -> None:
    client = LabelStudioClient(fake.url, PERSONAL)
    client.me()
    other = LabelStudioClient(fake.url, PERSONAL)
    other.me()  # the fake knows only the newest access token

    assert client.me()["email"] == "someone@example.com"
    client.close()
    other.close()


@pytest.mark.parametrize("token", ["b" * 40, "a.b.c"])
def test_wrong_token_is_named_with_its_mend(fake: FakeLabelStudio, token: str) -> None:
    client = LabelStudioClient(fake.url, token)

    with pytest.raises(LabelStudioAuthError, match=r"does not accept the .* token.*make a new one"):
        client.me()
    client.close()


def test_missing_token_is_named_before_anything_is_sent(fake: FakeLabelStudio) -> None:
    with pytest.raises(LabelStudioAuthError, match="WEFT_LABEL_STUDIO_TOKEN"):
        LabelStudioClient(fake.url, "").me()

    assert fake.calls == []


def test_nothing_listening_is_unavailable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        client = LabelStudioClient(f"http://127.0.0.1:{port}", LEGACY)

        with pytest.raises(LabelStudioUnavailableError, match="cannot reach Label Studio"):
            client.health()
    client.close()


def test_an_answer_that_was_cut_off_is_not_an_empty_one() -> None:
    def cut_off(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=cut_off, args=[server], daemon=True).start()
        client = LabelStudioClient(f"http://127.0.0.1:{server.getsockname()[1]}", LEGACY)

        with pytest.raises(LabelStudioUnavailableError):
            client.predictions(1)
        with pytest.raises(LabelStudioUnavailableError):
            client.update_project(1, title="a title")
        client.close()


def test_question_is_asked_again_and_a_change_is_not(
    fake: FakeLabelStudio, client: LabelStudioClient
) -> None:
    fake.is_down = True

    with pytest.raises(LabelStudioUnavailableError, match="502"):
        client.me()
    assert fake.calls.count("GET /api/current-user/whoami") == 3

    with pytest.raises(LabelStudioUnavailableError):
        client.create_project("a title")
    assert fake.calls.count("POST /api/projects/") == 1


def test_refusal_carries_label_studios_reason(client: LabelStudioClient) -> None:
    with pytest.raises(LabelStudioRefusedError, match="title: too short") as refused:
        client.create_project("ab")

    assert refused.value.detail == "title: too short"


def test_missing_project_is_not_found(client: LabelStudioClient) -> None:
    with pytest.raises(LabelStudioNotFoundError, match="/api/projects/99/"):
        client.project(99)


@pytest.mark.parametrize("count", [0, 1, 10, 11])
def test_all_pages_of_tasks_are_given(
    fake: FakeLabelStudio, client: LabelStudioClient, count: int
) -> None:
    project = fake.add_project()
    numbers = fake.add_tasks(project, count)

    assert [task["id"] for task in client.tasks(project, page_size=5)] == numbers


def test_tasks_by_id_leaves_out_what_is_gone(
    fake: FakeLabelStudio, client: LabelStudioClient
) -> None:
    project = fake.add_project()
    numbers = fake.add_tasks(project, 3)

    found = client.tasks_by_id(project, [numbers[0], numbers[2], 99_999])

    assert sorted(found) == [numbers[0], numbers[2]]
    assert client.tasks_by_id(project, []) == {}


def test_predictions_that_do_not_fit_are_missing_from_the_count(
    fake: FakeLabelStudio, client: LabelStudioClient
) -> None:
    project = fake.add_project()
    fits, unfit = fake.add_tasks(project, 2)
    fake.unfit_tasks = {unfit}
    rows = [{"task": number, "model_version": "v1", "result": []} for number in (fits, unfit)]

    assert client.import_predictions(project, rows) == 1
    assert len(client.predictions(fits)) == 1


def test_files_are_uploaded_in_one_request(
    fake: FakeLabelStudio, client: LabelStudioClient, tmp_path: Path
) -> None:
    project = fake.add_project()
    files = [tmp_path / f"{number}.png" for number in range(3)]
    for file in files:
        file.write_bytes(b"picture")

    assert client.import_files(project, files)["task_count"] == 3


def test_error_texts_hold_no_token(fake: FakeLabelStudio) -> None:
    secret = "c" * 40
    client = LabelStudioClient(fake.url, secret)

    with pytest.raises(LabelStudioAuthError) as refused:
        client.me()

    assert secret not in str(refused.value)
    client.close()

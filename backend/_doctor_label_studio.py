"""Try what goes wrong between Label Studio and the backend."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from backend._doctor_project import CONNECTION, Found, check_project
from backend.connect import SECRET_HEADER, explained, webhook_url
from backend.doctor import Check, Served
from backend.label_studio import (
    LabelStudioClient,
    LabelStudioError,
    LabelStudioUnavailableError,
    TokenKind,
)

if TYPE_CHECKING:
    from backend.settings import Settings

__all__ = ["check_label_studio"]

_TRIAL_TITLE = "weft doctor (temporary, may be deleted)"
_MOST_PROJECTS = 50


def check_label_studio(
    settings: Settings, *, backend_url: str, served: Served, project_id: int | None
) -> Iterator[Check]:
    """Give the checks one by one; what needs an earlier success is left out after a failure.

    Args:
        settings: Address and token of Label Studio, and the webhook secret.
        backend_url: Where Label Studio reaches the backend, as far as is known here.
        served: What was found on the backend's own port.
        project_id: Look at this project only.
    """
    if not settings.label_studio_url:
        detail = "no address is set; what concerns it was not tried"
        yield Check(name="Label Studio", ok=True, detail=detail)
        return
    token = settings.label_studio_token.get_secret_value()
    client = LabelStudioClient(settings.label_studio_url, token)
    try:
        yield from _check_all(
            client, settings, backend_url=backend_url, served=served, project_id=project_id
        )
    except LabelStudioError as error:
        mend = "see the reason, and Label Studio's log"
        yield Check(name="Label Studio", ok=False, detail=str(error), mend=mend)
    finally:
        client.close()


def _check_all(
    client: LabelStudioClient,
    settings: Settings,
    *,
    backend_url: str,
    served: Served,
    project_id: int | None,
) -> Iterator[Check]:
    reachable = _check_reachable(client)
    yield reachable
    if not reachable.ok:
        return
    token = _check_token(client)
    yield token
    yield _check_bind(settings)
    if not token.ok:
        return
    projects, connected = _connected(client, backend_url, project_id)
    found = Found(client=client, settings=settings, backend_url=backend_url, served=served)
    if not connected:
        yield _none_connected(projects, project_id)
        if served.version:
            yield _try_connecting(client, backend_url)
        return
    is_cut_off = False
    for project, backends in connected:
        for check in check_project(found, project, backends):
            is_cut_off |= not check.ok and check.name.endswith(CONNECTION)
            yield check
    if is_cut_off and served.version:
        yield _try_connecting(client, backend_url)


def _check_reachable(client: LabelStudioClient) -> Check:
    try:
        client.health()
        version = client.version()
    except LabelStudioError as error:
        mend = "start Label Studio, or correct WEFT_LABEL_STUDIO_URL"
        return Check(name="Label Studio", ok=False, detail=str(error), mend=mend)
    return Check(name="Label Studio", ok=True, detail=f"{client.url}, {version or 'no version'}")


def _check_token(client: LabelStudioClient) -> Check:
    try:
        user = client.me()
    except LabelStudioUnavailableError as error:
        mend = "see Label Studio's log"
        return Check(name="token", ok=False, detail=str(error), mend=mend)
    except LabelStudioError as error:
        mend = (
            "make a personal access token under Account & Settings in Label Studio and set "
            "WEFT_LABEL_STUDIO_TOKEN"
        )
        return Check(name="token", ok=False, detail=str(error), mend=mend)
    kind = "personal access" if client.token_kind is TokenKind.PERSONAL else "legacy"
    return Check(name="token", ok=True, detail=f"{kind} token of {user.get('email') or 'a user'}")


def _check_bind(settings: Settings) -> Check:
    """A backend on loopback cannot be reached by a Label Studio elsewhere."""
    place = urlsplit(settings.label_studio_url).hostname or ""
    is_here = place == "localhost" or _is_loopback(place)
    has_secret = bool(settings.webhook_secret.get_secret_value())
    if settings.is_loopback and not is_here:
        return Check(
            name="listening address",
            ok=False,
            detail=f"Label Studio is at {place}, and the backend listens on this machine only",
            mend="set WEFT_HOST=0.0.0.0 and a WEFT_WEBHOOK_SECRET, on a trusted network",
        )
    if not settings.is_loopback and not has_secret:
        return Check(
            name="listening address",
            ok=False,
            detail=f"{settings.host} without a secret: events from other machines are refused",
            mend="set WEFT_WEBHOOK_SECRET, start `weft serve` again and run `weft connect`",
        )
    return Check(name="listening address", ok=True, detail=settings.host)


def _connected(
    client: LabelStudioClient, backend_url: str, project_id: int | None
) -> tuple[int, list[tuple[dict[str, Any], list[dict[str, Any]]]]]:
    """Count the projects, and give those connected to this backend with their connections."""
    if project_id is not None:
        ids = [project_id]
    else:
        ids = [int(project["id"]) for project in client.projects()]
    connected = []
    for number in sorted(ids, reverse=True)[:_MOST_PROJECTS]:
        backends = client.ml_backends(number)
        if any(_is_ours(str(item["url"]), backend_url) for item in backends):
            connected.append((client.project(number), backends))
    return len(ids), connected


def _is_ours(url: str, backend_url: str) -> bool:
    """Compare by address, or by port where Label Studio uses another name for this machine."""
    if url.rstrip("/") == backend_url:
        return True
    theirs, ours = urlsplit(url), urlsplit(backend_url)
    return theirs.port is not None and theirs.port == ours.port


def _none_connected(num_projects: int, project_id: int | None) -> Check:
    which = f"project {project_id}" if project_id is not None else f"none of {num_projects}"
    return Check(
        name="connected project",
        ok=False,
        detail=f"{which} is connected to this backend",
        mend="run `weft connect --create TITLE`, or with --project ID",
    )


def _try_connecting(client: LabelStudioClient, backend_url: str) -> Check:
    """Connect a project made for it, look at what came of it, and delete it again."""
    name = "trial connection"
    trial = client.create_project(_TRIAL_TITLE)
    try:
        client.create_ml_backend(int(trial["id"]), url=backend_url, title="trial")
        hooks = [hook["url"] for hook in client.webhooks(int(trial["id"]))]
        if webhook_url(backend_url) not in hooks:
            # Label Studio leaves it out without a word; asked directly, it gives the reason.
            headers = {SECRET_HEADER: "trial"}
            client.create_webhook(int(trial["id"]), url=webhook_url(backend_url), headers=headers)
    except LabelStudioError as error:
        mend = str(explained(error, backend_url=backend_url))
        return Check(name=name, ok=False, detail=f"Label Studio refuses {backend_url}", mend=mend)
    finally:
        with contextlib.suppress(LabelStudioError):
            client.delete_project(int(trial["id"]))
    return Check(name=name, ok=True, detail=f"Label Studio reaches {backend_url}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Try what goes wrong in one connected project."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from backend._project_config import wanted_sampling
from backend.connect import SECRET_HEADER, webhook_url
from backend.doctor import Check, Served
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from backend.label_studio import LabelStudioClient
    from backend.settings import Settings
    from ontology.model import Ontology

__all__ = ["CONNECTION", "Found", "check_project"]

_RECONNECT = "run `weft connect --project {id}`"
_EVENT_LIMIT_S = 1.0
CONNECTION = "connection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the earlier checks found.

    Attributes:
        backend_url: Where Label Studio reaches the backend, as far as is known here.
        served: What answers on the backend's own port.
    """

    client: LabelStudioClient
    settings: Settings
    backend_url: str
    served: Served


def check_project(
    found: Found, project: dict[str, Any], backends: list[dict[str, Any]]
) -> Iterator[Check]:
    """Give the checks of one project.

    Args:
        found: What is known already.
        project: As Label Studio describes it.
        backends: All its connections, oldest first.
    """
    port = f":{found.backend_url.rpartition(':')[2]}"
    own = next(
        (
            item
            for item in backends
            if str(item["url"]).rstrip("/") == found.backend_url
            or str(item["url"]).rstrip("/").endswith(port)
        ),
        None,
    )
    if own is None:
        return
    checks = [
        _check_state(own),
        _check_first(own, backends),
        _check_version(found, project, own),
        _check_webhook(found, project, str(own["url"])),
        _check_event(found),
        _check_config(found, project),
        _check_picture(found, project),
    ]
    title = f"project {project['id']}"
    for check in checks:
        if check is not None:
            name = f"{title}: {check.name}"
            mend = check.mend.replace("{id}", str(project["id"]))
            yield Check(name=name, ok=check.ok, detail=check.detail, mend=mend)


def _check_state(own: dict[str, Any]) -> Check:
    state = str(own.get("readable_state") or "unknown")
    if state in {"Connected", "Predicting", "Training"}:
        return Check(name=CONNECTION, ok=True, detail=f"{own['url']}, {state}")
    return Check(
        name=CONNECTION,
        ok=False,
        detail=f"Label Studio says {state} about {own['url']}: {own.get('error_message') or ''}",
        mend=(
            "start `weft serve`; if it runs, give an address that works from Label Studio's "
            "machine (`weft connect --project {id} --backend URL`)"
        ),
    )


def _check_first(own: dict[str, Any], backends: list[dict[str, Any]]) -> Check | None:
    if backends[0]["id"] == own["id"]:
        return None
    return Check(
        name="other connections",
        ok=False,
        detail=f"{backends[0]['url']} is older, and only the oldest is asked for batches",
        mend="remove it in the project's settings under Model",
    )


def _check_version(found: Found, project: dict[str, Any], own: dict[str, Any]) -> Check:
    version = found.served.version or str(own.get("model_version") or "")
    seen = {
        "the connection's title": str(own.get("title") or ""),
        "the project's model version": str(project.get("model_version") or ""),
    }
    wrong = [f"{what} is {value!r}" for what, value in seen.items() if value != version]
    if project.get("sampling") != wanted_sampling(str(project.get("label_config") or "")):
        wrong.append(f"sampling is {project.get('sampling')!r}")
    if not own.get("is_interactive"):
        wrong.append("interactive use is off")
    if wrong:
        detail = f"the backend serves {version!r}, but {', '.join(wrong)}"
        return Check(name="model version", ok=False, detail=detail, mend=_RECONNECT)
    return Check(name="model version", ok=True, detail=f"{version}, the same everywhere")


def _check_webhook(found: Found, project: dict[str, Any], url: str) -> Check:
    name = "webhook"
    hooks = found.client.webhooks(int(project["id"]))
    own = [hook for hook in hooks if hook["url"] == webhook_url(url)]
    if not own:
        detail = f"there is none to {webhook_url(url)}, so corrections and new tasks go unnoticed"
        host = urlsplit(url).hostname or ""
        is_bare = "." not in host and ":" not in host and host != "localhost"
        other_name = " under a name with a dot: Label Studio makes no webhook to a bare one"
        mend = _RECONNECT + (other_name if is_bare else "")
        return Check(name=name, ok=False, detail=detail, mend=mend)
    secret = found.settings.webhook_secret.get_secret_value()
    headers = {key.lower(): value for key, value in (own[0].get("headers") or {}).items()}
    wrong = []
    if headers.get(SECRET_HEADER.lower(), "") != secret:
        wrong.append("its secret is not the one in WEFT_WEBHOOK_SECRET")
    if not own[0].get("is_active"):
        wrong.append("it is switched off")
    if not own[0].get("send_payload"):
        wrong.append("it sends no content")
    if not own[0].get("send_for_all_actions"):
        wrong.append("it sends only some events")
    if len(own) > 1:
        wrong.append(f"there are {len(own)} of them")
    if wrong:
        return Check(name=name, ok=False, detail="; ".join(wrong), mend=_RECONNECT)
    return Check(name=name, ok=True, detail=webhook_url(url))


def _check_event(found: Found) -> Check | None:
    """Send an event of no meaning as Label Studio would, and take the time."""
    if not found.served.version:
        return None
    secret = found.settings.webhook_secret.get_secret_value()
    started = time.perf_counter()
    try:
        with requests.Session() as session:
            session.trust_env = False
            response = session.post(
                webhook_url(found.backend_url),
                json={"action": "WEFT_DOCTOR"},
                headers={SECRET_HEADER: secret} if secret else {},
                timeout=10.0,
            )
    except requests.RequestException as error:
        # The address may be one that only Label Studio's machine knows.
        detail = f"not tried from here: {found.backend_url} ({type(error).__name__})"
        return Check(name="event", ok=True, detail=detail)
    seconds = time.perf_counter() - started
    if response.status_code in {401, 403}:
        return Check(
            name="event",
            ok=False,
            detail=f"the running backend refuses the secret ({response.status_code})",
            mend="start `weft serve` with the same WEFT_WEBHOOK_SECRET, then " + _RECONNECT,
        )
    is_fine = response.ok and seconds < _EVENT_LIMIT_S
    mend = "see the backend's log; Label Studio gives up on an event after 1 s"
    detail = f"answered {response.status_code} in {seconds * 1000:.0f} ms"
    return Check(name="event", ok=is_fine, detail=detail, mend="" if is_fine else mend)


def _check_config(found: Found, project: dict[str, Any]) -> Check:
    from backend._project_config import config_faults

    name = "labeling config"
    try:
        ontology = _ontology(found.settings)
    except CatalogError as error:
        mend = "mend the ontology file"
        return Check(name=name, ok=False, detail=str(error).splitlines()[0], mend=mend)
    faults = config_faults(str(project.get("label_config") or ""), ontology)
    if not faults:
        detail = f"fits the ontology {ontology.id} {ontology.version}"
        return Check(name=name, ok=True, detail=detail)
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Check(name=name, ok=False, detail=f"{faults[0]}{more}", mend=_RECONNECT)


def _ontology(settings: Settings) -> Ontology:
    """Read the ontology of the model that is served, or the default one."""
    from backend.model_source import find_model
    from ontology.load import default_ontology_path, load_ontology

    source = find_model(settings)
    own = source.path / "ontology.yaml" if source.path is not None else None
    return load_ontology(own if own is not None and own.is_file() else default_ontology_path())


def _check_picture(found: Found, project: dict[str, Any]) -> Check | None:
    """Fetch and decode the picture of the project's first task."""
    from backend.addresses import ImageFetchError
    from backend.images import ImageFetcher
    from backend.jobs import image_reference

    task = next(iter(found.client.tasks(int(project["id"]), page_size=1)), None)
    if task is None:
        return Check(name="picture", ok=True, detail="no tasks yet")
    reference = image_reference(task, str(project.get("label_config") or ""))
    fetcher = ImageFetcher(found.settings, auth=found.client)
    try:
        width, height = fetcher.load(reference).image.size
    except ImageFetchError as error:
        mend = (
            "see the reason; WEFT_LOCAL_ROOTS allows folders, WEFT_ALLOW_PRIVATE_HOSTS private "
            "addresses"
        )
        return Check(name="picture", ok=False, detail=f"task {task['id']}: {error}", mend=mend)
    finally:
        fetcher.close()
    return Check(name="picture", ok=True, detail=f"task {task['id']}: {width} x {height} pixels")

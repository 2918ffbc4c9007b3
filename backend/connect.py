"""Connect a Label Studio project to this backend; doing it again changes nothing.

What Label Studio gets wrong by itself is put right: the webhook that it may silently not create,
the secret header, and the title that has to equal the model version for sampling to work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import structlog

from backend._connect_errors import ConnectError, explained, webhook_url
from backend._project_config import choose_label_config, wanted_sampling
from backend.jobs import ProjectRef
from backend.label_studio import LabelStudioError
from backend.overlays_secret import OverlaySecrets, panel_address
from ontology.evidence_panel import with_panel

if TYPE_CHECKING:
    from backend.label_studio import LabelStudioClient
    from ontology.model import Ontology

__all__ = [
    "SECRET_HEADER",
    "ConnectError",
    "ConnectReport",
    "connect",
    "explained",
    "webhook_url",
]

log = structlog.get_logger(__name__)

SECRET_HEADER = "X-Weft-Secret"  # noqa: S105 - the header's name
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PROVISIONAL_TITLE = "weft"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectReport:
    """What connecting did.

    Attributes:
        project_url: Where to open the project in a browser.
        model_version: What the backend answered with; now the title of the connection.
        changes: One line for each thing that was changed; empty if all was right already.
        warnings: What may not work as wanted, each with its mend.
        replaced_config: The labeling config that was there before; empty if it was kept.
    """

    project_id: int
    project_url: str
    model_version: str
    backend_id: int
    webhook_id: int
    changes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    replaced_config: str = ""


@dataclass(slots=True, kw_only=True)
class _Progress:
    """The work under way.

    Attributes:
        project: As Label Studio describes it.
    """

    client: LabelStudioClient
    backend_url: str
    project: dict[str, Any]
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def project_id(self) -> int:
        return int(self.project["id"])


def connect(
    client: LabelStudioClient,
    *,
    backend_url: str,
    ontology: Ontology,
    project_id: int | None = None,
    create_title: str | None = None,
    webhook_secret: str = "",
    config: Literal["auto", "keep", "replace"] = "auto",
    evidence: OverlaySecrets | None = None,
) -> ConnectReport:
    """Connect a project, or put an existing connection right.

    Args:
        client: Label Studio.
        backend_url: Address of this backend as Label Studio reaches it.
        ontology: What the labeling config is made from.
        project_id: An existing project.
        create_title: Instead of it, the title of a project to make, or to use if it is there.
        webhook_secret: Sent by Label Studio with every event; empty for none.
        config: `auto` replaces a labeling config that does not fit the ontology or lacks parts
            of it; `keep` never does; `replace` always writes the generated one.
        evidence: Makes the address of the panel that shows what the model saw, which a config
            that weft wrote then has; None takes the panel out. `keep` changes nothing here.

    Raises:
        ConnectError: If Label Studio or the backend refuses; says what to change.
        LabelStudioError: If Label Studio cannot be reached or does not accept the token.
    """
    address = _checked_url(backend_url)
    try:
        project, changes = _find_project(client, address, project_id, create_title)
        progress = _Progress(client=client, backend_url=address, project=project, changes=changes)
        replaced = _set_label_config(progress, ontology, config)
        if config != "keep":
            _set_evidence(progress, evidence)
        backend = _set_backend(progress)
        webhook = _set_webhook(progress, webhook_secret)
        _set_project_fields(progress, str(backend["title"]))
    except LabelStudioError as error:
        raise explained(error, backend_url=address) from error
    return _report(progress, backend, int(webhook["id"]), replaced)


def _report(
    progress: _Progress, backend: dict[str, Any], webhook_id: int, replaced: str
) -> ConnectReport:
    log.info("project_connected", project=progress.project_id, num_changes=len(progress.changes))
    return ConnectReport(
        project_id=progress.project_id,
        project_url=f"{progress.client.url}/projects/{progress.project_id}/data",
        model_version=str(backend["title"]),
        backend_id=int(backend["id"]),
        webhook_id=webhook_id,
        changes=tuple(progress.changes),
        warnings=tuple(progress.warnings),
        replaced_config=replaced,
    )


def _checked_url(backend_url: str) -> str:
    address = backend_url.strip().rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConnectError(
            f"backend address is {backend_url!r}; expected one such as http://127.0.0.1:9090"
        )
    return address


def _find_project(
    client: LabelStudioClient, backend_url: str, project_id: int | None, title: str | None
) -> tuple[dict[str, Any], list[str]]:
    if project_id is not None:
        return client.project(project_id), []
    if title is None or len(title.strip()) < 3:
        raise ConnectError(
            f"project title is {title!r}; name a project, or give a title of at least 3 characters"
        )
    title = title.strip()
    same = [int(item["id"]) for item in client.projects() if item.get("title") == title]
    if len(same) > 1:
        raise ConnectError(
            f"{len(same)} projects are called {title!r} (ids {', '.join(map(str, sorted(same)))}); "
            "say which by its id"
        )
    if same:
        project = client.project(same[0])
        urls = {str(item["url"]).rstrip("/") for item in client.ml_backends(same[0])}
        if project.get("task_number") and backend_url not in urls:
            raise ConnectError(
                f"a project {title!r} with tasks is there already (id {same[0]}) and is not "
                "connected to this backend; choose another title, or name it by its id"
            )
        return project, []
    made = client.create_project(title)
    return made, [f"made the project {title!r} (id {made['id']})"]


def _set_label_config(progress: _Progress, ontology: Ontology, mode: str) -> str:
    """Write the labeling config if that is called for; returns the one that was replaced."""
    choice = choose_label_config(progress.client, progress.project, ontology, mode=mode)
    progress.warnings += choice.warnings
    if choice.xml is None:
        return ""
    progress.project = progress.client.update_project(progress.project_id, label_config=choice.xml)
    progress.changes.append(f"wrote the labeling config: {choice.reason}")
    return choice.replaced


def _set_evidence(progress: _Progress, secrets: OverlaySecrets | None) -> None:
    """Give the config its evidence panel, or take it out; hand-written ones have none."""
    from backend._project_config import named_image_key

    present = str(progress.project.get("label_config") or "")
    address = ""
    if secrets is not None:
        secret = secrets.secret(ProjectRef.from_api(progress.project).uid)
        key = named_image_key(present)
        address = panel_address(progress.backend_url, secret, image_key=key)
    wanted = with_panel(present, address)
    if wanted != present:
        project_id = progress.project_id
        progress.project = progress.client.update_project(project_id, label_config=wanted)
        progress.changes.append(
            "set the panel that shows what the model saw" if address else "removed that panel"
        )


def _set_backend(progress: _Progress) -> dict[str, Any]:
    """Make one healthy, interactive connection whose title is the model version."""
    client, url, project_id = progress.client, progress.backend_url, progress.project_id
    if not _own_backends(progress):
        fields = {"title": _PROVISIONAL_TITLE, "is_interactive": True}
        client.create_ml_backend(project_id, url=url, **fields)
        progress.changes.append(f"connected the backend {url}")
    own = _own_backends(progress)  # listing makes Label Studio ask for the version
    for double in own[1:]:
        client.delete_ml_backend(int(double["id"]))
        progress.changes.append(f"removed a second connection to {url}")
    backend = own[0]
    if backend.get("readable_state") != "Connected":
        raise ConnectError(
            f"Label Studio says {backend.get('readable_state')} about {url}: "
            f"{backend.get('error_message') or 'no reason given'}; `weft doctor` looks closer"
        )
    version = str(backend.get("model_version") or backend.get("title") or _PROVISIONAL_TITLE)
    if backend.get("title") != version or not backend.get("is_interactive"):
        client.update_ml_backend(
            int(backend["id"]), project_id=project_id, url=url, title=version, is_interactive=True
        )
        progress.changes.append(f"set the connection's title to the model version {version}")
    return {**backend, "title": version}


def _own_backends(progress: _Progress) -> list[dict[str, Any]]:
    found = progress.client.ml_backends(progress.project_id)
    own = [item for item in found if str(item["url"]).rstrip("/") == progress.backend_url]
    if own and found[0] is not own[0]:
        warning = (
            f"the project is also connected to {found[0]['url']}, and Label Studio asks only the "
            "oldest connection for batches; remove it under Settings, Model"
        )
        if warning not in progress.warnings:
            progress.warnings.append(warning)
    return own


def _set_webhook(progress: _Progress, secret: str) -> dict[str, Any]:
    """Make sure that exactly one active webhook with the right secret points to the backend."""
    client, url = progress.client, webhook_url(progress.backend_url)
    own = [hook for hook in client.webhooks(progress.project_id) if hook["url"] == url]
    for double in own[1:]:
        client.delete_webhook(int(double["id"]))
        progress.changes.append("removed a second webhook")
    if not secret and urlsplit(url).hostname not in _LOOPBACK:
        progress.warnings.append(
            "no webhook secret is set, and events from other machines need one; "
            "set WEFT_WEBHOOK_SECRET for `weft serve` and for `weft connect`"
        )
    kept = own[0].get("headers") or {} if own else {}
    headers = {name: kept[name] for name in kept if name.lower() != SECRET_HEADER.lower()}
    if secret:
        headers[SECRET_HEADER] = secret
    wanted = {
        "headers": headers,
        "is_active": True,
        "send_payload": True,
        "send_for_all_actions": True,
    }
    if not own:
        made = client.create_webhook(progress.project_id, url=url, **wanted)
        progress.changes.append("made the webhook")
        return made
    wrong = sorted(name for name, value in wanted.items() if own[0].get(name) != value)
    if wrong:
        named = ["secret" if name == "headers" else name for name in wrong]
        progress.changes.append(f"put the webhook right ({', '.join(named)})")
        return client.update_webhook(int(own[0]["id"]), url=url, **wanted)
    return own[0]


def _set_project_fields(progress: _Progress, version: str) -> None:
    """Serve the most uncertain tasks first, and show this version's predictions."""
    project = progress.client.project(progress.project_id)
    wanted = {
        "sampling": wanted_sampling(str(project.get("label_config") or "")),
        "show_collab_predictions": True,
        "model_version": version,
    }
    wrong = {name: value for name, value in wanted.items() if project.get(name) != value}
    if wrong:
        progress.client.update_project(progress.project_id, **wrong)
        progress.changes.append(f"set the project's {', '.join(sorted(wrong))}")

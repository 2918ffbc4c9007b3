"""Try, for real, each thing that commonly goes wrong, and say how to mend it."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from backend.model_source import ModelSource
    from backend.settings import Settings

__all__ = ["Check", "run_checks"]

_LEAST_FREE_BYTES = 500 * 1024 * 1024
_HEALTH_LIMIT_S = 1.0  # Label Studio gives up on /health and on events after 1 s
_SETUP_LIMIT_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was tried.

    Attributes:
        name: What, in a few words.
        ok: Whether it is as it should be.
        detail: What was found.
        mend: What to do; empty when all is well.
    """

    name: str
    ok: bool
    detail: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What answers on the configured port.

    Attributes:
        version: The model version it gives; empty if nothing of ours answers.
    """

    checks: tuple[Check, ...]
    version: str = ""


def run_checks(
    settings: Settings,
    *,
    project_id: int | None = None,
    backend_url: str | None = None,
    report: Callable[[Check], None] = lambda check: None,
) -> list[Check]:
    """Try everything; one failure never keeps the others from being tried.

    Nothing is left behind: what has to be made in Label Studio for a trial is deleted again.

    Args:
        settings: The settings that `weft serve` runs with.
        project_id: Look at this project only; otherwise at all that are connected.
        backend_url: Address under which Label Studio reaches the backend; otherwise host and port.
        report: Called with each check as soon as it is done.
    """
    from backend._doctor_label_studio import check_label_studio

    checks: list[Check] = []

    def note(found: Iterable[Check]) -> None:
        for check in found:
            checks.append(check)
            report(check)

    note([_check_python(), *_check_torch(settings.device)])
    source, found = _check_model(settings)
    note(found)
    note([_check_data_dir(settings), _check_database(settings)])
    served = _check_server(settings, source)
    note(served.checks)
    address = (backend_url or _own_url(settings)).rstrip("/")
    note(check_label_studio(settings, backend_url=address, served=served, project_id=project_id))
    return checks


def _check_python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(
        name="python",
        ok=sys.version_info >= (3, 11),
        detail=version,
        mend="" if sys.version_info >= (3, 11) else "install Python 3.11 or newer",
    )


def _check_torch(device: str) -> list[Check]:
    try:
        import torch
    except (ImportError, OSError) as error:
        mend = "run `make setup`, which installs it"
        return [Check(name="torch", ok=False, detail=f"cannot be imported: {error}", mend=mend)]
    checks = [Check(name="torch", ok=True, detail=str(torch.__version__))]
    if device == "auto":
        chosen = "cuda" if torch.cuda.is_available() else "cpu"
        return [*checks, Check(name="device", ok=True, detail=f"auto: {chosen}")]
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        mend = "set WEFT_DEVICE to auto or cpu"
        return [*checks, Check(name="device", ok=False, detail=f"{device}: {reason}", mend=mend)]
    return [*checks, Check(name="device", ok=True, detail=device)]


def _check_model(settings: Settings) -> tuple[ModelSource, list[Check]]:
    from backend.model_source import find_model, model_loader

    source = find_model(settings)
    if source.path is None or source.fault:
        mend = "restore the model directory, or leave WEFT_MODEL empty for the shipped one"
        wrong = Check(name="model files", ok=False, detail=source.fault or "none", mend=mend)
        return source, [wrong]
    files = Check(name="model files", ok=True, detail=f"{source.version}, hashes as recorded")
    try:
        started = time.perf_counter()
        tagger = model_loader(source, settings)()
        _predict_blank(tagger)
    except (CatalogError, ImportError, OSError, RuntimeError, ValueError) as error:
        mend = "see the reason; `weft models list` shows other versions (WEFT_MODEL)"
        return source, [files, Check(name="model", ok=False, detail=_line(error), mend=mend)]
    seconds = time.perf_counter() - started
    detail = f"loads and answers on {settings.device} in {seconds:.1f} s"
    return source, [files, Check(name="model", ok=True, detail=detail)]


def _predict_blank(tagger: Any) -> None:
    from PIL import Image

    tagger.predict([Image.new("RGB", (64, 64), "white")])


def _check_data_dir(settings: Settings) -> Check:
    folder, mend = settings.data_dir, "make it writable, or set WEFT_DATA_DIR to another folder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"weft")
            os.fsync(file.fileno())
        num_free = shutil.disk_usage(folder).free
    except OSError as error:
        detail = f"{folder}: {error.strerror or error}"
        return Check(name="data folder", ok=False, detail=detail, mend=mend)
    detail = f"{folder}, {num_free / 1e9:.1f} GB free"
    is_enough = num_free >= _LEAST_FREE_BYTES
    mend = "" if is_enough else "free some space, or set WEFT_DATA_DIR to another disk"
    return Check(name="data folder", ok=is_enough, detail=detail, mend=mend)


def _check_database(settings: Settings) -> Check:
    from backend.database import open_database
    from backend.jobs import JobQueue

    try:
        database = open_database(settings.data_dir, url=settings.database_url)
    except CatalogError as error:
        mend = "see the reason; WEFT_DATABASE_URL and WEFT_DATA_DIR say where it is"
        return Check(name="database", ok=False, detail=str(error), mend=mend)
    try:
        counts = JobQueue(database).summary(limit=1)["counts"]
    except CatalogError as error:
        mend = "see the reason; a damaged file can be moved away, and a new one is made"
        return Check(name="database", ok=False, detail=str(error), mend=mend)
    finally:
        database.close()
    waiting = counts.get("queued", 0) + counts.get("running", 0)
    detail = f"opens; {waiting} tasks wait, {counts.get('failed', 0)} failed (see /jobs)"
    return Check(name="database", ok=True, detail=detail)


def _check_server(settings: Settings, source: ModelSource) -> Served:
    """Look at what answers on our port: nothing, another program, or a backend and its model."""
    url = _own_url(settings)
    if not _is_taken(settings):
        return _check_port(settings)
    try:
        health, health_s = _timed("GET", f"{url}/health")
        if health.get("model_class") != "weft":
            raise ValueError("another program")
        setup, setup_s = _timed("POST", f"{url}/setup", json={"project": "0.0", "schema": ""})
    except (requests.RequestException, ValueError):
        mend = "stop that program, or choose another WEFT_PORT"
        detail = f"{url} is taken by another program, or by a backend that hangs"
        return Served(checks=(Check(name="server", ok=False, detail=detail, mend=mend),))
    version = str(setup.get("model_version") or "")
    return Served(
        version=version,
        checks=(
            _check_served_model(url, health, version, source),
            _check_quick(health_s, setup_s),
        ),
    )


def _check_port(settings: Settings) -> Served:
    url = _own_url(settings)
    try:
        with socket.create_server((settings.host, settings.port)):
            pass
    except OSError as error:
        mend = "choose another WEFT_HOST or WEFT_PORT"
        if error.errno == errno.EACCES:
            mend = "ports below 1024 are for the administrator; choose a higher WEFT_PORT"
        detail = f"{url}: {error.strerror or error}"
        return Served(checks=(Check(name="server", ok=False, detail=detail, mend=mend),))
    detail = f"nothing answers at {url}; the port is free"
    is_wanted = bool(settings.label_studio_url)
    mend = "start `weft serve`" if is_wanted else ""
    return Served(checks=(Check(name="server", ok=not is_wanted, detail=detail, mend=mend),))


def _check_served_model(
    url: str, health: dict[str, Any], version: str, source: ModelSource
) -> Check:
    state = str(health.get("model", ""))
    detail = f"{url} serves {version}: {state}"
    if state.startswith("failed"):
        mend = "mend the model (see the model's own lines) and start `weft serve` again"
        return Check(name="server", ok=False, detail=detail, mend=mend)
    if source.path is not None and version != source.version:
        mend = f"start `weft serve` again to serve {source.version}, then run `weft connect` again"
        return Check(name="server", ok=False, detail=detail, mend=mend)
    return Check(name="server", ok=True, detail=detail)


def _check_quick(health_s: float, setup_s: float) -> Check:
    detail = f"/health in {health_s * 1000:.0f} ms, /setup in {setup_s * 1000:.0f} ms"
    is_quick = health_s < _HEALTH_LIMIT_S and setup_s < _SETUP_LIMIT_S
    mend = "the machine is overloaded; Label Studio gives up after 1 s and 3 s"
    return Check(name="answers in time", ok=is_quick, detail=detail, mend="" if is_quick else mend)


def _timed(method: str, url: str, **content: Any) -> tuple[dict[str, Any], float]:
    with requests.Session() as session:
        session.trust_env = False  # a proxy does not reach this machine's own ports
        started = time.perf_counter()
        response = session.request(method, url, timeout=10.0, **content)
    answer = response.json()
    if not isinstance(answer, dict):
        raise ValueError(f"{url} answered something that is not an object")
    return answer, time.perf_counter() - started


def _is_taken(settings: Settings) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.settimeout(3.0)
        try:
            return probe.connect_ex((_reachable_host(settings.host), settings.port)) == 0
        except OSError:
            return False


def _reachable_host(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - read


def _own_url(settings: Settings) -> str:
    host = _reachable_host(settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__

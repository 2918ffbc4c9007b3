"""Turn Label Studio's refusals of a backend into what to do about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from backend.label_studio import LabelStudioError

__all__ = ["ConnectError", "explained", "webhook_url"]


class ConnectError(CatalogError):
    """A project cannot be connected; the message says what to change."""


def webhook_url(backend_url: str) -> str:
    """Return where Label Studio sends events; as Label Studio itself forms it."""
    return f"{backend_url.rstrip('/')}/webhook"


def explained(error: LabelStudioError, *, backend_url: str) -> CatalogError:
    """Turn Label Studio's refusal of a backend into an error that says what to do about it."""
    detail = str(error)
    mend = _mend(detail, backend_url)
    return ConnectError(mend) if mend else error


def _mend(detail: str, backend_url: str) -> str:
    if "reserved network" in detail:
        return (
            f"Label Studio refuses {backend_url} because it is a private address; on a trusted "
            "network, start Label Studio with USE_DEFAULT_BANNED_SUBNETS=false"
        )
    if "valid URL" in detail:
        return (
            f"Label Studio cannot send events to {webhook_url(backend_url)}: it takes only names "
            "with a dot, `localhost` and numbers; give the backend such a name "
            "(for instance a network alias `weft.internal`) and connect under it"
        )
    if "resolve hostname" in detail:
        return (
            f"Label Studio does not know the name in {backend_url}; give an address that works "
            "from the machine that Label Studio runs on"
        )
    if "health check failed" in detail:
        return (
            f"Label Studio does not reach the backend at {backend_url}; start `weft serve`, and "
            "give an address that works from the machine Label Studio runs on "
            "(inside a container, `localhost` is the container)"
        )
    if "authentication parameters" in detail:
        return f"the backend at {backend_url} asks Label Studio for a password; remove that"
    if "doesn't look like a valid ML backend" in detail:
        return f"what answers at {backend_url} is not a weft backend; correct the address"
    return ""

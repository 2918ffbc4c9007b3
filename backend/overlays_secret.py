"""The unguessable part of the evidence panel's address: one for each project.

It is made from the webhook secret, which `weft serve` and `weft connect` share, or without one
from a key in the data folder, so that nothing has to be stored and nothing can be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.settings import Settings

__all__ = ["OverlaySecrets", "panel_address"]

_LENGTH = 40


@dataclass(frozen=True, slots=True)
class OverlaySecrets:
    """Makes and recognises the secrets of projects."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> OverlaySecrets:
        """Make them from the settings.

        Raises:
            ReviewError: If the key in the data folder cannot be used.
        """
        shared = settings.webhook_secret.get_secret_value()
        if shared:
            return cls(shared.encode())
        from backend.review.auth import local_key

        return cls(local_key(settings.data_dir))

    def secret(self, project_uid: str) -> str:
        """Return a project's secret: hexadecimal digits."""
        text = f"weft overlays\n{project_uid}".encode()
        return hmac.new(self.key, text, hashlib.sha256).hexdigest()[:_LENGTH]

    def project_of(self, secret: str, project_uids: Iterable[str]) -> str | None:
        """Return whose secret it is; compares with each of them whatever comes first."""
        given = secret.encode("utf-8", "replace")
        found = None
        for uid in sorted(project_uids):
            if hmac.compare_digest(self.secret(uid).encode(), given):
                found = uid
        return found


def panel_address(backend_url: str, secret: str, *, image_key: str) -> str:
    """Return the address as the labeling config has it; the browser puts the picture in."""
    return f"{backend_url.rstrip('/')}/overlays/{secret}/evidence.jpg?image=${image_key}"

"""Who may review: names and roles from the settings, one shared secret, a signed cookie.

The secret works as the webhook's does: without one, only programs on this machine get in.
Every form carries a token of its session, so that no other site can post in a reviewer's name.
"""

from __future__ import annotations

import hmac
import os
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import abort, redirect, request, session, url_for

from backend.protocol import is_loopback
from backend.review.decide import Reviewer
from backend.review.items import ReviewError
from backend.review.roles import ROLES

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from werkzeug.wrappers import Response

    from backend.settings import Settings

__all__ = ["SignIn", "local_key", "prepare_sessions"]

_KEY_FILE = "review.key"
_HOURS = 12
_WRONG_PAUSE_S = 0.5


def local_key(data_dir: Path) -> bytes:
    """Return this installation's own key, made when it is first asked for.

    Raises:
        ReviewError: If it can be neither read nor written.
    """
    path = data_dir / _KEY_FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _written_key(path)
        with os.fdopen(number, "wb") as file:
            key = secrets.token_bytes(32)
            file.write(key)
        return key
    except OSError as error:
        raise ReviewError(f"cannot use {path}: {error.strerror or error}") from error


def _written_key(path: Path) -> bytes:
    """Read a key that another process may be writing at this moment."""
    for _ in range(50):
        key = path.read_bytes()
        if len(key) == 32:
            return key
        time.sleep(0.02)
    raise ReviewError(f"{path} holds no key of 32 bytes; delete it, and everybody signs in again")


def prepare_sessions(app: Flask, settings: Settings) -> None:
    """Let the application sign cookies; they are sent to the review pages only."""
    app.secret_key = local_key(settings.data_dir)
    app.config.update(
        SESSION_COOKIE_NAME="weft_review",
        SESSION_COOKIE_PATH="/review",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=_HOURS),
    )


@dataclass(slots=True)
class SignIn:
    """The rules of the door.

    Attributes:
        settings: Names, roles and the secret.
    """

    settings: Settings

    @property
    def people(self) -> Mapping[str, str]:
        """The role of each reviewer, by name.

        Raises:
            ReviewError: If a role is none.
        """
        found = {}
        for entry in self.settings.reviewers:
            name, _, role = (part.strip() for part in entry.partition(":"))
            if (role or ROLES[0]) not in ROLES or not name:
                raise ReviewError(
                    f"WEFT_REVIEWERS names {entry!r}; expected NAME or NAME:ROLE, with one of "
                    f"the roles {', '.join(ROLES)}"
                )
            found[name] = role or ROLES[0]
        return found

    @property
    def needs_secret(self) -> bool:
        """Whether a secret is set."""
        return bool(self.settings.review_secret.get_secret_value())

    def fault(self) -> str:
        """Say why nobody can sign in from where the request comes from; empty if one can."""
        if not self.people:
            return "no reviewers are set; set WEFT_REVIEWERS, such as Ada:lead,Ben, and start again"
        if not self.needs_secret and not is_loopback(request.remote_addr):
            return "reviewing from other machines needs a secret; set WEFT_REVIEW_SECRET"
        return ""

    def try_in(self, name: str, secret: str) -> bool:
        """Sign in if name and secret are right."""
        expected = self.settings.review_secret.get_secret_value().encode()
        is_right = hmac.compare_digest(secret.encode("utf-8", "replace"), expected)
        role = self.people.get(name.strip())
        if self.fault() or not is_right or role is None:
            threading.Event().wait(_WRONG_PAUSE_S)
            return False
        session.clear()
        session["reviewer"] = name.strip()
        session.permanent = True
        self.token()
        return True

    def token(self) -> str:
        """Return the session's token for forms."""
        if "csrf" not in session:
            session["csrf"] = secrets.token_urlsafe(24)
        return str(session["csrf"])

    def check_token(self) -> None:
        """Refuse a form that was not given out in this session."""
        given = request.form.get("csrf", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, str(session.get("csrf", "")).encode()) or not given:
            abort(403, "the form is out of date or was not given out here; load the page again")

    def reviewer(self) -> Reviewer | None:
        """Return who is signed in; whoever the settings do not name any more is not."""
        name = session.get("reviewer")
        role = self.people.get(name) if isinstance(name, str) else None
        if role is None or self.fault():
            return None
        return Reviewer(name=str(name), role=role)

    def guard(self) -> Response | None:
        """Send to the sign-in page whoever is not signed in; check the token of every form."""
        if self.reviewer() is None:
            if request.method != "GET":
                abort(403, "sign in first: open /review")
            return redirect(url_for("review.sign_in", next=request.full_path.rstrip("?")), 303)
        if request.method == "POST":
            self.check_token()
        return None

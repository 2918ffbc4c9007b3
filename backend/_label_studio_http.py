"""Send requests to Label Studio with a valid token, and name what went wrong in one line."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from contextlib import ExitStack
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from backend._label_studio_errors import (
    LabelStudioAuthError,
    LabelStudioError,
    LabelStudioNotFoundError,
    LabelStudioRefusedError,
    LabelStudioUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import requests

__all__ = ["LabelStudioHttp", "TokenKind"]

log = structlog.get_logger(__name__)

_CONNECT_TIMEOUT_S = 5.0
_ATTEMPTS = 3
_RENEW_BEFORE_S = 60.0
_FALLBACK_LIFETIME_S = 240.0  # Label Studio gives access tokens 300 s
_BUSY = frozenset({429, 500, 502, 503, 504})


class TokenKind(StrEnum):
    """The two kinds of token that Label Studio gives out."""

    LEGACY = "legacy"
    PERSONAL = "personal access"


class LabelStudioHttp:
    """Requests with a token that is exchanged and renewed as needed."""

    def __init__(
        self, url: str, token: str, *, timeout_s: float, clock: Callable[[], float] = time.time
    ) -> None:
        """Remember where and as whom; nothing is sent yet."""
        self.url = url.strip().rstrip("/")
        self.timeout_s = timeout_s
        self._token = token.strip()
        self._clock = clock
        self._lock = threading.Lock()
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._access = ""
        self._access_ends_at = 0.0

    @property
    def token_kind(self) -> TokenKind:
        """A personal access token is a JWT: three parts between dots."""
        return TokenKind.PERSONAL if self._token.count(".") == 2 else TokenKind.LEGACY

    def auth_headers(self) -> dict[str, str]:
        """Return the `Authorization` header."""
        if not self._token:
            raise LabelStudioAuthError(
                f"no token for {self.url}; make one under Account & Settings in Label Studio "
                "and set WEFT_LABEL_STUDIO_TOKEN"
            )
        if self.token_kind is TokenKind.LEGACY:
            return {"Authorization": f"Token {self._token}"}
        return {"Authorization": f"Bearer {self._access_token()}"}

    def get(
        self, path: str, *, params: Mapping[str, Any] | None = None, is_open: bool = False
    ) -> Any:
        """Ask for something; tried again when there is no answer. `is_open` sends no token."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

        for attempt in Retrying(
            retry=retry_if_exception_type(LabelStudioUnavailableError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=0.2, max=2.0),
            reraise=True,
        ):
            with attempt:
                return self._request("GET", path, is_open=is_open, params=params)
        raise AssertionError("unreachable: the last attempt raises")

    def send(self, method: str, path: str, body: Any, *, timeout_s: float | None = None) -> Any:
        """Change something; never repeated, since Label Studio may have done it already."""
        return self._request(method, path, json=body, timeout_s=timeout_s)

    def upload(self, path: str, files: Sequence[Path], *, timeout_s: float) -> Any:
        """Send files in one multipart request."""
        with ExitStack() as stack:
            parts = [
                (f"file{number}", (file.name, stack.enter_context(file.open("rb"))))
                for number, file in enumerate(files)
            ]
            return self._request("POST", path, files=parts, timeout_s=timeout_s)

    def close(self) -> None:
        """Close the connections of all threads; asking again opens new ones."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()

    def _request(
        self,
        method: str,
        path: str,
        *,
        is_open: bool = False,
        timeout_s: float | None = None,
        **content: Any,
    ) -> Any:
        headers = {} if is_open else self.auth_headers()
        response = self._send_once(method, path, headers=headers, timeout_s=timeout_s, **content)
        if response.status_code == 401 and "Bearer" in headers.get("Authorization", ""):
            self._forget_access(headers["Authorization"])
            if "files" not in content:  # those have been read to their end
                headers = self.auth_headers()
                response = self._send_once(
                    method, path, headers=headers, timeout_s=timeout_s, **content
                )
        return self._read(response, f"{method} {path.split('?')[0]}")

    def _send_once(
        self, method: str, path: str, *, timeout_s: float | None, **content: Any
    ) -> requests.Response:
        import requests

        session = self._session()
        try:
            response: requests.Response = session.request(
                method,
                self.url + path,
                timeout=(_CONNECT_TIMEOUT_S, timeout_s or self.timeout_s),
                allow_redirects=False,
                **content,
            )
        except requests.Timeout as error:
            raise LabelStudioUnavailableError(
                f"Label Studio at {self.url} did not answer {method} {path.split('?')[0]} in time; "
                "see whether it is overloaded or behind a firewall"
            ) from error
        except (requests.RequestException, UnicodeError) as error:
            raise LabelStudioUnavailableError(
                f"cannot reach Label Studio at {self.url} ({type(error).__name__}); "
                "start it, or correct the address"
            ) from error
        return response

    def _session(self) -> requests.Session:
        import requests

        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            # Without an `auth` of ours, a .netrc of the machine replaces the token.
            session.auth = _keep_headers
            host = urlsplit(self.url).hostname or ""
            session.trust_env = host not in {"localhost", "127.0.0.1", "::1"}
            self._sessions.append(session)
        return session

    def _read(self, response: requests.Response, request: str) -> Any:
        status = response.status_code
        if 300 <= status < 400:
            place = response.headers.get("Location", "elsewhere").split("?")[0]
            raise LabelStudioUnavailableError(
                f"{self.url} sends {request} on to {place}; use the address it really has"
            )
        # Only a deletion is answered with nothing; else Label Studio was ended while it answered.
        is_deletion = request.startswith("DELETE ")
        if status == 204 or (status < 300 and is_deletion and not response.content):
            return {}
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if status < 300 and answer is not None:
            return answer
        raise self._error(status, answer, request)

    def _error(self, status: int, answer: Any, request: str) -> LabelStudioError:
        detail = _detail(answer)
        if status == 401:
            return LabelStudioAuthError(self._explain_401(detail))
        if status == 404:
            return LabelStudioNotFoundError(f"{request}: not found in Label Studio at {self.url}")
        if status in _BUSY or status < 300:
            what = f"{status} {detail}".strip() if status >= 300 else "an answer that is not JSON"
            return LabelStudioUnavailableError(
                f"{request}: {self.url} answered {what}; see Label Studio's log, "
                "or correct the address"
            )
        if status == 403 and "reserved network" not in detail:
            return LabelStudioAuthError(
                f"{request}: the token's user may not do this ({detail or 'no reason given'})"
            )
        return LabelStudioRefusedError(
            f"{request}: Label Studio refused ({status}): {detail or 'no reason given'}",
            detail=detail,
        )

    def _explain_401(self, detail: str) -> str:
        if "legacy token authentication has been disabled" in detail.lower():
            return (
                "Label Studio has legacy tokens switched off; make a personal access token under "
                "Account & Settings, or switch legacy tokens on under Organization"
            )
        return (
            f"Label Studio at {self.url} does not accept the {self.token_kind} token "
            f"({detail or 'no reason given'}); make a new one under Account & Settings"
        )

    def _access_token(self) -> str:
        with self._lock:
            if self._clock() < self._access_ends_at - _RENEW_BEFORE_S:
                return self._access
            response = self._send_once(
                "POST", "/api/token/refresh", timeout_s=None, json={"refresh": self._token}
            )
            answer = self._read(response, "POST /api/token/refresh")
            access = answer.get("access") if isinstance(answer, dict) else None
            if not isinstance(access, str) or not access:
                raise LabelStudioAuthError(f"{self.url} gave no access token in exchange")
            self._access = access
            self._access_ends_at = _expiry(access) or self._clock() + _FALLBACK_LIFETIME_S
            log.debug("label_studio_token_renewed", url=self.url)
            return access

    def _forget_access(self, header: str) -> None:
        with self._lock:
            if header.endswith(self._access):
                self._access_ends_at = 0.0


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _expiry(jwt: str) -> float:
    """Read when a JWT ends, in seconds since 1970; 0 if it does not say."""
    payload = jwt.split(".")[1] if jwt.count(".") == 2 else ""
    try:
        content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(content["exp"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return 0.0


def _detail(answer: Any) -> str:
    """Find Label Studio's reason in an error body, cut to a line."""
    if not isinstance(answer, dict):
        return ""
    errors = answer.get("validation_errors")
    if isinstance(errors, dict) and errors:
        text = "; ".join(
            f"{'' if key == 'non_field_errors' else f'{key}: '}{_flat(value)}"
            for key, value in errors.items()
        )
    else:
        text = _flat(errors or answer.get("detail") or answer.get("error") or "")
    return " ".join(text.split())[:600]


def _flat(value: Any) -> str:
    return ", ".join(_flat(item) for item in value) if isinstance(value, list) else str(value)

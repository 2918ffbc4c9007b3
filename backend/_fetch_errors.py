"""Turn what goes wrong while fetching a picture into one line that says what to do."""

from __future__ import annotations

import requests
import urllib3.exceptions
from requests_hardened.ip_filter import (  # type: ignore[import-untyped]  # ships no types
    InvalidIPAddress,
)

from backend.addresses import ImageFetchError, Source, SourceKind

__all__ = ["LoginRefusedError", "SlowServerError", "check_status", "explain"]

_PASSING_STATUS = frozenset({408, 409, 425, 429})


class LoginRefusedError(ImageFetchError):
    """Label Studio refused the token: worth trying again later, but not at once."""


class SlowServerError(ImageFetchError):
    """A server took too long: trying again at once would keep other pictures waiting as well."""


def check_status(response: requests.Response, source: Source) -> None:
    """Accept an answer with a picture in it.

    Raises:
        ImageFetchError: If the status says that there is none.
    """
    status = response.status_code
    if 200 <= status < 300:
        return
    if status in (401, 403) and source.kind is SourceKind.LABEL_STUDIO:
        raise LoginRefusedError(
            f"{source.name}: Label Studio answered {status}; check WEFT_LABEL_STUDIO_TOKEN",
            is_permanent=False,
        )
    passes = status >= 500 or status in _PASSING_STATUS
    raise ImageFetchError(f"{source.name}: the server answered {status}", is_permanent=not passes)


def explain(error: Exception, source: Source) -> ImageFetchError:
    """Turn a library's error into one line without addresses' queries or nested text."""
    if isinstance(error, InvalidIPAddress):
        return ImageFetchError(
            f"{source.name}: the host's address is private or special; name the host in "
            "WEFT_ALLOW_PRIVATE_HOSTS if it may be asked",
            is_permanent=True,
        )
    if isinstance(error, requests.exceptions.InvalidURL | UnicodeError):
        return ImageFetchError(f"{source.name}: not a valid address", is_permanent=True)
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return SlowServerError(
            f"{source.name}: the server did not answer in time", is_permanent=False
        )
    if isinstance(error, requests.exceptions.SSLError):
        return ImageFetchError(
            f"{source.name}: the server's certificate failed", is_permanent=False
        )
    return ImageFetchError(
        f"{source.name}: cannot be fetched ({type(error).__name__})", is_permanent=False
    )

"""Get pictures from wherever tasks say they are: the one guarded way out of this process."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote_to_bytes, urljoin

import requests
import requests_hardened  # type: ignore[import-untyped]  # ships no types
import tenacity
import urllib3.exceptions

from backend._fetch_errors import LoginRefusedError, SlowServerError, check_status, explain
from backend.addresses import AddressBook, ImageFetchError, Source, SourceKind, public_name
from ontology.errors import CatalogError
from tagger.images import ImageError, read_image

if TYPE_CHECKING:
    from PIL.Image import Image

    from backend.settings import Settings

__all__ = ["AuthHeaders", "ImageFetchError", "ImageFetcher", "LoadedImage"]

_CHUNK_BYTES = 64 * 1024
_MAX_REDIRECTS = 5
_CONNECT_TIMEOUT_S = 5.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# More decoders than cores win nothing, and each may hold one picture of the largest size.
_DECODERS = min(4, os.cpu_count() or 1)


class AuthHeaders(Protocol):
    """Whatever knows how to log in to Label Studio."""

    def auth_headers(self) -> Mapping[str, str]:
        """Return the header that Label Studio accepts now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedImage:
    """A decoded picture.

    Attributes:
        image: Upright RGB at full size.
        digest: SHA-256 of the file, in hex.
    """

    image: Image
    digest: str


class ImageFetcher:
    """Fetches pictures in parallel, within limits of size, time and address."""

    def __init__(
        self,
        settings: Settings,
        *,
        auth: AuthHeaders | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare the fetching threads; they start when first needed.

        Args:
            settings: Limits, allowed places and Label Studio's address.
            auth: Gives the header for Label Studio; without it pictures there are asked for
                without one.
            sleep: Waits between attempts, given seconds.
        """
        self._settings = settings
        self._auth = auth
        self._sleep = sleep
        self._addresses = AddressBook(
            settings.label_studio_url,
            local_roots=settings.local_roots,
            allow_private_hosts=settings.allow_private_hosts,
        )
        self._sessions = threading.local()
        self._decoding = threading.BoundedSemaphore(_DECODERS)
        self.pool = ThreadPoolExecutor(settings.fetch_workers, thread_name_prefix="fetch")

    def close(self) -> None:
        """Stop the fetching threads; what is under way ends, what waits is dropped."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    def fetch_images(self, references: Sequence[str]) -> list[LoadedImage | ImageFetchError]:
        """Load pictures in parallel; a failure is returned in its place, in order."""
        return list(self.pool.map(self._load_or_error, references))

    def _load_or_error(self, reference: str) -> LoadedImage | ImageFetchError:
        try:
            return self.load(reference)
        except ImageFetchError as error:
            return error

    def load(self, reference: str) -> LoadedImage:
        """Fetch and decode one picture.

        Raises:
            ImageFetchError: If it cannot be got or cannot be decoded.
        """
        data = self.fetch_bytes(reference)
        return LoadedImage(
            image=self.decode(data, reference=reference), digest=hashlib.sha256(data).hexdigest()
        )

    def decode(self, data: bytes, *, reference: str) -> Image:
        """Decode a picture's bytes to upright RGB.

        Raises:
            ImageFetchError: Permanent, with the reason of `tagger.images`.
        """
        with self._decoding:
            try:
                return read_image(
                    data,
                    name=public_name(reference),
                    max_pixels=self._settings.max_image_pixels,
                )
            except ImageError as error:
                raise ImageFetchError(str(error), is_permanent=True) from error

    def fetch_bytes(self, reference: str) -> bytes:
        """Get one picture's bytes, trying again where that can help.

        Raises:
            ImageFetchError: If it is not allowed, not there, too large, or all attempts failed.
        """
        source = self._addresses.resolve(reference)
        if source.kind is SourceKind.LOCAL:
            return self._read_file(source)
        if source.kind is SourceKind.INLINE:
            return self._read_inline(source)
        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._settings.fetch_attempts),
            wait=tenacity.wait_exponential(multiplier=0.2, max=2.0)
            + tenacity.wait_random(0.0, 0.3),
            retry=tenacity.retry_if_exception(_may_pass),
            sleep=self._sleep,
            reraise=True,
        )
        return attempts(self._download, source)

    def _too_large(self, name: str) -> ImageFetchError:
        return ImageFetchError(
            f"{name}: picture is larger than {self._settings.max_image_bytes} bytes; send a "
            "smaller copy or raise WEFT_MAX_IMAGE_BYTES",
            is_permanent=True,
        )

    def _read_file(self, source: Source) -> bytes:
        assert source.path is not None  # noqa: S101 - AddressBook gives every LOCAL its path
        try:
            with source.path.open("rb") as file:
                data = file.read(self._settings.max_image_bytes + 1)
        except OSError as error:
            raise ImageFetchError(
                f"{source.name}: file cannot be read ({error.strerror})", is_permanent=True
            ) from error
        if len(data) > self._settings.max_image_bytes:
            raise self._too_large(source.name)
        return data

    def _read_inline(self, source: Source) -> bytes:
        head, comma, body = source.url.partition(",")
        if len(body) > self._settings.max_image_bytes * 4 // 3 + 4:
            raise self._too_large(source.name)
        try:
            data = unquote_to_bytes(body)
            if head.lower().endswith(";base64"):
                data = base64.b64decode(data)
        except (ValueError, binascii.Error):
            comma = ""
        if not comma:
            raise ImageFetchError(
                f"{source.name}: not a data: address; expected data:image/png;base64,...",
                is_permanent=True,
            )
        return data

    def _download(self, source: Source) -> bytes:
        ends_at = time.monotonic() + self._settings.fetch_timeout_s
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                with self._get(source) as response:
                    if response.status_code in _REDIRECTS and "location" in response.headers:
                        target = urljoin(source.url, response.headers["location"])
                        source = self._addresses.resolve_url(target)
                        continue
                    check_status(response, source)
                    return self._read_body(response, source, ends_at)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                raise explain(error, source) from error
        raise ImageFetchError(
            f"{source.name}: more than {_MAX_REDIRECTS} redirects", is_permanent=True
        )

    def _get(self, source: Source) -> requests.Response:
        headers = {"Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}
        if source.kind is SourceKind.LABEL_STUDIO:
            headers |= self._login(source)
        timeout_s = self._settings.fetch_timeout_s
        return self._session(source.kind).get(
            source.url,
            headers=headers,
            stream=True,
            allow_redirects=False,
            timeout=(min(_CONNECT_TIMEOUT_S, timeout_s), timeout_s),
        )

    def _login(self, source: Source) -> Mapping[str, str]:
        if self._auth is None:
            return {}
        try:
            return dict(self._auth.auth_headers())
        except CatalogError as error:
            raise ImageFetchError(
                f"{source.name}: cannot log in to Label Studio: {error}", is_permanent=False
            ) from error

    def _session(self, kind: SourceKind) -> requests.Session:
        """Return this thread's session for a kind; sessions are not made for sharing."""
        sessions: dict[bool, requests.Session] | None
        sessions = getattr(self._sessions, "by_guard", None)
        if sessions is None:
            sessions = self._sessions.by_guard = {}
        is_guarded = kind is SourceKind.PUBLIC
        if is_guarded not in sessions:
            session = _guarded_session() if is_guarded else requests.Session()
            session.trust_env = False  # a proxy or .netrc would defeat the checks
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            sessions[is_guarded] = session
        return sessions[is_guarded]

    def _read_body(self, response: requests.Response, source: Source, ends_at: float) -> bytes:
        limit = self._settings.max_image_bytes
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise self._too_large(source.name)
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > limit:
                raise self._too_large(source.name)
            if time.monotonic() > ends_at:
                raise SlowServerError(
                    f"{source.name}: not complete after {self._settings.fetch_timeout_s:g} s",
                    is_permanent=False,
                )
        if declared.isdigit() and len(body) < int(declared) and not _is_encoded(response):
            raise ImageFetchError(
                f"{source.name}: connection ended after {len(body)} of {declared} bytes",
                is_permanent=False,
            )
        return bytes(body)


def _guarded_session() -> requests.Session:
    session: requests.Session = requests_hardened.HTTPSession(
        requests_hardened.Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,  # each hop is decided on by AddressBook
            default_timeout=(_CONNECT_TIMEOUT_S, _CONNECT_TIMEOUT_S),
        )
    )
    return session


def _is_encoded(response: requests.Response) -> bool:
    return response.headers.get("content-encoding", "identity").lower() != "identity"


def _may_pass(error: BaseException) -> bool:
    is_ours = isinstance(error, ImageFetchError) and not error.is_permanent
    return is_ours and not isinstance(error, LoginRefusedError | SlowServerError)

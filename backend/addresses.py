"""Decide what kind of thing a task's picture reference is, and who may be asked for it.

A reference is text from task data, so anybody who may import tasks chose it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from ontology.errors import CatalogError

__all__ = ["AddressBook", "ImageFetchError", "Source", "SourceKind", "public_name"]

# Where Label Studio serves pictures; only there is its token sent.
_TOKEN_PATHS = ("/data/", "/storage-data/")
_STORAGE_ENDS = ("/resolve", "/presign")
_LOCAL_FILES_PATH = "/data/local-files"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME_LIMIT = 200


class ImageFetchError(CatalogError):
    """A picture could not be got.

    Attributes:
        is_permanent: Trying again cannot help, because the reference or the file itself is wrong.
    """

    def __init__(self, message: str, *, is_permanent: bool) -> None:
        """Store the message and whether it is worth trying again."""
        super().__init__(message)
        self.is_permanent = is_permanent


class SourceKind(StrEnum):
    """How a picture is got.

    Attributes:
        LOCAL: A file under one of the allowed folders.
        INLINE: A `data:` reference.
        LABEL_STUDIO: From Label Studio, with its token.
        TRUSTED: From a host that the settings name, without a token.
        PUBLIC: From anywhere else; private addresses are refused.
    """

    LOCAL = "local"
    INLINE = "inline"
    LABEL_STUDIO = "label_studio"
    TRUSTED = "trusted"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a picture is.

    Attributes:
        url: Absolute address, or the `data:` reference itself; empty for a file.
        path: The file, links followed; only for `LOCAL`.
        name: What messages call it; holds no query and no credentials.
    """

    kind: SourceKind
    name: str
    url: str = ""
    path: Path | None = None


def public_name(reference: str) -> str:
    """Shorten a reference to what may appear in logs and messages: no query, no credentials."""
    text = reference.strip()
    if text[:5].lower() == "data:":
        return f"{text[:40].split(',')[0].split(';')[0]} ({len(text)} characters)"
    try:
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
        if parts.path.rstrip("/") == _LOCAL_FILES_PATH:
            wanted = parse_qs(parts.query).get("d", [""])[0]
            return _clean(f"{_LOCAL_FILES_PATH}/?d={wanted}")
    except ValueError:
        return _clean(text.partition("?")[0].rpartition("@")[2])
    return _clean(f"{parts.scheme}://{host}{parts.path}" if parts.scheme else host + parts.path)


def _clean(text: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in text)
    return printable if len(printable) <= _NAME_LIMIT else printable[: _NAME_LIMIT - 3] + "..."


class AddressBook:
    """What may be fetched from where, as the settings say."""

    def __init__(
        self,
        label_studio_url: str,
        *,
        local_roots: Sequence[Path] = (),
        allow_private_hosts: Sequence[str] = (),
    ) -> None:
        """Keep the rules; nothing is looked up yet."""
        self._base = label_studio_url.rstrip("/")
        self._base_origin = _origin(parse_url(self._base)) if self._base else None
        self._base_path = (parse_url(self._base).path or "").rstrip("/") if self._base else ""
        self._roots = tuple(local_roots)
        self._private_hosts = frozenset(host.lower() for host in allow_private_hosts)

    def resolve(self, reference: str) -> Source:
        """Say where a reference leads.

        Raises:
            ImageFetchError: Always permanent, if the reference is none or leads somewhere
                that is not allowed.
        """
        text = reference.strip()
        name = public_name(text)
        scheme = text.partition(":")[0].lower() if ":" in text else ""
        if scheme == "data":
            return Source(kind=SourceKind.INLINE, url=text, name=name)
        if scheme in _DEFAULT_PORTS:
            return self._resolve_local_files(text, name) or self.resolve_url(text)
        if scheme == "file":
            return self._resolve_file_url(text, name)
        if text.startswith("/"):
            return self._resolve_path(text, name)
        raise ImageFetchError(
            f"{name or 'empty reference'}: not a picture address that can be read; "
            "expected http(s)://, a path of Label Studio, file:// or data:",
            is_permanent=True,
        )

    def resolve_url(self, url: str) -> Source:
        """Say who answers an absolute http(s) address; also asked for every redirect.

        Raises:
            ImageFetchError: Always permanent, if the address is malformed or not allowed.
        """
        name = public_name(url)
        parsed = _parse(url, name)
        origin = _origin(parsed)
        is_own = origin == self._base_origin
        if is_own and self._wants_token(parsed.path or "/"):
            return Source(kind=SourceKind.LABEL_STUDIO, url=parsed.url, name=name)
        _, host, port = origin
        if is_own or not self._private_hosts.isdisjoint({host, f"{host}:{port}"}):
            return Source(kind=SourceKind.TRUSTED, url=parsed.url, name=name)
        _refuse_special_address(host, name)
        return Source(kind=SourceKind.PUBLIC, url=parsed.url, name=name)

    def _wants_token(self, path: str) -> bool:
        """Whether Label Studio serves pictures there; its other addresses never see the token."""
        if ".." in unquote(path).replace("\\", "/").split("/"):
            return False
        if self._base_path and not path.startswith(self._base_path + "/"):
            return False
        path = _strip_prefix(path, self._base_path)
        if path.startswith(("/tasks/", "/projects/")):
            return path.rstrip("/").endswith(_STORAGE_ENDS)
        return path.startswith(_TOKEN_PATHS)

    def _resolve_path(self, text: str, name: str) -> Source:
        found = self._resolve_local_files(text, name)
        if found is not None:
            return found
        path = self._local_file(unquote(text.partition("?")[0]))
        path = path or self._local_file(text)
        if path is not None:
            return Source(kind=SourceKind.LOCAL, path=path, name=name)
        if text.startswith("//") or not self._base_origin:
            raise ImageFetchError(
                f"{name}: a path, but no Label Studio is configured to serve it and it is not "
                "under an allowed folder; set WEFT_LABEL_STUDIO_URL and WEFT_LABEL_STUDIO_TOKEN, "
                "or WEFT_LOCAL_ROOTS",
                is_permanent=True,
            )
        return self.resolve_url(self._base + _strip_prefix(text, self._base_path))

    def _resolve_local_files(self, text: str, name: str) -> Source | None:
        try:
            parts = urlsplit(text)
            wanted = parse_qs(parts.query).get("d", [""])[0]
        except ValueError:
            return None
        if not wanted or not parts.path.rstrip("/").endswith(_LOCAL_FILES_PATH):
            return None
        path = self._local_file(wanted.lstrip("/")) or self._local_file(wanted)
        return None if path is None else Source(kind=SourceKind.LOCAL, path=path, name=name)

    def _resolve_file_url(self, text: str, name: str) -> Source:
        try:
            parts = urlsplit(text)
        except ValueError:
            parts = urlsplit("")
        is_here = parts.netloc in ("", "localhost")
        path = self._local_file(unquote(parts.path)) if is_here and parts.path else None
        if path is None:
            raise ImageFetchError(
                f"{name}: no such file in a folder that may be read; "
                "name the folder in WEFT_LOCAL_ROOTS",
                is_permanent=True,
            )
        return Source(kind=SourceKind.LOCAL, path=path, name=name)

    def _local_file(self, wanted: str) -> Path | None:
        """Return the file with all links followed, if it lies under an allowed folder."""
        for root in self._roots:
            try:
                real_root = root.resolve(strict=True)
                path = (real_root / wanted).resolve(strict=True)
                if path.is_relative_to(real_root) and path.is_file():
                    return path
            except (OSError, ValueError, RuntimeError):  # absent, a NUL byte, a loop of links
                continue
        return None


def _parse(url: str, name: str) -> Url:
    # As browsers do, and only behind the host, where it cannot change who is asked.
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    url = f"{scheme}{mark}{host}{slash}{path.replace(' ', '%20')}"
    fault = ""
    try:
        parsed = parse_url(url)
    except LocationParseError:
        parsed, fault = Url(), "not a valid address"
    if any(char.isspace() or char == "\\" or not char.isprintable() for char in url):
        fault = "spaces, backslashes and control characters are not allowed in it"
    elif parsed.auth is not None:
        fault = "credentials are not allowed in it"
    elif not fault and (parsed.scheme not in _DEFAULT_PORTS or not parsed.host):
        fault = "expected http:// or https:// and a host"
    if fault:
        raise ImageFetchError(f"{name}: address cannot be used; {fault}", is_permanent=True)
    return parsed


def _origin(url: Url) -> tuple[str, str, int]:
    scheme = url.scheme or "http"
    host = (url.host or "").lower().strip("[]").rstrip(".")
    return scheme, host, url.port or _DEFAULT_PORTS.get(scheme, 0)


def _strip_prefix(path: str, prefix: str) -> str:
    return path[len(prefix) :] if prefix and path.startswith(prefix + "/") else path


def _refuse_special_address(host: str, name: str) -> None:
    """Refuse a host written as an address that is not on the public internet.

    Names, and odd spellings that only the resolver understands, are checked when connecting.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return
    mapped = getattr(address, "ipv4_mapped", None) or address
    if not mapped.is_global or mapped.is_multicast:
        raise ImageFetchError(
            f"{name}: {host} is a private or special address; "
            "name the host in WEFT_ALLOW_PRIVATE_HOSTS if it may be asked",
            is_permanent=True,
        )

"""Why listings are refused, as data: codes, labels for reviewers and texts for sellers."""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RejectReason", "RejectReasonError", "own_reasons_path", "read_reasons"]

_FIELDS = {
    "product": "the product",
    "attribute": "an attribute",
    "claim": "something else",
    "seen": "otherwise",
}


class RejectReasonError(CatalogError):
    """The file of reasons is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectReason:
    """One reason.

    Attributes:
        code: Stored with decisions.
        label: For the reviewer.
        text: For the seller, with `{product}`, `{attribute}`, `{claim}` and `{seen}`.
        vague: In its place where one of these is not known; empty for the text itself.
    """

    code: str
    label: str
    text: str
    vague: str = ""

    @property
    def fields(self) -> frozenset[str]:
        """What the text asks for."""
        return _fields(self.text)

    def message(self, known: Mapping[str, str]) -> str:
        """Give the text for the seller; what is not known is left vague.

        Args:
            known: Some of `product`, `attribute`, `claim` and `seen`.
        """
        said = {name: words for name, words in known.items() if words}
        text = self.vague if self.vague and self.fields - said.keys() else self.text
        return text.format(**{**_FIELDS, **said}).strip()


def own_reasons_path(data_dir: Path) -> Path:
    """Give the file that takes the shipped one's place if it is there."""
    return data_dir / "reject-reasons.yaml"


def read_reasons(path: Path | None = None) -> dict[str, RejectReason]:
    """Read the reasons by code, in file order.

    Args:
        path: A file that takes the shipped one's place, if it exists.

    Raises:
        RejectReasonError: If the file is wrong; names the entry and what was expected.
    """
    import yaml

    if path is None or not path.is_file():
        path = Path(__file__).with_name("reject_reasons.yaml")
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = plain["reasons"]
        found = [
            RejectReason(
                code=str(one["code"]),
                label=str(one["label"]),
                text=str(one["text"]),
                vague=str(one.get("vague") or ""),
            )
            for one in entries
        ]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise RejectReasonError(
            f"{path}: expected `reasons`, a list of `code`, `label` and `text` ({error})".replace(
                "\n", " "
            )
        ) from error
    for reason in found:
        _check(reason, path)
    if len({reason.code for reason in found}) < len(found) or not found:
        raise RejectReasonError(f"{path}: expected reasons, each code once")
    return {reason.code: reason for reason in found}


def _check(reason: RejectReason, path: Path) -> None:
    try:
        names = _fields(reason.text) | _fields(reason.vague)
    except ValueError as error:
        raise RejectReasonError(f"{path}: {reason.code}: {error}") from error
    if unknown := sorted(names - set(_FIELDS)):
        raise RejectReasonError(
            f"{path}: {reason.code}: the text asks for {unknown[0]!r}; expected some of "
            f"{', '.join(_FIELDS)}"
        )


def _fields(text: str) -> frozenset[str]:
    """Give the names in braces.

    Raises:
        ValueError: If braces do not match.
    """
    parts = string.Formatter().parse(text)
    return frozenset(name for _, name, _, _ in parts if name is not None)

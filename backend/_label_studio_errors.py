"""What can go wrong when Label Studio is asked for something."""

from __future__ import annotations

from ontology.errors import CatalogError

__all__ = [
    "LabelStudioAuthError",
    "LabelStudioError",
    "LabelStudioNotFoundError",
    "LabelStudioRefusedError",
    "LabelStudioUnavailableError",
]


class LabelStudioError(CatalogError):
    """Something was asked of Label Studio that did not work."""


class LabelStudioUnavailableError(LabelStudioError):
    """Label Studio does not answer, or answers that it cannot now; it may later."""


class LabelStudioAuthError(LabelStudioError):
    """Label Studio does not accept the token, or its user may not do this."""


class LabelStudioNotFoundError(LabelStudioError):
    """There is no such thing in Label Studio."""


class LabelStudioRefusedError(LabelStudioError):
    """Label Studio understood the request and refused it.

    Attributes:
        detail: Label Studio's own words.
    """

    def __init__(self, message: str, *, detail: str) -> None:
        """Store the message and Label Studio's words."""
        super().__init__(message)
        self.detail = detail

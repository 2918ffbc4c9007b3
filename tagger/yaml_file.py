"""Read a YAML file into a pydantic model; every fault is one line `file:line: field: reason`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from ontology._yaml import Document, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ontology.errors import CatalogError

__all__ = ["read_mapping", "validated"]

Model = TypeVar("Model", bound=BaseModel)


def read_mapping(path: Path, *, what: str, keys: str, fault: type[CatalogError]) -> Document:
    """Read a file whose top level has keys.

    Args:
        path: The file.
        what: What the file is, for the message.
        keys: Some of its keys, for the message.
        fault: Which error to raise.

    Raises:
        CatalogError: `fault`, if the file cannot be read, is no YAML or has no keys.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise fault(f"{path}: cannot read the {what} ({error})") from error
    document = read_yaml(text, file=str(path))
    if document.faults:
        raise fault("\n".join(map(str, document.faults)))
    if not isinstance(document.data, dict):
        raise fault(f"{path}:1: expected keys such as {keys}")
    return document


def validated(
    model: type[Model],
    document: Document,
    *,
    fault: type[CatalogError],
    besides: Mapping[str, Any] | None = None,
) -> Model:
    """Check a document's keys, and `besides`, which the file does not say, against a model.

    Raises:
        CatalogError: `fault`, if they do not fit.
    """
    try:
        return model.model_validate({**document.data, **(besides or {})})
    except ValidationError as error:
        raise fault("\n".join(_faults(document, error))) from error


def _faults(document: Document, error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_context=False):
        path: tuple[Any, ...] = tuple(problem["loc"])
        name = ".".join(str(part) for part in path)
        reason = problem["msg"][:1].lower() + problem["msg"][1:]
        yield f"{document.file}:{document.line(path)}: {name}: {reason}"

"""The shape of an ontology file, as pydantic models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ontology._yaml import Document, EntryPath

__all__ = [
    "AttributeSpec",
    "CategorySpec",
    "MigrationSpec",
    "OntologySpec",
    "ValueSpec",
    "read_spec",
]

_ID = r"^[a-z0-9_]+$"


def _check_id(text: str) -> str:
    if "__" in text:
        raise ValueError("two underscores in a row are reserved; use one")
    return text


def _check_name(text: str) -> str:
    if text != text.strip() or not text:
        raise ValueError("a name must not be empty or start or end with spaces")
    if not text.isprintable():
        raise ValueError("a name must be one line of printable characters")
    return text


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Id = Annotated[str, Field(pattern=_ID, max_length=64), AfterValidator(_check_id)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_check_name)]
Was = Annotated[list[Id], Field(min_length=1), BeforeValidator(_as_list)]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]+)*$")]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class CategorySpec(_Spec):
    """A category with the categories under it."""

    id: Id
    label: Name
    aliases: list[Name] = []
    translations: dict[Language, Name] = {}
    was: Was = []
    children: list[CategorySpec] = []


class ValueSpec(_Spec):
    """A value with where it is allowed and its rules."""

    id: Id
    label: Name
    aliases: list[Name] = []
    translations: dict[Language, Name] = {}
    was: Was = []
    only_for: Annotated[list[Id], Field(min_length=1)] | None = None
    except_for: list[Id] = []
    implies: dict[Id, Annotated[list[Id], Field(min_length=1)]] = {}
    excludes: dict[Id, Literal["any"] | Annotated[list[Id], Field(min_length=1)]] = {}


class AttributeSpec(_Spec):
    """An attribute with where it applies and its values."""

    id: Id
    label: Name
    kind: Literal["exclusive", "multiple"]
    applies_to: Annotated[list[Id], Field(min_length=1)]
    except_for: list[Id] = []
    required_for: list[Id] = []
    weakly_visible: bool = False
    offer_cannot_tell: bool = True
    offer_other: bool = True
    translations: dict[Language, Name] = {}
    was: Was = []
    values: Annotated[list[ValueSpec], Field(min_length=1)]


class AnswersSpec(_Spec):
    """What the two answers that are not values are called."""

    cannot_tell: Name = "Cannot tell"
    other: Name = "Other / not in the list"


class OntologySpec(_Spec):
    """A whole file."""

    format: Literal[1]
    id: Id
    version: Name
    label: Name
    answers: AnswersSpec = AnswersSpec()
    categories: Annotated[list[CategorySpec], Field(min_length=1)]
    attributes: list[AttributeSpec]


class MigrationSpec(_Spec):
    """A migration file: for new ids what they were."""

    format: Literal[1]
    categories: dict[Id, Was] = {}
    attributes: dict[Id, Was] = {}
    values: dict[Id, dict[Id, Was]] = {}


def read_spec(document: Document) -> OntologySpec | None:
    """Check the shape of a document; what does not fit becomes faults, and the result None."""
    try:
        return OntologySpec.model_validate(document.data)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            path = _entry_path(problem["loc"])
            document.fault(path, _reason(problem["type"], problem["msg"], path, problem["input"]))
        return None
    except RecursionError:
        document.fault(("categories",), "categories are nested too deeply to be read")
        return None


def _entry_path(location: EntryPath) -> EntryPath:
    """Drop what pydantic adds to a location: its names for keys and the branches of a union."""
    added = ("[key]", "list[", "literal[")
    return tuple(
        step for step in location if not (isinstance(step, str) and step.startswith(added))
    )


def _reason(kind: str, message: str, path: EntryPath, value: object) -> str:
    name = next((step for step in reversed(path) if isinstance(step, str)), "the file")
    if kind == "missing":
        return f"{name!r} is missing; every entry of this kind needs it"
    if kind == "extra_forbidden":
        return f"unknown key {name!r}; check the spelling against the format"
    if kind == "string_type" and not isinstance(value, list | dict) and value is not None:
        return f"{name!r} is {value!r}, which is not text; put it in quotes"
    if kind == "string_pattern_mismatch":
        return f"{name!r} is {value!r}; expected only the characters a-z, 0-9 and _"
    message = message.removeprefix("Value error, ")
    return f"{name!r} does not fit: {message[:1].lower()}{message[1:]}; found {value!r:.80}"

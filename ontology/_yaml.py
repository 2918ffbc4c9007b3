"""Read YAML into plain data, remembering the line of every entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from ontology.errors import Fault

__all__ = ["Document", "EntryPath", "read_yaml"]

EntryPath = tuple[str | int, ...]
"""Keys and list positions that lead from the top of the document to an entry."""

_MAX_ENTRIES = 200_000


@dataclass(slots=True, kw_only=True)
class Document:
    """Plain data and where each part of it stands.

    Attributes:
        data: Dictionaries, lists and scalars; None when the text could not be read.
        lines: Line, counted from 1, of the entry at each path.
        faults: What is wrong with the text as YAML.
    """

    file: str
    data: Any = None
    lines: dict[EntryPath, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, path: EntryPath) -> int:
        """Return the line of an entry, or of the nearest entry around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def fault(self, path: EntryPath, reason: str) -> None:
        """Record a fault at an entry."""
        self.faults.append(Fault(file=self.file, line=self.line(path), reason=reason))


def read_yaml(text: str, *, file: str) -> Document:
    """Parse one YAML document; whatever is wrong with it becomes a fault.

    Duplicate keys, keys that are not text, entries that contain themselves and documents that
    aliases blow up are faults.
    """
    document = Document(file=file)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            document.lines[()] = node.start_mark.line + 1
            document.data = _Reader(document).read(node, (), ())
        if document.data is None and not document.faults:
            document.fault((), "the file is empty")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        reason = f"not valid YAML: {error.problem or error.context}"
        document.faults.append(Fault(file=file, line=line, reason=reason))
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        reason = f"not valid YAML: character {error.character!r} is not allowed"
        document.faults.append(Fault(file=file, line=line, reason=reason))
    except RecursionError:
        document.fault((), "entries are nested too deeply to be read")
    return document


class _Reader:
    """Turn composed nodes into data."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.constructor = yaml.SafeLoader("")
        self.num_entries = 0

    def read(self, node: yaml.Node, path: EntryPath, inside: tuple[int, ...]) -> Any:
        """Return the data of a node; `inside` are the identities of the nodes around it."""
        self.num_entries += 1
        if id(node) in inside:
            self._fault(node, "this entry contains itself; write the tree out without the alias")
            return None
        if self.num_entries > _MAX_ENTRIES:
            if self.num_entries == _MAX_ENTRIES + 1:
                self._fault(node, f"the file has more than {_MAX_ENTRIES} entries")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, (*inside, id(node)))
        if isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                self.document.lines[(*path, position)] = item.start_mark.line + 1
            return [
                self.read(item, (*path, position), (*inside, id(node)))
                for position, item in enumerate(node.value)
            ]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: EntryPath, inside: tuple[int, ...]) -> Any:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag != "tag:yaml.org,2002:str":
                self._fault(
                    key_node,
                    f"the key {key_node.value!r} is not plain text; put it in quotes "
                    "(merge keys are not supported)",
                )
                continue
            key = str(key_node.value)
            if key in data:
                first = self.document.lines[(*path, key)]
                self._fault(key_node, f"the key {key!r} is written twice; first on line {first}")
                continue
            self.document.lines[(*path, key)] = key_node.start_mark.line + 1
            data[key] = self.read(value_node, (*path, key), inside)
        return data

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self.constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            problem = getattr(error, "problem", None) or str(error)
            self._fault(node, f"cannot read {node.value!r}: {problem}")
            return None

    def _fault(self, node: yaml.Node, reason: str) -> None:
        line = node.start_mark.line + 1
        self.document.faults.append(Fault(file=self.document.file, line=line, reason=reason))

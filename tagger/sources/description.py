"""The file that says where labelled pictures are and how their labels map onto an ontology."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ontology.labels import CellState
from ontology.load import default_ontology_path, load_ontology
from ontology.model import AttributeId, Ontology
from tagger.sources.record import DatasetError
from tagger.yaml_file import read_mapping, validated

__all__ = [
    "CATEGORY",
    "OTHER",
    "CategoryMap",
    "DatasetDescription",
    "LabelMap",
    "SplitRule",
    "Table",
    "load_description",
]

CATEGORY = "category"
OTHER = "other"

Kind = Literal["folder", "csv", "coco", "label-studio", "rendered"]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


Ids = Annotated[list[str], BeforeValidator(_as_list)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelMap(_Strict):
    """How the labels of one column map onto ontology ids.

    Attributes:
        column: The source's column; by default the ontology's name of the attribute.
        table: The file that the column stands in, where the source has several.
        labels: Ontology ids for each source label: the truth is one of them.
        cannot_tell: Labels that say that the picture does not show it.
        na: Labels that say that the question makes no sense for the garment.
        none_of: Labels that say that the truth lies outside of `labels`.
        vocabulary: Ids inside which absence means "no"; by default those of `labels`.
        looked_at: The labeller went through every value of a multiple attribute.
        separator: What stands between several labels in one cell.
        match: `cell`: the whole cell is the label; `word`: labels are looked for in the cell as
            whole words, whatever their case, and a cell without any says nothing.
        weight: Trust in the labels, above 0.
    """

    column: str | None = None
    table: str | None = None
    labels: dict[str, Ids] = Field(min_length=1)
    cannot_tell: Ids = []
    na: Ids = []
    none_of: Ids = []
    vocabulary: list[str] | None = None
    looked_at: bool = False
    separator: str | None = None
    match: Literal["cell", "word"] = "cell"
    weight: float = Field(default=1.0, gt=0)


class CategoryMap(LabelMap):
    """How the source's classes map onto leaf categories.

    Attributes:
        refine: Further columns that narrow down what the class leaves open.
    """

    refine: list[LabelMap] = []


class Table(_Strict):
    """One CSV file with a row a picture, or a garment (coco).

    Attributes:
        file: Name of the file under the root, or its path beside the description.
        more: A further file with the same columns, relative to the description: labels that were
            added to a source whose pictures stay where they are.
        id: Column that holds the stem of the picture's name, or the annotation's id (coco).
        role: `rows` makes samples; `join` only adds columns to samples of other tables.
    """

    file: str
    more: str | None = None
    id: str = "id"
    role: Literal["rows", "join"] = "rows"


class SplitRule(_Strict):
    """How pictures are divided; byte-identical ones always stay together.

    Attributes:
        by: `folder`: the source's own, see `folders`; `column`: what shares a value of `column`
            stays together; `content`: each picture by itself.
        folders: Folder name to side, for `folder`.
        column: Column of the first table, for `column`.
        validation_share: Share of groups that is held out, 0 to 1.
    """

    by: Literal["folder", "column", "content"] = "content"
    folders: dict[str, Literal["train", "validation"]] = {}
    column: str | None = None
    validation_share: float = Field(default=0.1, ge=0, le=1)
    seed: int = 1


class DatasetDescription(_Strict):
    """A dataset description as it is written.

    Attributes:
        root: Folder of the data, relative to the description's own folder.
        annotations: JSON file under the root, for coco, label-studio and rendered.
        pixel_aspect: True width of a pixel relative to its height.
        labelled_by: Who made the labels: the source, a model whose answers nobody checked, or the
            program that drew the pictures. Said wherever figures on them are shown.
        labelling: How the labels were made, one sentence or more for the model card.
        scored_classes: Classes that a detector is scored on; empty for all.
        without_habits: Columns whose labels were given in the ontology's terms, so that the source
            has no words of its own to learn (`tagger.habits`).
        parts: Per attribute, the parts of a garment that show it, as the source names them
            (rendered).
        implies: Per column and source label, what it says about other attributes.
        accepted_weight: Trust in predictions that an annotator left as they were (label-studio).
        image_key: Key of the picture's address in a task's data (label-studio).
        file: Where the description was read from.
    """

    format: Literal[1]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    kind: Kind
    ontology: str
    root: str
    annotations: str | None = None
    tables: list[Table] = []
    pixel_aspect: float = Field(default=1.0, gt=0.1, lt=10)
    licence: str
    source: str = ""
    origin: Literal["real", "rendered"] = "real"
    labelled_by: Literal["source", "machine", "drawing"] = "source"
    labelling: str = ""
    split: SplitRule = SplitRule()
    category: CategoryMap | None = None
    attributes: dict[str, Annotated[list[LabelMap], BeforeValidator(_as_list)]] = {}
    implies: dict[str, dict[str, dict[str, Ids]]] = {}
    scored_classes: list[str] = []
    without_habits: list[str] = []
    parts: dict[str, Ids] = {}
    accepted_weight: float = Field(default=0.5, ge=0, le=1)
    image_key: str = "image"
    file: Path = Path()
    lines: dict[tuple[str | int, ...], int] = Field(default={}, exclude=True, repr=False)

    @property
    def speaks_ontology(self) -> bool:
        """Whether the source's labels are the ontology's own, so that no mapping is written."""
        return self.kind in ("label-studio", "rendered")

    @property
    def default_root(self) -> Path:
        """The folder of the data where none is named."""
        return (self.file.parent / self.root).resolve()

    def at(self, *path: str | int) -> str:
        """Return `file:line` of an entry, for messages."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines.get(path, 1)}"

    def vocabulary(
        self, column: str, ontology: Ontology | None = None
    ) -> dict[str, frozenset[str]]:
        """Return the ontology ids that each source label of a column stands for.

        Args:
            column: `category` or an attribute's id.
            ontology: Needed only where the source speaks the ontology's own ids and that is not
                the shipped one.

        Raises:
            DatasetError: If the source has no such column.
        """
        maps = self.column_maps(column, ontology)
        if not maps:
            raise DatasetError(f"{self.file}: the source {self.name!r} has no labels of {column!r}")
        return {
            label: frozenset(ids) for label_map in maps for label, ids in label_map.labels.items()
        }

    def column_maps(self, column: str, ontology: Ontology | None = None) -> tuple[LabelMap, ...]:
        """Return the maps that a column's labels go through; none if the source has no such."""
        if self.speaks_ontology:
            return _own_words(column, ontology or _shipped_ontology(self))
        if column == CATEGORY:
            return () if self.category is None else (self.category,)
        return tuple(self.attributes.get(column, ()))

    def columns(self, ontology: Ontology | None = None) -> tuple[str, ...]:
        """Return `category` and the attributes that the source has labels of."""
        if self.speaks_ontology:
            spoken = ontology or _shipped_ontology(self)
            return (CATEGORY, *(attribute.id for attribute in spoken.attributes))
        return (*((CATEGORY,) if self.category is not None else ()), *self.attributes)

    def attribute_maps(self) -> Iterator[tuple[str, LabelMap]]:
        """Yield the attribute of each column map, with the map."""
        for attribute, maps in self.attributes.items():
            for label_map in maps:
                yield attribute, label_map


def _own_words(column: str, ontology: Ontology) -> tuple[LabelMap, ...]:
    """Map every id of the ontology to itself."""
    if column == CATEGORY:
        names = [str(leaf) for leaf in ontology.leaves]
        return (CategoryMap(labels={name: [name] for name in names}),)
    attribute = ontology.attribute(AttributeId(column))
    return (
        LabelMap(
            labels={value.id: [value.id] for value in attribute.values},
            cannot_tell=[CellState.CANNOT_TELL.value],
            none_of=[OTHER],
            looked_at=True,
        ),
    )


@lru_cache(maxsize=1)
def _read_shipped_ontology() -> Ontology:
    return load_ontology(default_ontology_path())


def _shipped_ontology(description: DatasetDescription) -> Ontology:
    shipped = _read_shipped_ontology()
    if shipped.id != description.ontology:
        raise DatasetError(
            f"{description.at('ontology')}: the labels are ids of ontology "
            f"{description.ontology!r}, which is not the shipped one; name its file"
        )
    return shipped


def load_description(path: Path) -> DatasetDescription:
    """Read a dataset description.

    Raises:
        DatasetError: If the file cannot be read or is wrong; one line `file:line: reason` a fault.
    """
    document = read_mapping(
        path,
        what="dataset description",
        keys="format, name, kind and root",
        fault=DatasetError,
    )
    description = validated(
        DatasetDescription,
        document,
        fault=DatasetError,
        besides={"file": path, "lines": document.lines},
    )
    faults = list(_incomplete(description))
    if faults:
        raise DatasetError("\n".join(faults))
    return description


def _incomplete(description: DatasetDescription) -> Iterator[str]:
    """Say what a kind of source needs and the description lacks."""
    kind = description.kind
    if kind == "csv" and not any(table.role == "rows" for table in description.tables):
        yield f"{description.at('tables')}: kind csv needs a table with role rows"
    if kind in ("coco", "label-studio", "rendered") and description.annotations is None:
        yield f"{description.at('kind')}: kind {kind} needs `annotations`, a JSON file"
    if kind in ("folder", "coco") and description.category is None:
        yield f"{description.at('kind')}: kind {kind} needs `category`, the map of its classes"
    if description.speaks_ontology and (description.category or description.attributes):
        yield f"{description.at('kind')}: kind {kind} takes no maps; its labels are the ontology's"
    if description.parts and kind != "rendered":
        yield f"{description.at('parts')}: only kind rendered knows where parts lie"
    if description.split.by == "column" and description.split.column is None:
        yield f"{description.at('split')}: a split by column needs `column`"
    if not description.speaks_ontology:
        for column in sorted({*description.without_habits} - {*description.columns()}):
            where = description.at("without_habits")
            yield f"{where}: {column} is no column of {description.name}; name those that are"
    tables = {table.file for table in description.tables}
    for attribute, label_map in description.attribute_maps():
        if tables and label_map.table not in (tables if len(tables) > 1 else {None, *tables}):
            where = description.at("attributes", attribute)
            yield f"{where}: {attribute}: `table` must be one of {', '.join(sorted(tables))}"

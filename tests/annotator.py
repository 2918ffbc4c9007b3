"""An annotator who knows what is on the pictures and works through Label Studio's API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ontology.config_map import ChoicesTag, ConfigMap
from ontology.load import default_ontology_path, load_ontology
from ontology.model import AttributeId, CategoryId, ValueId
from tagger.render.catalog import legal, render_scene
from tests.live import Live

IMAGE_WH = (240, 320)
SECONDS_PER_TASK = 12.5

Results = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is drawn on a picture: the garment's box in pixels, its category and its values."""

    box: tuple[int, int, int, int]
    category: str
    attributes: Mapping[str, tuple[str, ...]]


def draw_pictures(folder: Path, *, count: int, names: tuple[str, ...]) -> dict[str, Truth]:
    """Draw one garment a picture, the categories in turns; gives the truth by the file's stem."""
    folder.mkdir(parents=True)
    ontology = load_ontology(default_ontology_path())
    truths = {}
    for number in range(1, count + 1):
        scene, _ = render_scene(number, 5, ontology, names, image_wh=IMAGE_WH, outfit_share=0.0)
        seen = scene.seen[0]
        shown = {k: v for k, v in seen.drawing.attributes.items() if k not in seen.hidden}
        stem = f"{seen.drawing.category}-{number:03d}"
        Image.fromarray(scene.rgb).save(folder / f"{stem}.jpg")
        truths[stem] = Truth(
            box=seen.box,
            category=seen.drawing.category,
            attributes=legal(ontology, seen.drawing.category, shown),
        )
    return truths


@dataclass(frozen=True, kw_only=True)
class Annotator:
    """Submits what is true.

    Attributes:
        config: The strings of the project's labeling config.
        truths: By the stem of the uploaded file, which Label Studio puts a prefix before.
    """

    live: Live
    config: ConfigMap
    truths: Mapping[str, Truth]

    def truth(self, task: Mapping[str, Any]) -> Truth:
        stem = Path(task["data"]["image"]).stem
        return next(truth for known, truth in self.truths.items() if stem.endswith(known))

    def correct(self, task: Mapping[str, Any], **changes: Any) -> Any:
        """Submit the newest prediction with what is wrong put right."""
        return self.submit(task, self.corrected(task, **changes))

    def submit(self, task: Mapping[str, Any], result: Results, **fields: Any) -> Any:
        parent = task["predictions"][-1]["id"] if task["predictions"] else None
        body = {"result": result, "lead_time": SECONDS_PER_TASK, "parent_prediction": parent}
        return self.live.call("POST", f"/api/tasks/{task['id']}/annotations/", json=body | fields)

    def corrected(
        self,
        task: Mapping[str, Any],
        *,
        leave_blank: Iterable[str] = (),
        cannot_tell: Iterable[str] = (),
    ) -> Results:
        """Give a prediction's results with the true category, and true values where it has others.

        What is blank stays so, unless the category was wrong and everything is looked at anew.

        Args:
            task: With its predictions.
            leave_blank: Attributes whose predicted value is taken away.
            cannot_tell: Attributes of which that is said.
        """
        truth, predicted = self.truth(task), newest(task)
        box = next(item for item in predicted if item["type"] == "rectanglelabels")
        label = self.config.label_by_category[CategoryId(truth.category)]
        was_right = box["value"]["rectanglelabels"] == [label]
        origin = "prediction" if was_right else "prediction-changed"
        kept = {**box, "origin": origin, "value": {**box["value"], "rectanglelabels": [label]}}
        said = {
            item["from_name"]: item["value"]["choices"]
            for item in predicted
            if item["type"] == "choices" and item["id"] == box["id"]
        }
        answers = []
        for attribute, tag in self.tags(truth.category).items():
            true = self.labels(tag, truth.attributes.get(attribute, ()))
            texts = true or said.get(tag.name, [])
            if attribute in cannot_tell:
                texts = [str(tag.cannot_tell_label)]
            is_asked = tag.name in said or not was_right
            if is_asked and texts and attribute not in leave_blank:
                answers.append(self.choice(kept, tag, texts))
        return [kept, *answers]

    def from_scratch(self, task: Mapping[str, Any]) -> Results:
        """Draw the box and answer every attribute whose value is known."""
        truth = self.truth(task)
        x, y, width, height = truth.box
        box = {
            "id": f"drawn{task['id']}",
            "from_name": self.config.label_tag,
            "to_name": self.config.image_tag,
            "type": "rectanglelabels",
            "origin": "manual",
            "original_width": IMAGE_WH[0],
            "original_height": IMAGE_WH[1],
            "image_rotation": 0,
            "value": {
                "x": 100 * x / IMAGE_WH[0],
                "y": 100 * y / IMAGE_WH[1],
                "width": 100 * width / IMAGE_WH[0],
                "height": 100 * height / IMAGE_WH[1],
                "rotation": 0,
                "rectanglelabels": [self.config.label_by_category[CategoryId(truth.category)]],
            },
        }
        tags = self.tags(truth.category)
        return [
            box,
            *(
                self.choice(box, tags[attribute], self.labels(tags[attribute], values))
                for attribute, values in truth.attributes.items()
            ),
        ]

    def tags(self, category: str) -> dict[str, ChoicesTag]:
        """Give the questions that are asked about a category, by attribute."""
        return {
            attribute: tag for (attribute, asked), tag in self.config.choices.items()
            if asked == CategoryId(category)
        }  # fmt: skip

    def labels(self, tag: ChoicesTag, values: Sequence[str]) -> list[str]:
        return [tag.label_by_value[ValueId(value)] for value in values]

    def choice(self, box: Mapping[str, Any], tag: ChoicesTag, texts: list[str]) -> dict[str, Any]:
        value = {k: v for k, v in box["value"].items() if k != "rectanglelabels"}
        return {
            **{name: item for name, item in box.items() if name not in {"score", "meta"}},
            "from_name": tag.name,
            "type": "choices",
            "value": value | {"choices": texts},
        }

    def predicted_category(self, prediction: Mapping[str, Any]) -> str | None:
        """Give the category of a prediction's first box, None without one."""
        boxes = [item for item in prediction["result"] if item["type"] == "rectanglelabels"]
        return (
            self.config.category_by_label[boxes[0]["value"]["rectanglelabels"][0]]
            if boxes
            else None
        )

    def answered(self, task: Mapping[str, Any]) -> list[str]:
        """List the attributes that the newest prediction answers and the true category has."""
        names = {item["from_name"] for item in newest(task) if item["type"] == "choices"}
        tags = self.tags(self.truth(task).category)
        return sorted(attribute for attribute, tag in tags.items() if tag.name in names)

    def has(self, task: Mapping[str, Any], attribute: str) -> bool:
        return AttributeId(attribute) in self.answered(task)


def newest(task: Mapping[str, Any]) -> Results:
    """Give the results of a task's newest prediction."""
    found = max(task["predictions"], key=lambda prediction: int(prediction["id"]))["result"]
    results: Results = json.loads(json.dumps(found))
    return results

"""From pictures to garments with legal, calibrated attributes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from ontology.decode import Answer, decode
from ontology.model import AttributeId, CategoryId, Ontology, ValueId
from tagger.boxes import PixelBox
from tagger.finder import FoundGarment, find_garments, is_street
from tagger.select.uncertainty import CellDoubt, cell_doubts
from tagger.views import Look, detector_logits, look_at

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor

    from tagger.detect.serving import Detection, GarmentDetector
    from tagger.known import Taught
    from tagger.model import AttributeModel
    from tagger.scoring import Scorer

Regions = Literal["auto", "detect", "whole"]
_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Garment:
    """One garment of one picture.

    Attributes:
        id: Stable for the same picture, box and model version.
        box: In pixels of the picture.
        mask: COCO run-length encoding, or None.
        primary: Whether this is the product that is sold.
        category: The most probable leaf that the model was taught.
        category_score: Its calibrated probability, 0..1.
        attributes: What the decoder lets through; a key for every applicable attribute. Those that
            a picture hardly shows are blank for garments that were detected in a street photograph.
        scores: Calibrated probability of every value that is legal for the category.
        embedding: (C,) pooled vector of the crop, for refits of the heads; None if not kept.
        doubts: How doubtful the category and each attribute that can be learnt from are.
        category_scores: Calibrated probability of every leaf; empty if not kept.
    """

    id: str
    box: PixelBox
    mask: Mapping[str, Any] | None
    primary: bool
    category: CategoryId
    category_score: float
    attributes: Mapping[AttributeId, tuple[Answer, ...]]
    scores: Mapping[AttributeId, Mapping[ValueId, float]]
    embedding: NDArray[np.float16] | None = field(default=None, compare=False, repr=False)
    doubts: tuple[CellDoubt, ...] = ()
    category_scores: Mapping[CategoryId, float] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePrediction:
    """What was found in one picture of `image_wh` pixels."""

    image_wh: tuple[int, int]
    garments: tuple[Garment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logits:
    """Raw outputs for B crops, float32.

    Attributes:
        category: (B, K).
        values: (B, V).
        embedding: (B, C).
        texture: (B, T), see `tagger.texture`; None if it was not asked for.
    """

    category: NDArray[np.float32]
    values: NDArray[np.float32]
    embedding: NDArray[np.float32]
    texture: NDArray[np.float32] | None = None


class GarmentTagger(Protocol):
    """What the backend needs of a tagger."""

    @property
    def version(self) -> str:
        """The model version."""

    @property
    def ontology(self) -> Ontology:
        """The ontology that the version answers in."""

    def predict(
        self, images: Sequence[Image], *, regions: Regions = "auto", show_rendered: bool = False
    ) -> list[ImagePrediction]:
        """Find and describe the garments of RGB pictures, one answer a picture, in order."""

    def tag(
        self, image: Image, boxes: Sequence[PixelBox], *, show_rendered: bool = False
    ) -> list[Garment]:
        """Describe what is inside given boxes of one RGB picture, in order."""


class Tagger:
    """A loaded model version. Not for concurrent callers: give it one thread."""

    def __init__(
        self,
        model: AttributeModel,
        *,
        scorer: Scorer,
        real: Taught,
        rendered: Taught,
        version: str,
        device: str = "cpu",
        detector: GarmentDetector | None = None,
    ) -> None:
        """Serve a model that is already in evaluation mode; `load` makes one from a directory."""
        import torch

        from tagger.backbone import input_scaling

        self.model = model.to(torch.device(device)).to(memory_format=torch.channels_last)
        self._device = torch.device(device)
        self.scorer = scorer
        self._shown = {False: real, True: real.united(rendered)}
        self.version = version
        self.detector = detector
        # What a crop hardly shows is a guess for each garment of one person, and guesses disagree.
        self._weakly_visible = frozenset(a.id for a in self.ontology.attributes if a.weakly_visible)
        scaling = input_scaling(model.config.backbone)
        self._mean = torch.tensor(scaling.mean, device=self._device).view(1, 3, 1, 1) * 255
        self._std = torch.tensor(scaling.std, device=self._device).view(1, 3, 1, 1) * 255

    @classmethod
    def load(cls, path: Path, *, device: str = "auto") -> Tagger:
        """Load a version directory after checking its hashes.

        Args:
            path: What `tagger.registry` calls a version directory.
            device: `auto` (a GPU where there is one), `cpu`, `cuda`, `cuda:1` ...

        Raises:
            ModelStoreError: If the directory is damaged or does not fit this code.
        """
        from tagger.loading import load_parts

        return cls(**load_parts(path), device=choose_device(device))

    @property
    def image_size(self) -> int:
        """Side of the network's square input, in pixels."""
        return self.model.config.image_size

    @cached_property
    def encoder(self) -> str:
        """Digest of what makes this version's embeddings; see `tagger.loading.encoder_digest`."""
        from tagger.loading import encoder_digest

        return encoder_digest(self.model)

    @property
    def real(self) -> Taught:
        """What real pictures taught this version."""
        return self._shown[False]

    @property
    def ontology(self) -> Ontology:
        """The ontology that this version answers in."""
        return self.scorer.ontology

    def predict(
        self, images: Sequence[Image], *, regions: Regions = "auto", show_rendered: bool = False
    ) -> list[ImagePrediction]:
        """Find and describe the garments of RGB pictures, one answer a picture, in order."""
        found = [find_garments(image, mode=regions, detector=self.detector) for image in images]
        looks = [
            look_at(image, item.box, size=self.image_size, is_alone=len(items) == 1)
            for image, items in zip(images, found, strict=True)
            for item in items
        ]
        logits = self.run(looks)
        at = 0
        answers = []
        for image, items in zip(images, found, strict=True):
            digest = _digest(image)
            garments = []
            for item in items:
                one = self._garment(
                    logits,
                    at,
                    item,
                    digest=digest,
                    street=item.detection is not None,
                    show_rendered=show_rendered,
                )
                garments.append(one)
                at += 1
            answers.append(ImagePrediction(image_wh=image.size, garments=tuple(garments)))
        return answers

    def tag(
        self, image: Image, boxes: Sequence[PixelBox], *, show_rendered: bool = False
    ) -> list[Garment]:
        """Describe what is inside given boxes of one RGB picture, in order."""
        logits = self.run([look_at(image, box, size=self.image_size) for box in boxes])
        digest = _digest(image)
        street = self.detector is not None and is_street(image)
        return [
            self._garment(
                logits,
                at,
                FoundGarment(box=box, score=1.0, primary=False, source="given"),
                digest=digest,
                street=street,
                show_rendered=show_rendered,
            )
            for at, box in enumerate(boxes)
        ]

    def run(self, looks: Sequence[Look], *, with_texture: bool = False) -> Logits:
        """Run the network on what it is shown of B garments, in batches; means over both looks.

        Args:
            looks: B of them.
            with_texture: Whether to take the statistics of `tagger.texture` as well.
        """
        import torch

        from tagger.texture import TextureWatch

        if not looks:
            empty = np.zeros((0, 0), dtype=np.float32)
            return Logits(category=empty, values=empty, embedding=empty)
        parts = []
        watch = TextureWatch(self.model.backbone) if with_texture else None
        with torch.inference_mode(), watch or nullcontext():
            for start in range(0, len(looks), _BATCH):
                outputs = [
                    [*self.model(view), *([watch.of_last(view)] if watch is not None else [])]
                    for view in self._views(looks[start : start + _BATCH])
                ]
                means = [sum(tensors) / len(outputs) for tensors in zip(*outputs, strict=True)]
                parts.append([tensor.float().cpu().numpy() for tensor in means])
        category, values, embedding, *texture = (
            np.concatenate(part) for part in zip(*parts, strict=True)
        )
        return Logits(
            category=category,
            values=values,
            embedding=embedding,
            texture=texture[0] if texture else None,
        )

    def _views(self, looks: Sequence[Look]) -> Iterator[Tensor]:
        """Give the network's inputs (B, 3, S, S) for the first look, and for one in a mirror."""
        yield self.scaled([look.close for look in looks])
        if self.model.config.mirror:
            wide = [look.close if look.wide is None else look.wide for look in looks]
            yield self.scaled(wide).flip(3)

    def scaled(self, crops: Sequence[NDArray[np.uint8]]) -> Tensor:
        """Turn B crops (S, S, 3) into the network's input (B, 3, S, S) on its device."""
        import torch

        batch = torch.from_numpy(np.stack(crops)).to(self._device).permute(0, 3, 1, 2).float()
        return ((batch - self._mean) / self._std).to(memory_format=torch.channels_last)

    def heard(self, detection: Detection | None) -> NDArray[np.float32]:
        """Give what the detector's word adds to the category's logits, (K,); zeros for none."""
        if detection is None or self.detector is None:
            return np.zeros(len(self.scorer.categories), dtype=np.float32)
        return detector_logits(self.scorer.categories, detection.word, self.detector.classes.leaves)

    def _garment(
        self,
        logits: Logits,
        at: int,
        item: FoundGarment,
        *,
        digest: bytes,
        street: bool,
        show_rendered: bool,
    ) -> Garment:
        known = self._shown[show_rendered]
        row = logits.category[at] + self.heard(item.detection)
        probabilities = self.scorer.category_probabilities(row[None])[0]
        category = self.scorer.best_category(probabilities, known)
        scores = self.scorer.scores(probabilities, logits.values[at], category)
        policy = self.scorer.policy(
            known,
            category,
            category_score=scores.category[category],
            street=street,
            blank=self._weakly_visible if item.detection is not None else (),
        )
        assignment = decode(self.ontology, scores, policy=policy, category=category)
        return Garment(
            id=_garment_id(digest, item.box, self.version),
            box=item.box,
            mask=item.mask,
            primary=item.primary,
            category=category,
            category_score=float(scores.category[category]),
            attributes=assignment.attributes,
            scores=scores.attributes,
            embedding=logits.embedding[at].astype(np.float16),
            category_scores=scores.category,
            doubts=cell_doubts(
                self.ontology,
                known,
                category=category,
                category_score=float(scores.category[category]),
                scores=scores.attributes,
            ),
        )


def choose_device(name: str) -> str:
    """Resolve `auto` to `cuda` where a GPU answers, else `cpu`; other names stay."""
    import torch

    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def _digest(image: Image) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()


def _garment_id(digest: bytes, box: PixelBox, version: str) -> str:
    text = f"{version}:{box.x0:.2f},{box.y0:.2f},{box.x1:.2f},{box.y1:.2f}".encode()
    return hashlib.blake2b(digest + text, digest_size=5).hexdigest()

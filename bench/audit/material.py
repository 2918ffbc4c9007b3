"""Catalog photographs with sellers' fields, as features of encoders that saw no label.

Per picture: the ImageNet backbone's pooled map of the garment's crop (the cache of the study of
missing labels), the same and two earlier stages of a crop of the garment's middle (texture), and
colour histograms and percentiles in CIE Lab of the foreground.

Legend: N pictures, C features.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.missing_labels.embeddings import BACKBONE, embed
from bench.missing_labels.study import merge_by_picture
from ontology.model import AttributeId

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from ontology.model import Ontology
    from tagger.boxes import PixelBox
    from tagger.dataset import Sample

DATA = ("myntra", "myntra-by-eye")
JUDGED = ("pattern", "base_colour", "category")
TOLD = ("gender", "season", "usage")
_SIZE, _COLOUR_SIZE, _BATCH = 160, 128, 32
_STAGES = ("blocks.2", "blocks.4")
_EDGES = (
    np.array([12, 25, 40, 55, 70, 85, 95]),
    np.array([-25, -10, -4, 4, 10, 25, 45]),
    np.array([-35, -15, -5, 5, 15, 30, 50]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Rows whose title does not contradict their fields.

    Attributes:
        rows: N, as the sellers' table has them.
        groups: N; what shares one is one product family.
        looks: (N, C) features of the picture.
        colours: (N, C) features of its colours.
        left_out: Rows whose title contradicts a field.
    """

    rows: tuple[dict[str, str], ...]
    groups: tuple[str, ...]
    looks: NDArray[np.float32]
    colours: NDArray[np.float32]
    left_out: int


def gather(ontology: Ontology, *, study: Path, cache: Path, say: Callable[[str], None]) -> Material:
    """Read the table and embed the pictures; caches are used and filled.

    Args:
        ontology: Of the labels.
        study: Folder of the study of missing labels.
        cache: Folder of this benchmark.
        say: Called with a line now and then.
    """
    from tagger.data_sets import load_data
    from tagger.dataset import shipped_descriptions

    sets = load_data([shipped_descriptions()[name] for name in DATA], ontology)
    held = [sample for samples in sets.validation.values() for sample in samples]
    samples = [*merge_by_picture(sets.training), *merge_by_picture(held)]
    root = sets.descriptions[0].default_root
    with (root / "labels.csv").open(encoding="utf-8", newline="") as stream:
        table = {row["id"]: row for row in csv.DictReader(stream)}
    rows = [table[sample.image.stem] for sample in samples]
    whole = embed(samples, folder=study, say=say)
    middle, colours = _details(samples, study=study, cache=cache, say=say)
    meanings = {name: sets.descriptions[0].vocabulary(name) for name in ("category", "base_colour")}
    keep = [at for at, row in enumerate(rows) if not contradicts(row, ontology, meanings)]
    kept = np.array(keep)
    looks = np.concatenate([standard(whole[kept]), standard(middle[kept])], axis=1)
    return Material(
        rows=tuple(rows[at] for at in keep),
        groups=tuple(samples[at].group for at in keep),
        looks=_reduce(looks, 384),
        colours=_reduce(standard(colours[kept]), 192),
        left_out=len(rows) - len(keep),
    )


def contradicts(
    row: Mapping[str, str], ontology: Ontology, meanings: Mapping[str, Mapping[str, frozenset[str]]]
) -> bool:
    """Tell whether a title ends in the name of another category, or names just one other colour.

    Args:
        row: With `title`, `category` and `base_colour`.
        ontology: Whose names, aliases included, are looked for.
        meanings: Per column, what the source's words stand for.
    """
    words = re.sub(r"[^a-z ]", " ", row["title"].lower().replace("-", "")).split()
    for ending in (" ".join(words[-2:]), "".join(words[-2:]), *words[-1:]):
        named = ontology.find_category(ending)
        if named is not None and ontology.category(named).is_leaf:
            if named not in meanings["category"].get(row["category"], {named}):
                return True
            break
    colours = _named_colours(words, ontology)
    own = meanings["base_colour"].get(row["base_colour"])
    return own is not None and len(colours) == 1 and not colours & own


def _named_colours(words: Sequence[str], ontology: Ontology) -> set[str]:
    """Give the colours that whole words of a title name, the longer names first."""
    left, found = list(words), set()
    for size in (2, 1):
        for at in range(len(left) - size + 1):
            part = " ".join(left[at : at + size])
            value = ontology.find_value(AttributeId("base_colour"), part)
            if value is not None:
                found.add(str(value))
                left[at : at + size] = [""] * size
    return found


def standard(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give features of mean 0 and deviation 1; those that hardly vary stay small."""
    features = features.astype(np.float32)
    spread = np.maximum(features.std(axis=0), 1e-2)
    scaled: NDArray[np.float32] = (features - features.mean(axis=0)) / spread
    return scaled


def _reduce(features: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    from sklearn.decomposition import PCA

    reduced = PCA(size, svd_solver="randomized", random_state=0).fit_transform(features)
    return np.asarray(reduced / reduced[:, :16].std(), dtype=np.float32)


def _details(
    samples: Sequence[Sample], *, study: Path, cache: Path, say: Callable[[str], None]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    path = cache / "details.npz"
    names = [sample.image.stem for sample in samples]
    if not path.exists():
        from tagger.found_boxes import find_boxes

        boxes = find_boxes(samples, cache=study / "boxes.json", workers=1)
        middle, colours = _measure(samples, boxes, say)
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(path, names=names, middle=middle, colours=colours)
    with np.load(path) as stored:
        at = {name: place for place, name in enumerate(stored["names"].tolist())}
        order = [at[name] for name in names]
        return (
            stored["middle"][order].astype(np.float32),
            stored["colours"][order].astype(np.float32),
        )


def _measure(
    samples: Sequence[Sample], boxes: Sequence[PixelBox], say: Callable[[str], None]
) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    import torch

    from tagger.backbone import create_backbone, input_scaling, load_pretrained
    from tagger.crops import cut
    from tagger.images import read_image

    backbone = create_backbone(BACKBONE)
    say(f"embedding with {BACKBONE}, weights from {load_pretrained(backbone, BACKBONE)}")
    backbone = backbone.eval().to(memory_format=torch.channels_last)
    scaling = input_scaling(BACKBONE)
    mean = torch.tensor(scaling.mean).view(1, 3, 1, 1) * 255
    std = torch.tensor(scaling.std).view(1, 3, 1, 1) * 255
    stages: list[torch.Tensor] = []
    for name, module in backbone.named_modules():
        if name in _STAGES:
            module.register_forward_hook(lambda _module, _inputs, out: stages.append(out))
    middle, colours = [], []
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for start in range(0, len(samples), _BATCH):
            crops = []
            chunk = slice(start, start + _BATCH)
            for sample, box in zip(samples[chunk], boxes[chunk], strict=True):
                image = read_image(sample.image, name=sample.id)
                crops.append(cut(image, _middle(box), size=_SIZE, aspect=sample.aspect))
                colours.append(_colour(cut(image, box, size=_COLOUR_SIZE, aspect=sample.aspect)))
            batch = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float()
            stages.clear()
            last = backbone(((batch - mean) / std).to(memory_format=torch.channels_last)).float()
            pooled = [last.mean((2, 3))]
            for stage in stages:
                pooled += [stage.float().mean((2, 3)), stage.float().std((2, 3))]
            middle.append(torch.cat(pooled, dim=1).half().numpy())
            if start % (_BATCH * 32) == 0:
                say(f"measured {start} of {len(samples)} pictures")
    return np.concatenate(middle), np.stack(colours)


def _middle(box: PixelBox) -> PixelBox:
    from tagger.boxes import PixelBox

    return PixelBox(
        x0=box.x0 + 0.22 * box.width,
        x1=box.x1 - 0.22 * box.width,
        y0=box.y0 + 0.18 * box.height,
        y1=box.y1 - 0.26 * box.height,
    )


def _colour(crop: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Give histograms, percentiles and deviations of (S, S, 3) RGB in Lab, for three regions."""
    import cv2
    from PIL import Image as Pillow

    from tagger.foreground import find_foreground

    image: Image = Pillow.fromarray(crop)
    side = crop.shape[0]
    found = find_foreground(image).mask.astype(np.uint8)
    mask = cv2.resize(found, (side, side), interpolation=cv2.INTER_NEAREST) > 0
    lab = cv2.cvtColor(crop.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    centre = np.zeros_like(mask)
    centre[side // 5 : -side // 5, side // 5 : -side // 5] = True
    bins = sum(
        np.searchsorted(edges, lab[..., at]) * 8 ** (2 - at) for at, edges in enumerate(_EDGES)
    )
    parts = []
    for region in (mask, centre & mask, centre):
        chosen = region if region.sum() >= 50 else np.ones_like(mask)
        counts = np.bincount(bins[chosen], minlength=512)
        pixels = lab[chosen]
        percentiles = np.percentile(pixels, [10, 25, 50, 75, 90], axis=0).ravel()
        parts += [np.sqrt(counts / counts.sum()), percentiles / 50, pixels.std(axis=0) / 50]
    return np.concatenate(parts).astype(np.float16)

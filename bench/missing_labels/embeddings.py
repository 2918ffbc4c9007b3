"""Embeddings of pictures by a network that never saw the labels.

The backbone is ImageNet's, frozen, with global average pooling; the shipped weights would leak what
they were taught.

Legend: P pictures, C backbone channels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.boxes import PixelBox
    from tagger.dataset import Sample

BACKBONE = "tf_efficientnet_lite0"
CROP_SIZE = 208
_BATCH = 32


def embed(
    samples: Sequence[Sample],
    *,
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
) -> NDArray[np.float32]:
    """Give one embedding a sample, (P, C), from plain crops of each sample's garment.

    Args:
        samples: One a picture.
        folder: Keeps boxes and embeddings between runs.
        say: Called with a line now and then.
    """
    from tagger.found_boxes import find_boxes

    cached = folder / f"embeddings-{_digest(samples)}.npz"
    if cached.exists():
        with np.load(cached) as stored:
            return np.asarray(stored["embeddings"], dtype=np.float32)
    say(f"finding garments in {len(samples)} pictures")
    boxes = find_boxes(samples, cache=folder / "boxes.json", workers=1)
    found = _run(samples, boxes, say)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(cached, embeddings=found.astype(np.float16))
    return found.astype(np.float16).astype(np.float32)


def _run(
    samples: Sequence[Sample], boxes: Sequence[PixelBox], say: Callable[[str], None]
) -> NDArray[np.float32]:
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
    parts = []
    with torch.inference_mode():
        for start in range(0, len(samples), _BATCH):
            crops = [
                cut(
                    read_image(sample.image, name=sample.id),
                    box,
                    size=CROP_SIZE,
                    aspect=sample.aspect,
                )
                for sample, box in zip(
                    samples[start : start + _BATCH], boxes[start : start + _BATCH], strict=True
                )
            ]
            batch = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float()
            scaled = ((batch - mean) / std).to(memory_format=torch.channels_last)
            parts.append(backbone(scaled).mean(dim=(2, 3)).numpy())
            if start % (_BATCH * 32) == 0:
                say(f"embedded {start} of {len(samples)} pictures")
    return np.concatenate(parts).astype(np.float32)


def _digest(samples: Sequence[Sample]) -> str:
    text = "\n".join([BACKBONE, str(CROP_SIZE), *(str(sample.image) for sample in samples)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]

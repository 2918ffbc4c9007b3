"""A picture that lies among others in one file of a pack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tagger.boxes import PixelBox
from tagger.images import ImageError

__all__ = ["PackedPicture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedPicture:
    """Where a stored picture lies, and the garment in it.

    It holds no open file, so that it can be handed to other processes.

    Attributes:
        file: A shard of the pack.
        offset: First byte of the encoded picture.
        length: Its bytes.
        garment: In pixels of the stored picture: the source's box, or the one that was found when
            the pack was written.
    """

    file: Path
    offset: int
    length: int
    garment: PixelBox

    def read_bytes(self) -> bytes:
        """Read the encoded picture, and no more of the file than that.

        Raises:
            ImageError: If the file cannot be read.
        """
        try:
            with self.file.open("rb") as stream:
                stream.seek(self.offset)
                return stream.read(self.length)
        except OSError as error:
            raise ImageError(f"{self.file}: cannot be read ({error.strerror})") from error

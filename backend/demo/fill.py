"""Fill the demonstration's project: import pictures, see that each gets its prediction."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.demo.pictures import Picture, batches, examine
from backend.demo.processes import DemoError
from backend.demo.project import DemoProject
from backend.demo.state import Source, save_source
from backend.label_studio import LabelStudioError

__all__ = ["Filling", "fill"]

_POLL_S = 1.0
_STALL_S = 12.0
_PATIENCE_S = 6.0
_GIVE_UP_S = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """Where pictures go and who is told about it.

    Attributes:
        project: The project to fill.
        source: Remembers which pictures are in.
        folder: Where that is kept.
        say: Writes a line for the reader.
        check: Raises if a program has ended.
        introduce: Called once, with the first task that is worth opening.
    """

    project: DemoProject
    source: Source
    folder: Path
    say: Callable[[str], None]
    check: Callable[[], None]
    introduce: Callable[[int], None]


def fill(filling: Filling, pictures: Sequence[Picture]) -> None:
    """Import what is not in yet, introduce the first filled task, wait for all predictions.

    Pictures that cannot be tagged are named, and imported last, so that their reason can be seen.

    Raises:
        DemoError: If Label Studio stops answering, or not one picture can be tagged.
    """
    new = [picture for picture in pictures if picture.key not in filling.source.imported]
    if new:
        filling.say(f"importing {len(new)} of {len(pictures)} pictures")
    faulty: list[Picture] = []
    introduced = False
    num_imported = 0
    for batch in batches(_usable(filling, new, faulty)):
        num_imported += _upload(filling, batch)
        if not introduced:
            introduced = _introduce_first(filling)
        if num_imported > len(batch):
            filling.say(f"{num_imported} of {len(new)} imported")
    for batch in batches(picture for picture in faulty if picture.is_importable):
        num_imported += _upload(filling, batch)
    _settle(filling)
    if not introduced and not _introduce_first(filling):
        raise DemoError("not one of these pictures could be pre-annotated; the reasons are above")


def _usable(
    filling: Filling, pictures: Sequence[Picture], faulty: list[Picture]
) -> Iterator[Picture]:
    for picture in pictures:
        filling.check()
        examined = examine(picture)
        if examined.fault:
            outcome = "imported without boxes" if examined.is_importable else "left out"
            filling.say(f"cannot be tagged, {outcome}: {examined.fault}")
            faulty.append(examined)
        else:
            yield examined


def _upload(filling: Filling, batch: Sequence[Picture]) -> int:
    """Import a batch; one by one if it is refused, so that one file costs only itself."""
    try:
        filling.project.upload(batch)
    except (LabelStudioError, OSError) as error:  # OSError: the file went away meanwhile
        if len(batch) == 1:
            filling.say(f"left out: {batch[0].name}: {error}")
            return 0
        filling.check()
        return sum(_upload(filling, [picture]) for picture in batch)
    filling.source.imported.update(picture.key for picture in batch)
    filling.source.faulty.update(picture.key for picture in batch if picture.fault)
    save_source(filling.folder, filling.source)
    return len(batch)


def _introduce_first(filling: Filling) -> bool:
    """Wait until tasks show boxes, and introduce the one that shows most attributes."""
    deadline = time.monotonic() + _GIVE_UP_S
    stalled_at = time.monotonic() + _STALL_S
    patience_ends_at = math.inf
    while time.monotonic() < deadline:
        filling.check()
        tasks = filling.project.first_tasks()
        if not tasks:
            return False
        best = max(tasks, key=_num_shown)  # the earliest of those that show as much
        if _num_shown(best):
            patience_ends_at = min(patience_ends_at, time.monotonic() + _PATIENCE_S)
            missing = [task for task in tasks if not task.get("predictions")]
            if not missing or time.monotonic() > patience_ends_at:
                filling.introduce(int(best["id"]))
                return True
        elif time.monotonic() > stalled_at:
            filling.project.retrieve_predictions([int(task["id"]) for task in tasks])
            stalled_at = time.monotonic() + _STALL_S
        time.sleep(_POLL_S)
    return False


def _num_shown(task: dict[str, Any]) -> int:
    """Count a task's boxes and their attributes; 0 where it has no box."""
    kinds = [
        result.get("type")
        for prediction in task.get("predictions", [])[-1:]
        for result in prediction.get("result", [])
    ]
    return len(kinds) if "rectanglelabels" in kinds else 0


def _settle(filling: Filling) -> None:
    """Wait until every task that can have a prediction has one; push what is stuck."""
    total, num_faulty = filling.project.num_tasks(), len(filling.source.faulty)
    waiting_since = time.monotonic()
    pushed_at = waiting_since
    last = -1
    while True:
        filling.check()
        missing, ids = filling.project.without_prediction()
        if missing <= num_faulty:
            filling.say(f"{total - missing} of {total} tasks are pre-annotated")
            return
        now = time.monotonic()
        if missing != last:
            last, waiting_since = missing, now
        elif now - waiting_since > _GIVE_UP_S:
            filling.say(f"{missing} of {total} tasks have no prediction yet; /jobs says why")
            return
        elif now - max(waiting_since, pushed_at) > _STALL_S:
            filling.project.retrieve_predictions(ids)
            pushed_at = time.monotonic()
        time.sleep(_POLL_S)

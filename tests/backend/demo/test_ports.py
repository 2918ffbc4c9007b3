from __future__ import annotations

from pathlib import Path

import pytest

from backend.demo.ports import Ports
from backend.demo.processes import DemoError, free_port


def test_a_port_is_promised_to_one_demonstration_before_anything_listens(tmp_path: Path) -> None:
    wanted = free_port(0)

    with Ports(tmp_path) as one, Ports(tmp_path) as other:
        assert one.choose(wanted) == wanted
        assert other.choose(wanted) not in {0, wanted}


def test_one_demonstration_gets_different_ports(tmp_path: Path) -> None:
    wanted = free_port(0)

    with Ports(tmp_path) as ports:
        assert ports.choose(wanted) != ports.choose(wanted)


def test_a_port_is_let_go_at_the_end(tmp_path: Path) -> None:
    wanted = free_port(0)
    with Ports(tmp_path) as ports:
        ports.choose(wanted)

    with Ports(tmp_path) as later:
        assert later.choose(wanted) == wanted


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    wanted = free_port(0)

    with Ports(place) as ports, pytest.raises(DemoError, match=r"cannot write .*port"):
        ports.choose(wanted)

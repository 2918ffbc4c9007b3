"""The container files follow what Label Studio needs (there is no Docker where the tests run)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    found: dict[str, Any] = compose["services"]
    return found


def test_label_studio_may_call_private_addresses(services: dict[str, Any]) -> None:
    assert services["label-studio"]["environment"]["USE_DEFAULT_BANNED_SUBNETS"] == "false"


def test_label_studio_version_is_the_one_that_is_tested(services: dict[str, Any]) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    tested = re.search(r"^LABEL_STUDIO_VERSION := (\S+)", makefile, flags=re.M)

    assert tested
    assert services["label-studio"]["image"].endswith(f":{tested[1]}")


def test_backend_is_called_by_a_name_with_a_dot(services: dict[str, Any]) -> None:
    (alias,) = services["backend"]["networks"]["inside"]["aliases"]
    (option,) = [word for word in services["connect"]["command"] if word.startswith("--backend=")]

    assert "." in alias
    assert option == f"--backend=http://{alias}:9090"


def test_ports_are_published_on_loopback_only(services: dict[str, Any]) -> None:
    for service in services.values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_no_secret_has_a_default(services: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")

    for name in ("LABEL_STUDIO_PASSWORD", "LABEL_STUDIO_USER_TOKEN", "WEFT_WEBHOOK_SECRET"):
        assert set(re.findall(rf"\$\{{{name}([^}}]*)\}}", text)) == {":?set it in .env"}


def test_variables_of_the_example_are_those_that_compose_asks_for() -> None:
    wanted = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text("utf-8")))
    example = (ROOT / "docker.env.example").read_text("utf-8")

    assert set(re.findall(r"^(\w+)=", example, flags=re.M)) == wanted


def test_backend_settings_in_the_containers_exist(services: dict[str, Any]) -> None:
    known = {f"WEFT_{name.upper()}" for name in Settings.model_fields}
    used = set(re.findall(r"^\s+(WEFT_\w+)=", (ROOT / "Dockerfile").read_text("utf-8"), re.M))
    for service in services.values():
        used |= {name for name in service["environment"] if name.startswith("WEFT_")}

    assert used <= known


def test_image_runs_as_an_ordinary_user() -> None:
    assert re.search(r"^USER weft$", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M)

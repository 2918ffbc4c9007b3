"""Everything that can be set, read once from `WEFT_...` variables and passed down."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ontology.errors import CatalogError

__all__ = ["Settings", "SettingsError", "load_settings"]

_MIB = 1024 * 1024


class SettingsError(CatalogError):
    """A setting has a value that cannot be used."""


def _default_data_dir() -> Path:
    return platformdirs.user_data_path("weft")


class Settings(BaseSettings):
    """The settings of one server process; `docs/settings.md` explains each of them.

    Sizes are in bytes, durations in seconds.
    """

    model_config = SettingsConfigDict(env_prefix="WEFT_", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=9090, ge=0, le=65535)
    server_threads: int = Field(default=16, ge=5, le=256)
    data_dir: Path = Field(default_factory=_default_data_dir)
    database_url: str = ""

    model: str = ""
    device: str = "auto"
    torch_threads: int = Field(default=0, ge=0, le=1024)
    regions: Literal["auto", "detect", "whole"] = "auto"
    show_rendered: bool = False
    mark_doubtful: bool = True
    batch_size: int = Field(default=16, ge=1, le=512)
    cache_bytes: int = Field(default=64 * _MIB, ge=0)

    label_studio_url: str = ""
    label_studio_token: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr("")
    public_url: str = ""
    delete_old_predictions: bool = False
    auto_rollback: bool = True

    reviewers: Annotated[tuple[str, ...], NoDecode] = ()
    review_secret: SecretStr = SecretStr("")

    local_roots: Annotated[tuple[Path, ...], NoDecode] = ()
    allow_private_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    fetch_workers: int = Field(default=8, ge=1, le=128)
    fetch_timeout_s: float = Field(default=20.0, gt=0)
    fetch_attempts: int = Field(default=3, ge=1, le=10)
    max_image_bytes: int = Field(default=32 * _MIB, ge=1024)
    max_image_pixels: int = Field(default=80_000_000, ge=64)

    predict_deadline_s: float = Field(default=80.0, gt=0)
    open_deadline_s: float = Field(default=20.0, gt=0)
    max_request_bytes: int = Field(default=32 * _MIB, ge=1024)

    blind_share: float = Field(default=0.05, ge=0, le=1)
    reconcile_minutes: float = Field(default=15.0, ge=0)
    max_sent_regions: int = Field(default=200_000, ge=0)

    accepted_weight: float = Field(default=0.3, ge=0, le=1)
    retrain_after: int = Field(default=200, ge=0)
    retrain_every_h: float = Field(default=0.0, ge=0)
    retrain_speed: Literal["fast", "full"] = "fast"
    retrain_settle_s: float = Field(default=10.0, ge=0)
    retrain_threads: int = Field(default=0, ge=0, le=1024)
    retrain_picture_bytes: int = Field(default=2048 * _MIB, ge=0)
    base_data: Annotated[tuple[Path, ...], NoDecode] = ()

    log_json: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("local_roots", "base_data", mode="before")
    @classmethod
    def _split_paths(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(Path(part).expanduser() for part in value.split(os.pathsep) if part.strip())

    @field_validator("local_roots", "base_data")
    @classmethod
    def _absolute_roots(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(Path(os.path.abspath(path)) for path in value)  # noqa: PTH100 - no IO here

    @field_validator("allow_private_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            return parts
        return tuple(
            part.strip().lower() for part in parts if isinstance(part, str) and part.strip()
        )

    @field_validator("reviewers", mode="before")
    @classmethod
    def _split_reviewers(cls, value: object) -> object:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            return parts
        return tuple(str(part).strip() for part in parts if str(part).strip())

    @field_validator("data_dir")
    @classmethod
    def _expand_home(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("label_studio_url", "public_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        value = value.strip().rstrip("/")
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("expected an address such as http://localhost:8080")
        return value

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach the server."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment; keyword arguments win over it.

    Raises:
        SettingsError: If a value is of the wrong kind or out of range; names each of them.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        faults = "; ".join(
            f"WEFT_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(f"settings cannot be used: {faults}; see docs/settings.md") from None

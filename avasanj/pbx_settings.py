"""One of several PBXs, as AVASANJ_PBXS names it: what is not said there is as the single settings have it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

#: Where a field here is called otherwise than among the single settings.
_SETTING = {
    "host": "ami_host",
    "port": "ami_port",
    "user": "ami_user",
    "secret": "ami_secret",
    "tls": "ami_tls",
    "ca_file": "ami_ca_file",
    "tls_name": "ami_tls_name",
    "paused": "ami_paused",
    "language": "call_language",
}


class PbxSettings(BaseModel):
    """A PBX's own settings; None: as the single setting of that name says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: int | None = Field(None, ge=1, le=65535)
    user: str | None = None
    secret: SecretStr | None = None
    tls: bool | None = None
    ca_file: Path | None = None
    tls_name: str | None = None
    paused: bool | None = None
    record_calls: bool | None = None
    recordings_dir: list[Path] | None = None
    recordings_urls: list[str] | None = None
    recording_wait_s: float | None = Field(None, gt=0)
    inbound_contexts: list[str] | None = None
    local_extension_digits: int | None = Field(None, ge=2, le=7)
    phone_region: str | None = Field(None, min_length=2, max_length=2)
    phone_area_code: str | None = None
    own_numbers: list[str] | None = None
    cdr_csv: Path | None = None
    cdr_database_url: SecretStr | None = None
    cdr_timezone: str | None = None
    language: Literal["fa", "en", "auto"] | None = None

    def overrides(self) -> dict[str, object]:
        """The single settings, by name, that are different for this PBX."""
        return {_SETTING.get(name, name): value for name, value in self if value is not None}

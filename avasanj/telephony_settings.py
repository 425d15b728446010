"""The settings of telephony: the PBXs, how their calls are read, and where their recordings lie."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from avasanj.pbx_settings import PbxSettings

_PORT, _TLS_PORT = 5038, 5039


def split_commas(value: object) -> object:
    """The parts of a value written with commas; anything else as it is."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class TelephonySettings(BaseSettings):
    """The part of `Settings` that is about PBXs and recordings."""

    # Where recordings lie
    recordings_dir: Annotated[list[Path], NoDecode] = Field(
        default=[Path("/var/spool/asterisk/monitor")],
        description="Folders in which the PBX's recordings lie, separated by colons. A recording elsewhere is refused.",
    )
    recordings_urls: Annotated[list[str], NoDecode] = Field(
        default=[],
        description="The same on other machines, separated by commas: sftp://user@host/folder or s3://bucket/folder.",
    )
    sftp_key_file: Path | None = Field(
        None, description="Private key for SFTP; unset: the keys in ~/.ssh and those of an SSH agent."
    )
    sftp_password: SecretStr | None = Field(None, description="Password for SFTP where no key is used. Never logged.")
    sftp_known_hosts: Path | None = Field(
        None, description="File of the SFTP servers' host keys; unset: ~/.ssh/known_hosts. An unknown host is refused."
    )
    s3_endpoint: str | None = Field(
        None, description="Address of an S3 server that is not Amazon's, e.g. https://s3.example.org."
    )
    s3_access_key: str | None = Field(
        None, description="Access key for S3; unset: as Amazon's own tools find it (AWS_ACCESS_KEY_ID, ~/.aws)."
    )
    s3_secret_key: SecretStr | None = Field(None, description="Secret of that access key. Never logged.")
    fetched_keep_days: float = Field(
        0.0,
        ge=0,
        description="Days for which a recording fetched from elsewhere is kept here; 0: until its call is transcribed.",
    )
    fetched_most_mb: int = Field(
        2000, ge=1, description="Room for recordings fetched from elsewhere; beyond it the oldest are removed."
    )

    # The PBX
    ami_host: str | None = Field(
        None, description="Address of Asterisk's manager interface (AMI); unset: no live calls."
    )
    ami_port: int = Field(
        5038, ge=1, le=65535, description="Port of the manager interface. Where it is not set and TLS is on: 5039."
    )
    ami_user: str = Field("avasanj", description="User in manager.conf.")
    ami_secret: SecretStr | None = Field(None, description="That user's secret. Never logged.")
    ami_tls: bool = Field(
        default=False, description="on: the manager connection is encrypted and its certificate checked."
    )
    ami_ca_file: Path | None = Field(
        None,
        description="PEM file of whoever signed Asterisk's certificate (or that certificate); unset: the system's.",
    )
    ami_tls_name: str | None = Field(
        None, description="Name in Asterisk's certificate where it is another than AVASANJ_AMI_HOST."
    )
    ami_paused: bool = Field(default=False, description="on: leave the PBX alone for now; its calls are not followed.")
    pbx_name: str = Field("pbx", min_length=1, max_length=60, description="The name under which pages show this PBX.")
    pbxs: dict[str, PbxSettings] = Field(
        default={},
        description="Several PBXs, as JSON: name to host, port, user, secret and whatever else is different there.",
    )
    record_calls: bool = Field(
        default=False,
        description="Start the recording ourselves when an agent answers (needs AMI write privilege 'system'); off: the dialplan records.",
    )
    recording_wait_s: float = Field(
        30.0, gt=0, description="How long to wait for a recording after the call has ended."
    )
    mute_at_most_s: float = Field(
        300.0,
        ge=0,
        description="A muted recording goes on by itself after this time; 0: only when somebody resumes it.",
    )
    cdr_csv: Path | None = Field(
        None,
        description="Asterisk's Master.csv, from which calls are repaired whose events were missed in part; unset: not from a file.",
    )
    cdr_database_url: SecretStr | None = Field(
        None,
        description="The same from a database with Asterisk's tables cdr and cel (FreePBX: asteriskcdrdb), read only. Never logged.",
    )
    cdr_timezone: str | None = Field(
        None, description="Zone (IANA name) of the times in Asterisk's call records; unset: AVASANJ_TIMEZONE."
    )
    journal_keep_days: int = Field(30, ge=1, description="Days for which raw PBX events are kept.")
    inbound_contexts: Annotated[list[str], NoDecode] = Field(
        default=[
            "from-trunk",
            "from-pstn",
            "from-did-direct",
            "from-external",
            "from-dahdi",
            "from-zaptel",
            "from-sip-external",
        ],
        description="Dialplan contexts in which calls from outside begin, separated by commas; "
        "a longer name that begins with one and a dash counts too.",
    )
    local_extension_digits: int = Field(
        5, ge=2, le=7, description="A number of at most this many digits is an extension of the PBX, not a customer."
    )
    repeat_call_hours: float = Field(
        72.0,
        gt=0,
        le=8760,
        description="An incoming call within this many hours of the customer's one before repeats it.",
    )
    service_level_s: int = Field(
        20, ge=1, le=3600, description="Seconds within which a caller should be answered: the wall's service level."
    )

    @field_validator("recordings_dir", mode="before")
    @classmethod
    def _folders(cls, value: object) -> object:
        return [part for part in value.split(":") if part] if isinstance(value, str) else value

    @field_validator("pbxs")
    @classmethod
    def _pbx_names(cls, value: dict[str, PbxSettings]) -> dict[str, PbxSettings]:
        """A PBX's name is part of its calls' identity and of its journal's folder."""
        folders = {re.sub(r"[^\w.-]", "_", name) for name in value}
        if len(folders) < len(value) or not all(0 < len(name) <= 60 for name in value):
            raise ValueError("each PBX needs a name of 1 to 60 letters and digits that is unlike the others'")
        return value

    @field_validator("recordings_dir")
    @classmethod
    def _no_urls(cls, value: list[Path]) -> list[Path]:
        if any(str(path).startswith("//") for path in value):
            raise ValueError("a place on another machine belongs into AVASANJ_RECORDINGS_URLS")
        return value

    @field_validator("inbound_contexts", "recordings_urls", mode="before")
    @classmethod
    def _lists(cls, value: object) -> object:
        return split_commas(value)

    @model_validator(mode="after")
    def _port_of_tls(self) -> Self:
        if self.ami_tls and "ami_port" not in self.model_fields_set:
            self.ami_port = _TLS_PORT
        return self

    def each_pbx(self) -> list[Self]:
        """Settings for each PBX by itself: its own where AVASANJ_PBXS has them, under its own name. Empty: no live calls."""
        single = self.model_copy(update={"pbxs": {}})
        found = [single] if self.ami_host is not None else []
        for name, pbx in self.pbxs.items():
            own = pbx.overrides()
            if "ami_port" not in own and "ami_port" not in self.model_fields_set:
                own["ami_port"] = _TLS_PORT if own.get("ami_tls", self.ami_tls) else _PORT
            found.append(single.model_copy(update={**own, "pbx_name": name}))
        return found

    @property
    def every_recordings_url(self) -> list[str]:
        """The same on other machines."""
        others = [url for pbx in self.pbxs.values() for url in pbx.recordings_urls or ()]
        return [*dict.fromkeys([*self.recordings_urls, *others])]

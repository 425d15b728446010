"""Every setting, in one class: prefix AVASANJ_, the unit in the name, a default that is safe on first start."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic_settings
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from avasanj.errors import SettingsError
from avasanj.pbx_settings import PbxSettings

_PORT, _TLS_PORT = 5038, 5039


def default_data_dir() -> Path:
    """Where everything is kept unless told otherwise: the system's place for root, the user's own for a user."""
    if os.geteuid() == 0:
        return Path("/var/lib/avasanj")
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share")) / "avasanj"


class Settings(BaseSettings):
    """What a center can set. Read from the environment, `./avasanj.env` and `avasanj.env` in the data folder."""

    model_config = SettingsConfigDict(env_prefix="AVASANJ_", extra="ignore", env_file_encoding="utf-8-sig")

    # Places
    data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder of the database, models, journal and playback files."
    )
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
    database_url: SecretStr | None = Field(
        None,
        description="postgresql://user:password@host/name of a server of your own; unset: the embedded PostgreSQL.",
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

    # Numbers, language, calendar
    phone_region: str = Field(
        "IR", min_length=2, max_length=2, description="Country (ISO 3166) in which national numbers are read."
    )
    phone_area_code: str | None = Field(None, description="Area code put before local numbers, e.g. 021.")
    own_numbers: Annotated[list[str], NoDecode] = Field(
        default=[], description="The center's own numbers, separated by commas: never taken for a customer."
    )
    language: Literal["fa", "en"] = Field(
        "fa", description="Language of calls whose queue has none set, and of pages before log-in."
    )
    queue_languages: dict[str, Literal["fa", "en"]] = Field(
        default={}, description='Language per queue, as JSON: {"support": "fa", "intl": "en"}.'
    )
    queue_wrap_up_s: dict[str, float] = Field(
        default={},
        description='Seconds of wrap-up per queue, as JSON: {"support": 15}, where the PBX gives its members none of their own.',
    )
    timezone: str = Field("Asia/Tehran", description="The center's zone (IANA name), in which pages show times.")

    # Speech and scoring
    speech_model: str = Field(
        "whisper-base", description="Folder name under models, or a path to a CTranslate2 Whisper model."
    )
    speech_compute_type: str = Field(
        "int8", description="CTranslate2 compute type; int8 for a CPU, int8_float16 for a GPU."
    )
    speech_device: Literal["cpu", "cuda", "auto"] = Field("cpu", description="Where speech models run.")
    threads: int = Field(2, ge=1, le=64, description="Processor threads for each model.")
    model_idle_s: float = Field(
        300.0, ge=0, description="Seconds without work after which a model leaves the memory; 0: never."
    )

    # Follow-ups
    dissatisfied_above: float = Field(
        0.6, ge=0, le=1, description="Probability from which a call counts as dissatisfied."
    )
    follow_up_within_h: float = Field(
        4.0, gt=0, description="Hours within which a dissatisfied or abandoned caller is to be called back."
    )

    import_acts_within_days: float = Field(
        7.0,
        ge=0,
        description="An imported call that ended longer ago opens no follow-up and is not told to other systems.",
    )

    # Webhook
    webhook_url: str | None = Field(
        None, description="Address that receives signed events (CloudEvents, Standard Webhooks)."
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Signing secret, whsec_ and base64; `openssl rand -base64 32` makes one."
    )
    webhook_timeout_s: float = Field(10.0, gt=0, description="How long a receiver may take to answer.")
    webhook_attempts: int = Field(
        12, ge=1, description="Tries, with growing pauses, before an event waits for a person."
    )

    # The dashboard
    web_host: str = Field("127.0.0.1", description="Address the dashboard listens on.")
    web_port: int = Field(8080, ge=1, le=65535, description="Port the dashboard listens on.")
    public_url: str | None = Field(
        None, description="Address under which people reach the dashboard, e.g. https://calls.example.org."
    )
    session_hours: float = Field(12.0, gt=0, description="Hours until a log-in ends.")
    metrics_token: SecretStr | None = Field(
        None, description="Bearer token for /metrics from elsewhere; unset: loopback only."
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")

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

    @field_validator("own_numbers", "inbound_contexts", "recordings_urls", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _port_of_tls(self) -> Self:
        if self.ami_tls and "ami_port" not in self.model_fields_set:
            self.ami_port = _TLS_PORT
        return self

    def each_pbx(self) -> list[Settings]:
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
    def recordings_dirs(self) -> list[Path]:
        """Roots under which a recording may lie: the PBXs' folders and our own archive."""
        others = [folder for pbx in self.pbxs.values() for folder in pbx.recordings_dir or ()]
        return [*dict.fromkeys([*self.recordings_dir, *others]), self.data_dir / "archive"]

    @property
    def every_recordings_url(self) -> list[str]:
        """The same on other machines."""
        others = [url for pbx in self.pbxs.values() for url in pbx.recordings_urls or ()]
        return [*dict.fromkeys([*self.recordings_urls, *others])]

    @property
    def media_dir(self) -> Path:
        return self.data_dir / "media"

    @property
    def fetched_dir(self) -> Path:
        """Copies of recordings that lie on other machines."""
        return self.data_dir / "fetched"

    @property
    def journal_dir(self) -> Path:
        return self.data_dir / "journal"

    @property
    def models_dir(self) -> Path:
        return self.data_dir / "models"

    @property
    def postgres_dir(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def metrics_dir(self) -> Path:
        """Where the processes of this machine put their counters together."""
        return self.data_dir / "metrics"

    @property
    def speech_model_path(self) -> Path:
        """The speech model's folder: a path as it is, a bare name under the models."""
        return Path(self.speech_model) if "/" in self.speech_model else self.models_dir / self.speech_model

    @property
    def address(self) -> str:
        """The dashboard's address as a person types it."""
        return (self.public_url or f"http://{self.web_host}:{self.web_port}").rstrip("/")


def load_settings(**overrides: object) -> Settings:
    """Settings from the files and the environment, `overrides` winning.

    Raises SettingsError naming the variable, the value's fault and nothing secret.
    """
    try:
        first = Settings(_env_file="avasanj.env", **overrides)  # type: ignore[call-arg, arg-type]
        files = (first.data_dir / "avasanj.env", Path("avasanj.env"))
        return Settings(_env_file=files, **overrides)  # type: ignore[call-arg, arg-type]
    except ValidationError as error:
        faults = "; ".join(f"AVASANJ_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"A setting can't be used: {faults}. See docs/settings.md.") from None
    except pydantic_settings.SettingsError as error:
        name = re.search(r'field "(\w+)"', str(error))
        field = f"AVASANJ_{name[1].upper()}" if name else "one"
        raise SettingsError(
            f"A setting can't be read as JSON: {field}. docs/settings.md shows how it is written."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{error.filename} can't be read: {error.strerror}. Let the user that runs Avasanj read it, "
            "or set AVASANJ_DATA_DIR to a folder of your own."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError("An avasanj.env is not text in UTF-8. Save it as UTF-8.") from None

"""Every setting, in one class: prefix AVASANJ_, the unit in the name, a default that is safe on first start."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

import pydantic_settings
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from avasanj.errors import SettingsError
from avasanj.scoring_settings import ScoringSettings
from avasanj.speech_settings import SpeechSettings
from avasanj.telephony_settings import TelephonySettings, split_commas


def default_data_dir() -> Path:
    """Where everything is kept unless told otherwise: the system's place for root, the user's own for a user."""
    if os.geteuid() == 0:
        return Path("/var/lib/avasanj")
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share")) / "avasanj"


class Settings(ScoringSettings, SpeechSettings, TelephonySettings):
    """What a center can set. Read from the environment, `./avasanj.env` and `avasanj.env` in the data folder."""

    model_config = SettingsConfigDict(env_prefix="AVASANJ_", extra="ignore", env_file_encoding="utf-8-sig")

    # Places
    data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder of the database, models, journal and playback files."
    )
    database_url: SecretStr | None = Field(
        None,
        description="postgresql://user:password@host/name of a server of your own; unset: the embedded PostgreSQL.",
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
    queue_wrap_up_s: dict[str, float] = Field(
        default={},
        description='Seconds of wrap-up per queue, as JSON: {"support": 15}, where the PBX gives its members none of their own.',
    )
    timezone: str = Field("Asia/Tehran", description="The center's zone (IANA name), in which pages show times.")

    # Models of speech and scoring
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

    @field_validator("own_numbers", mode="before")
    @classmethod
    def _numbers(cls, value: object) -> object:
        return split_commas(value)

    @property
    def recordings_dirs(self) -> list[Path]:
        """Roots under which a recording may lie: the PBXs' folders and our own archive."""
        others = [folder for pbx in self.pbxs.values() for folder in pbx.recordings_dir or ()]
        return [*dict.fromkeys([*self.recordings_dir, *others]), self.data_dir / "archive"]

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
        """The speech model's folder."""
        return self.model_path(self.speech_model)

    def model_path(self, name: str) -> Path:
        """A model's folder: a name under the models (owner/model is kept there as owner--model), or a path."""
        kept = self.models_dir / name.replace("/", "--")
        return Path(name) if "/" in name and not kept.is_dir() else kept

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

"""Options, environment and file to the settings of the service, each with its meaning and default."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from earmark.errors import FileMissing, InvalidRequest

PREFIX = "EARMARK_"
FILE = "earmark.toml"
FILE_VARIABLE = "EARMARK_SETTINGS"

Port = Annotated[int, Field(ge=0, le=65_535)]
# In the environment a list is written with commas.
Ports = Annotated[tuple[Port, ...], NoDecode]
Origins = Annotated[tuple[str, ...], NoDecode]
Waits = Annotated[tuple[Annotated[float, Field(ge=0, le=86_400)], ...], NoDecode]


class Settings(BaseSettings):
    """What can be set; the descriptions are what `earmark settings` and docs/settings.md show."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for every interface.")
    ports: Ports = Field((8080,), description="Ports to listen on, by TLS where there is a certificate.")
    plain_ports: Ports = Field(
        (), description="Ports to listen on without TLS although there is a certificate."
    )
    tls_cert: Path | None = Field(None, description="PEM file with the certificate and its chain.")
    tls_key: Path | None = Field(None, description="PEM file with the certificate's private key.")
    bootstrap_key: SecretStr | None = Field(
        None, description="First API key of a new store, instead of one that is made and shown once."
    )
    model: str | None = Field(
        None, description="A model of `earmark models list`; the one that ships if unset."
    )
    fmr: float = Field(
        0.001, gt=0, lt=0.5, description="False-match rate that decisions are set to, unless a tenant's are."
    )
    fpir: float = Field(
        0.01,
        gt=0,
        lt=0.5,
        description="Share of strangers that /v1/identify takes for somebody, unless a tenant says another; "
        "the other APIs' searches keep `fmr` for each comparison.",
    )
    azure_lock_out: bool = Field(
        False,
        description="Whether passphrases tried through Azure's APIs count, and lock a profile after five "
        "that failed in a row, as they do through /v1.",
    )
    workers: int = Field(0, ge=0, le=256, description="Recordings worked on at once; 0 for one a processor.")
    queue: int = Field(64, ge=0, le=10_000, description="Requests that may wait for a worker; more get 429.")
    upload_bytes: int = Field(64 << 20, ge=1_024, description="Most bytes of one request's body.")
    upload_seconds: float = Field(
        60.0, gt=0, description="Most seconds that a request's body may take to arrive."
    )
    header_seconds: float = Field(
        10.0, gt=0, description="Most seconds that a request's header may take to arrive."
    )
    idle_seconds: float = Field(300.0, gt=0, description="Seconds after which a silent WebSocket is closed.")
    connections: int = Field(1_000, ge=1, description="Most connections at once; more get 503.")
    drain_seconds: float = Field(
        30.0, ge=0, description="Most seconds that running requests get when it stops."
    )
    max_profiles: int = Field(10_000, ge=1, description="Most profiles of a kind that a tenant may make.")
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL database, postgresql://..., instead of the file in the home folder."
    )
    media_url: str | None = Field(
        None,
        description="Where recordings for jobs are kept, sealed: a folder, or such as s3://bucket/path; the "
        "folder media of the home folder if unset.",
    )
    job_workers: int = Field(
        1,
        ge=0,
        le=64,
        description="Jobs that each process works on at once; 0 for none. Processes that share a database "
        "share the number: set it alike.",
    )
    most_jobs: int = Field(200, ge=1, description="Most unfinished jobs of a tenant; more get 429.")
    most_jobs_all: int = Field(2_000, ge=1, description="Most unfinished jobs of all tenants; more get 429.")
    job_seconds: float = Field(86_400.0, gt=0, description="Most seconds that one job may run.")
    output_hours: float = Field(
        24.0, ge=0, description="Hours after a job's end until what was asked and what came of it is removed."
    )
    job_hours: float = Field(168.0, ge=0, description="Hours after a job's end until nothing is left of it.")
    media_hours: float = Field(48.0, gt=0, description="Hours after its upload until a recording is removed.")
    media_bytes: int = Field(1 << 30, ge=1_024, description="Most bytes of one recording for jobs.")
    tenant_media_bytes: int = Field(
        20 << 30, ge=1_024, description="Most bytes of all recordings that a tenant has uploaded."
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="Address of the service in links that it hands out; that of the request if unset.",
    )
    outgoing: Literal["public", "any", "none"] = Field(
        "public",
        description="Machines that recordings are fetched from and webhooks called on: public, not those of "
        "the own network; any; or none.",
    )
    webhook_plain_http: bool = Field(False, description="Whether webhooks may have addresses without TLS.")
    webhook_waits: Waits = Field(
        (0.0, 60.0, 300.0), max_length=10, description="Seconds before each new attempt to call a webhook."
    )
    cors_origins: Origins = Field(
        (), description="Origins of web pages that may call the service; * for all."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level logged.")
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="Form of log lines; auto is text on a terminal and JSON elsewhere."
    )

    @field_validator("ports", "plain_ports", "cors_origins", "webhook_waits", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @model_validator(mode="after")
    def _together(self) -> "Settings":
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together: give both or none")
        if self.plain_ports and self.tls_cert is None:
            raise ValueError("plain_ports means something only with tls_cert and tls_key: use ports")
        if not self.ports and not self.plain_ports:
            raise ValueError("there is no port to listen on: give one in ports")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options come before the environment; `load_settings` puts the file below both."""
        return init_settings, env_settings


def load_settings(home: Path, **options: Any) -> Settings:
    """Read the settings: options that are not None, else the environment, else the file, else the default.

    The file is `earmark.toml` in the home folder, or the one that EARMARK_SETTINGS names. Raises
    InvalidRequest for a value or a name that is wrong, FileMissing for a named file that is not there.
    """
    given = {name: value for name, value in options.items() if value is not None}
    written = _read_file(home)
    set_outside = {name for name in written if os.environ.get(PREFIX + name.upper())}
    try:
        return Settings(**{name: value for name, value in written.items() if name not in set_outside} | given)
    except ValidationError as error:
        problems = "; ".join(_problem(one) for one in error.errors(include_input=False, include_url=False))
        raise InvalidRequest(f"{problems}. `earmark settings` lists all settings.") from None


def _read_file(home: Path) -> dict[str, Any]:
    named = os.environ.get(FILE_VARIABLE)
    path = Path(named) if named else home / FILE
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        if named:
            raise FileMissing(
                f"There is no file {path}, which {FILE_VARIABLE} names: check the path."
            ) from None
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The settings file {path} cannot be read ({error}): mend it.") from None


def _problem(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"][:1])
    if error["type"] == "extra_forbidden":
        return f"There is no setting {where}"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"The setting {where} is wrong: {message[:1].lower()}{message[1:]}" if where else message

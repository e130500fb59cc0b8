"""Everything that can be set, in one typed object: flags over environment over `maquette.toml` over defaults.

Environment names are MAQUETTE_ and the field's name (`MAQUETTE_PORT`, `MAQUETTE_LIMITS__IMAGES`), besides
OPENAI_BASE_URL and OPENAI_API_KEY, which are what every chat-completions client reads.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from generators.remote import Server
from generators.speed import Speed, checked
from tools.api import Limits


class SettingsError(ValueError):
    """A setting has a value that cannot be used; one sentence says which."""


def default_data_folder() -> Path:
    """Where this platform keeps the data of a user's programs."""
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "maquette"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "maquette"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "maquette"


class Settings(BaseSettings):
    """What the studio is started with. Times are in seconds."""

    model_config = SettingsConfigDict(env_prefix="MAQUETTE_", env_nested_delimiter="__", toml_file="maquette.toml",
                                      extra="forbid", frozen=True, populate_by_name=True, env_ignore_empty=True)

    data: Path = Field(default_factory=default_data_folder)
    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=1, le=65535)
    password: SecretStr | None = Field(default=None, min_length=8, description="asked for by the page")
    language: str = Field(default="en", min_length=1, description="of the page's own words")
    generator: str = Field(default="diffusion", min_length=1)
    planner: str = Field(default="auto", min_length=1)
    planner_model: str = "gpt-5-mini"
    openai_base_url: str | None = Field(default=None, validation_alias=AliasChoices(
        "OPENAI_BASE_URL", "openai_base_url"))
    openai_api_key: SecretStr | None = Field(default=None, validation_alias=AliasChoices(
        "OPENAI_API_KEY", "openai_api_key"))
    limits: Limits = Field(default_factory=Limits)
    repairs: int = Field(default=2, ge=0, le=20, description="repairs after one picture; 0 switches them off")
    questions: int = Field(default=2, ge=0, le=20, description="most questions in a row; 0: never ask, guess")
    routing: bool = Field(default=True, description="choose model and road by what was measured; what the user named "
                                                    "stays")
    memory: bool = Field(default=True, description="keep preferences that are said once, in the data folder")
    chunk_seconds: float = Field(default=60.0, gt=0, description="longest silence of a planner's server")
    planner_seconds: float = Field(default=180.0, gt=0, description="longest time for one planner's reply")
    planner_sees: bool = Field(default=False, description="show the planner's server the picture with the notes that "
                                                          "the user drew on it; else it gets no pixels at all")
    planner_tokens: int = Field(default=2048, ge=16, description="longest reply of a planner")
    matcher: str = Field(default="", description="what compares pictures with words, a folder or a hub id; the pack's")
    eyes: str = Field(default="auto", min_length=1, description=(
        "what looks at real models' pictures, with commas: auto (what is installed), pack (the pack's critic alone), "
        "none, names that `models` lists, folders, hub ids, openai, openai:MODEL, hf:NAME"))
    servers: dict[str, Server] = Field(default_factory=dict, description="image servers, by the names they get here")
    cache: str = Field(default="", description="which steps of a picture are not computed in full: first-block, "
                                               "taylor, mag; changes pictures")
    compile: str = Field(default="", description="blocks: what denoises is compiled; the first picture waits for it")
    attention: str = Field(default="", description="what computes attention; empty: the library's own choice")
    threads: int | None = Field(default=None, ge=1, le=1024, description="of a model's worker; null: as it sees fit")

    @field_validator("data")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("cache", "compile", "attention")
    @classmethod
    def _there_is_one(cls, value: str, info: ValidationInfo) -> str:
        checked(**{str(info.field_name): value})
        return value

    @property
    def speed(self) -> Speed:
        """The settings that pictures are drawn with."""
        return checked(self.cache, self.compile, self.attention)

    @classmethod
    def settings_customise_sources(cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
                                   env_settings: PydanticBaseSettingsSource,
                                   dotenv_settings: PydanticBaseSettingsSource,
                                   file_secret_settings: PydanticBaseSettingsSource,
                                   ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def automatic_planner(self) -> str:
        """What "auto" means: "openai" where a server is configured, else "embedded"."""
        return "openai" if self.openai_base_url or self.openai_api_key else "embedded"


def load(**flags: Any) -> Settings:
    """Settings with these flags on top; a flag of None was not given. Raises `SettingsError`, one sentence."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None
    except (ValueError, OSError) as error:  # a maquette.toml or a variable that cannot be parsed
        raise SettingsError(f"The settings cannot be read (maquette.toml or MAQUETTE_ variables): {error}") from None


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if "key" in name.lower() or "password" in name.lower():  # never repeat a secret
        return f"The setting {name} is not usable: {first['msg']}."
    return f"The setting {name} is not usable: {first['msg']} (it is {str(first['input'])[:80]!r})."

"""Settings: which source wins, and one sentence for a bad value."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import planners
from agent.api import BadInput
from agent.settings import SettingsError, default_data_folder, load


def test_the_defaults_run_without_a_server() -> None:
    settings = load(data=None)
    assert (settings.host, settings.port, settings.generator) == ("127.0.0.1", 7860, "diffusion")
    assert settings.automatic_planner == "embedded"


def test_flags_beat_the_environment_which_beats_the_file(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "maquette.toml").write_text(
        'port = 1111\nhost = "0.0.0.0"\nplanner_model = "x"\n[limits]\nimages = 2\n')
    monkeypatch.setenv("MAQUETTE_PORT", "2222")
    monkeypatch.setenv("MAQUETTE_HOST", "::1")
    settings = load(port=3333)
    assert (settings.port, settings.host, settings.planner_model, settings.limits.images) == (3333, "::1", "x", 2)


def test_the_data_folder_follows_the_environment(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("MAQUETTE_DATA", str(tmp_path))
    assert load().data == tmp_path
    monkeypatch.delenv("MAQUETTE_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert load().data == default_data_folder() == tmp_path / "share" / "maquette"


@pytest.mark.parametrize(("name", "value"), [
    ("OPENAI_BASE_URL", "http://localhost:8000/v1"), ("OPENAI_API_KEY", "sk-x")])
def test_a_configured_server_is_the_planner(monkeypatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    settings = load()
    assert settings.automatic_planner == "openai"
    assert planners.make("auto", settings, None).name == "openai"  # type: ignore[arg-type]


def test_the_key_is_never_shown(monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-5c0ffee")
    settings = load()
    assert "canary" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(("name", "value"), [("PORT", "99999"), ("PORT", "many"), ("LIMITS__IMAGES", "0"),
                                             ("THREADS", "-1"), ("REPAIRS", "x")])
def test_a_bad_value_is_one_sentence(monkeypatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"MAQUETTE_{name}", value)
    with pytest.raises(SettingsError) as caught:
        load()
    text = str(caught.value)
    assert name.lower().replace("__", ".") in text and value in text and "\n" not in text


def test_a_broken_or_unknown_file_entry_is_one_sentence(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in ("port = = 3", "prot = 3"):
        (tmp_path / "maquette.toml").write_text(text)
        with pytest.raises(SettingsError) as caught:
            load()
        assert "\n" not in str(caught.value).strip()


def test_planners_by_name(tmp_path: Path) -> None:
    settings = load()
    assert planners.make("auto", settings, None).name == "embedded"  # type: ignore[arg-type]
    assert planners.make("hf:some/model", settings, None).name == "local"  # type: ignore[arg-type]
    assert planners.make(str(tmp_path), settings, None).name == "local"  # type: ignore[arg-type]
    for name in ("zork", "hf:", "/no/such/folder", "scripted"):
        with pytest.raises(BadInput, match="There is no planner"):
            planners.make(name, settings, None)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="OPENAI_API_KEY"):
        planners.make("openai", settings, None)  # type: ignore[arg-type]

"""What can be laid over a model here: found in the local cache of the hub and in a folder of one's own."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from generators import catalogue, control_maps, laid, registry
from generators.api import Adapter, Laid, Model, ModelUnavailable, Unsupported
from generators.workshop import Workshop
from tests.generators import tiny_additions, tiny_pipelines


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    room = tmp_path_factory.mktemp("models")
    kinds = {"sd": "StableDiffusionPipeline", "sdxl": "StableDiffusionXLPipeline"}
    return {name: registry.find(str(tiny_pipelines.save(kind, room / name))) for name, kind in kinds.items()}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def snapshot(hub: Path, name: str) -> Path:
    """Where the cache keeps an addition of the catalogue."""
    row = catalogue.addition(name)
    assert row
    return hub / f"models--{row['source'].replace('/', '--')}" / "snapshots" / "1"


def test_nothing_is_here_but_everything_could_be_fetched(models: dict[str, Model], hub: Path) -> None:
    found = laid.here(models["sdxl"])
    assert (found.adapters, found.controls, found.maps, found.likeness) == ((), (), (), ())
    assert found.absent == {"canny": "sdxl-canny", "depth": "sdxl-depth", "pose": "sdxl-pose", "subject":
                            "sdxl-likeness", "style": "sdxl-likeness"}


def test_a_net_of_the_cache_is_followed_by_its_own_models_alone(models: dict[str, Model], hub: Path) -> None:
    tiny_additions.control(Path(models["sd"].source), snapshot(hub, "sd15-canny"))
    found = laid.here(models["sd"])
    assert found.controls == ("canny",) and found.maps == ("canny",) and "canny" not in found.absent
    assert laid.here(models["sdxl"]).controls == ()
    next(snapshot(hub, "sd15-canny").glob("*.safetensors")).unlink()
    assert laid.here(models["sd"]).controls == (), "a download that stopped half-way is none"


def test_a_map_that_nothing_here_makes_can_still_be_given(models: dict[str, Model], hub: Path) -> None:
    tiny_additions.control(Path(models["sd"].source), snapshot(hub, "sd15-depth"))
    found = laid.here(models["sd"])
    assert found.controls == ("depth",) and found.maps == ()
    assert found.absent["depth"] == control_maps.missing("depth") != ""


def test_a_likeness_is_whole_with_its_eyes(models: dict[str, Model], hub: Path, tmp_path: Path) -> None:
    made = tiny_additions.likeness(Path(models["sdxl"].source), tmp_path / "made")
    target = snapshot(hub, "sdxl-likeness") / "sdxl_models"
    target.mkdir(parents=True)
    shutil.move(made / "ip_adapter.safetensors", target / "ip-adapter_sdxl.safetensors")
    assert laid.here(models["sdxl"]).likeness == ()
    shutil.move(made / "image_encoder", target / "image_encoder")
    assert laid.here(models["sdxl"]).likeness == ("subject", "style")


def test_adapters_of_ones_own_go_by_their_names(models: dict[str, Model], hub: Path, tmp_path: Path) -> None:
    folder = tmp_path / "adapters"
    with Workshop([dataclasses.replace(models["sd"], name="tiny")], adapters=folder) as workshop:
        tiny, able = workshop.model("tiny"), models["sd"]
        assert workshop.laid(tiny).adapters == (), "no folder, no adapters"
        tiny_additions.lora(Path(able.source), folder)
        (folder / "pytorch_lora_weights.safetensors").rename(folder / "chalk.safetensors")
        assert workshop.laid(tiny).adapters == ("chalk",)
        workshop.check_adapters(tiny, [Adapter("chalk", 0.5)])
        with pytest.raises(ModelUnavailable, match="There is no adapter 'cheese'"):
            workshop.check_adapters(tiny, [Adapter("cheese")])
        with pytest.raises(Unsupported, match="sketch takes no adapters; tiny can"):
            workshop.check_adapters(workshop.model("sketch"), [Adapter("chalk")])
        assert workshop.laid(workshop.model("sketch")) == Laid()


def test_what_is_fetched_of_repositories_that_hold_more() -> None:
    wanted = {row["name"]: laid.repositories(row) for row in catalogue.additions()}
    assert wanted["sdxl-canny"] == {"diffusers/controlnet-canny-sdxl-1.0": ()}
    assert wanted["sdxl-likeness"] == {"h94/IP-Adapter": ("sdxl_models/ip-adapter_sdxl.safetensors",
                                                          "sdxl_models/image_encoder")}
    assert wanted["flux1-likeness"] == {"openai/clip-vit-large-patch14": (),
                                        "XLabs-AI/flux-ip-adapter": ("ip_adapter.safetensors",)}
    assert wanted["pixel-art-xl"] == {"nerijs/pixel-art-xl": ("pixel-art-xl.safetensors",)}

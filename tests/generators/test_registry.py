"""The catalogue and what else may be named."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from generators import catalogue, geometry, placement, registry, sketch
from generators.api import FAMILIES, Extent, Model, ModelUnavailable


def folder(path, class_name, **configs):
    path.mkdir()
    (path / "model_index.json").write_text(json.dumps({"_class_name": class_name}))
    for part, config in configs.items():
        (path / part).mkdir()
        (path / part / "config.json").write_text(json.dumps(config))
    return path


def test_listing_needs_no_torch():
    code = ("import sys; from generators import registry\n"
            "rows = [registry.describe(m) for m in registry.listed()]; registry.families(); assert rows\n"
            "heavy = {'torch', 'diffusers', 'transformers', 'numpy'} & set(sys.modules); assert not heavy, heavy")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_names_are_unique_and_every_model_is_whole():
    models = registry.listed()
    assert len({m.name for m in models}) == len(models)
    for model in models:
        assert model.family in FAMILIES
        assert model.licence and model.memory_gb > 0
        draws = model.options.get("classes") or model.options.get("parts")
        assert model.capabilities.sizes and (draws or model.capabilities.names() == ["describe"])
        for size in model.capabilities.sizes:
            assert all(side % model.capabilities.multiple == 0 for side in size)


def test_every_listed_family_has_a_file():
    assert {m.options.get("run_by", m.family) for m in registry.listed()} <= set(registry.families())
    assert "sketch" in registry.families()


def test_the_fake_is_there_by_name_only():
    assert all(m.family != "sketch" for m in registry.listed())
    for mode in sketch.MODES:
        assert registry.find(mode).name == mode


def test_a_family_is_its_default_model():
    assert registry.find("diffusion").family == "diffusion"
    assert registry.find("diffusion").name == "pack-diffusion"


def test_a_hub_id_is_its_catalogue_entry():
    assert registry.find("black-forest-labs/FLUX.2-klein-4B").name == "flux2-klein-4b"


@pytest.mark.parametrize("name", ["nothing", "", "../..", "/etc/passwd", "a b", "~nobody/x"])
def test_unknown_names_list_what_there_is(name):
    with pytest.raises(ModelUnavailable, match="pack-diffusion"):
        registry.find(name)


def test_a_hub_id_that_is_not_here_says_how_to_get_it():
    with pytest.raises(ModelUnavailable, match=r"models get somebody/some-model"):
        registry.find("somebody/some-model")


def test_a_folder_of_a_known_class_can_all_that_its_class_can(tmp_path):
    path = folder(tmp_path / "m", "StableDiffusionPipeline", unet={"sample_size": 64},
                  vae={"block_out_channels": [128, 256, 512, 512]})
    model = registry.find(str(path))
    assert model.capabilities.names() == ["generate", "refine", "edit", "inpaint", "negative"]
    assert model.capabilities.takes() == ["regions", "adapters", "controls", "likeness", "batch"]
    assert model.capabilities.sizes[0] == (512, 512)
    assert geometry.supported(Extent(1000, 500), model.capabilities) == (680, 384)


def test_a_folder_of_an_unknown_class_at_least_generates(tmp_path):
    model = registry.find(str(folder(tmp_path / "m", "SomethingNewPipeline")))
    assert model.capabilities.names() == ["generate"]
    assert model.options["classes"] == {"generate": "SomethingNewPipeline"}


@pytest.mark.parametrize("index", ["[]", "{", '{"_class_name": ["my_module", "Evil"]}', '{"_class_name": "a.b/c"}',
                                   '{"_class_name": "Autoregressive", "_sizes": [64]}'])
def test_a_folder_with_a_strange_index_is_refused(tmp_path, index):
    (tmp_path / "model_index.json").write_text(index)
    with pytest.raises(ModelUnavailable):
        registry.find(str(tmp_path))


def test_a_model_in_the_local_hub_cache_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    cache = tmp_path / "models--somebody--some-model"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("abc")
    (cache / "snapshots").mkdir()
    folder(cache / "snapshots" / "abc", "FluxPipeline")
    model = registry.find("somebody/some-model")
    assert model.source.endswith("snapshots/abc")
    assert model.capabilities.inpaint


def test_a_folder_of_our_own_class_is_of_its_family(tmp_path):
    path = folder(tmp_path / "m", "Autoregressive")
    index = {"_class_name": "Autoregressive", "_sizes": [[96, 96], [144, 64]]}
    (path / "model_index.json").write_text(json.dumps(index))
    model = registry.find(str(path))
    assert model.family == "autoregressive" and model.capabilities.boxes == "text"
    assert model.capabilities.names() == ["generate", "edit", "inpaint", "boxes"]
    assert model.capabilities.sizes == ((96, 96), (144, 64)), "only what it was trained on"


def test_a_model_of_the_pack_is_listed_once_its_folder_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "HERE", tmp_path)
    monkeypatch.setattr(registry, "PACK", tmp_path / "pack")
    assert not [m for m in registry.listed() if m.name.startswith("pack-")]
    with pytest.raises(ModelUnavailable, match="There is no model 'pack-autoregressive'"):
        registry.find("pack-autoregressive")
    (tmp_path / "pack").mkdir()
    card = {"size": 128, "objects": ["dog"], "call": {"num_inference_steps": 9},
            "autoregressive": {"call": {"top_k": 50}, "edit_call": {"top_k": 5}, "inpaint": {"call": {"top_k": 7}}}}
    (tmp_path / "pack" / "pack.json").write_text(json.dumps(card))
    folder(tmp_path / "pack" / "autoregressive", "Autoregressive")
    model = registry.find("autoregressive")
    assert model.name == "pack-autoregressive" and model in registry.listed() and registry.installed(model)
    assert model.capabilities.world.objects == ("dog",) and model.capabilities.sizes == ((128, 128),)
    calls = [model.options[name] for name in ("call", "edit_call", "inpaint_call")]
    assert calls == [{"top_k": 50}, {"top_k": 5}, {"top_k": 7}]
    card["autoregressive"] |= {"objects": ["cat"], "counts": 2}
    (tmp_path / "pack" / "pack.json").write_text(json.dumps(card))
    world = registry.find("autoregressive").capabilities.world
    assert world.objects == ("cat",) and world.counts == 2, "of the families each has learnt its own"


def test_describe_says_what_is_installed(tmp_path):
    row = registry.describe(registry.find(str(folder(tmp_path / "m", "FluxPipeline"))))
    assert row["installed"] and row["fits"]
    far = registry.describe(registry.find("qwen-image"))
    assert not far["installed"] and [1328, 1328] in far["sizes"]
    json.dumps(row)


def test_a_family_that_nobody_wrote_is_said_so():
    with pytest.raises(ModelUnavailable, match="does not know"):
        registry.generator(Model("x", "telepathy", "", sketch.model().capabilities))


def test_the_pack_tells_what_it_has_learnt(tmp_path, monkeypatch):
    card = {"objects": ["dog"], "colours": ["red"], "backgrounds": ["beach"], "counts": 3, "relations": ["above"],
            "size": [64, 64], "call": {"num_inference_steps": 9}, "edit_call": {"guidance_scale": 2.0},
            "inpaint": {"via": "pipeline", "call": {"strength": 0.9}}}
    (tmp_path / "pack.json").write_text(json.dumps(card))
    monkeypatch.setattr(registry, "PACK", tmp_path)
    model = registry.find("pack-diffusion")
    assert model.capabilities.world.objects == ("dog",) and model.capabilities.world.counts == 3
    assert model.capabilities.boxes == "text" and model.capabilities.sizes == ((64, 64),)
    assert model.options["call"] == {"num_inference_steps": 9}
    assert model.options["inpaint_via"] == "pipeline" and model.options["inpaint_call"] == {"strength": 0.9}
    assert model.verified == ""
    for measured, verified in (("unified", ""), ("diffusion", "pack measured")):
        (tmp_path / "metrics.json").write_text(json.dumps({"generators": {measured: {}}}))
        assert registry.find("pack-diffusion").verified == verified


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_damaged_card_is_no_reason_to_fail(tmp_path, monkeypatch, text):
    (tmp_path / "pack.json").write_text(text)
    monkeypatch.setattr(registry, "PACK", tmp_path)
    assert registry.find("pack-diffusion").capabilities.world.objects == ()


def test_a_pack_of_several_frames_draws_all_of_them(tmp_path, monkeypatch):
    card = {"size": [256, 256], "frames": [[192, 288], [256, 256], [288, 192]]}
    (tmp_path / "pack.json").write_text(json.dumps(card))
    monkeypatch.setattr(registry, "PACK", tmp_path)
    sizes = registry.find("pack-diffusion").capabilities.sizes
    assert sizes == ((256, 256), (192, 288), (288, 192)), "the usual one first"


def test_files_are_read_once(monkeypatch):
    read = []
    text = catalogue.Path.read_text

    def counting(path, *given, **more):
        read.append(path.name)
        return text(path, *given, **more)

    monkeypatch.setattr(catalogue.Path, "read_text", counting)
    catalogue._parsed.cache_clear()
    registry.listed()
    registry.listed()
    assert read.count("catalogue.toml") == 1 and read.count("pack.json") == 2


def test_a_download_that_stopped_is_not_installed(tmp_path):
    path = folder(tmp_path / "m", "FluxPipeline", transformer={})
    index = {"_class_name": "FluxPipeline", "transformer": ["diffusers", "FluxTransformer2DModel"]}
    (path / "model_index.json").write_text(json.dumps(index))
    model = registry.find(str(path))
    assert not registry.installed(model)
    shards = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (path / "transformer" / "model.safetensors.index.json").write_text(json.dumps(shards))
    (path / "model_index.json").write_text("{")
    assert not registry.installed(model)
    (path / "model_index.json").write_text(json.dumps(index))
    for name in set(shards["weight_map"].values()):
        assert not registry.installed(model)
        (path / "transformer" / name).touch()
    assert registry.installed(model)


@pytest.mark.parametrize("name", ["Chameleon", "bagel", "ELLA"])
def test_what_is_not_here_is_told_with_its_reason(name):
    with pytest.raises(ModelUnavailable, match=rf"(?i){name}.* is not among the models here: .*class"):
        registry.find(name)


def test_a_name_that_is_nearly_one_is_helped():
    with pytest.raises(ModelUnavailable, match="there are flux1-dev"):
        registry.find("flux1-dve")


def test_every_model_says_what_it_takes_and_may():
    for row in map(registry.describe, registry.listed()):
        assert set(row["needs"]) in ({"whole"}, set(placement.PLACEMENTS)) and row["memory"] == row["needs"]["whole"]
        assert row["licence"] and isinstance(row["gated"], bool)
        assert row["fits"] == bool(row["placement"])
        if row["source"]:
            assert list(row["needs"].values()) == sorted(row["needs"].values(), reverse=True)
            tokens = row["family"] == "unified"
            assert tokens or (row["steps"] and (row["steps"] <= 16 or not row["few_step"]))


@pytest.mark.parametrize(("card", "ram", "chosen"), [
    (80, 128, "whole"), (40, 128, "parts"), (24, 64, "float8"), (12, 64, "streamed"), (12, 16, None), (0, 64, "whole"),
    (0, 16, None)])
def test_a_placement_is_chosen_by_what_the_machine_has(card, ram, chosen):
    flux = catalogue.facts("flux1-dev").billions
    assert placement.choose(flux, card, ram, ("whole", "parts", "float8", "streamed")) == chosen


def test_a_placement_may_be_asked_for(monkeypatch):
    assert placement.suited((), 30.0, 24.0) == "parts" and placement.suited((), 30.0, 0.0) == "whole"
    monkeypatch.setenv("MAQUETTE_PLACEMENT", "streamed")
    assert placement.suited((), 30.0, 80.0) == "streamed"

"""What is laid over a model for a picture, by the real classes on tiny checkpoints: adapters, maps, a likeness."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
from PIL import ImageChops

from generators import additions, diffusion, laid, registry
from generators.api import Adapter, Control, Extent, Likeness, ModelUnavailable, Unsupported, picture_id
from generators.workshop import Workshop
from tests.generators import tiny_additions, tiny_pipelines
from tests.generators.bench import draw, hole, photo, wish

KINDS = {"sd": "StableDiffusionPipeline", "sdxl": "StableDiffusionXLPipeline", "flux": "FluxPipeline"}


class Shop:
    """Tiny models and what is laid over them, each made once."""

    def __init__(self, room):
        self.room, self.models = room, {}

    def folder(self, kind):
        folder = self.room / kind
        return folder if folder.is_dir() else tiny_pipelines.save(KINDS[kind], folder)

    def model(self, kind):
        found = registry.find(str(self.folder(kind)))
        able = dataclasses.replace(found.capabilities, sizes=(Extent(64, 64),))
        call = {**tiny_pipelines.PIPELINES[KINDS[kind]].call, "num_inference_steps": 2}
        return dataclasses.replace(found, name=kind, capabilities=able, options={**found.options, "call": call})

    def generator(self, kind):
        if kind not in self.models:
            self.models = {kind: diffusion.Diffusion(self.model(kind))}
            self.models[kind].load()
        return self.models[kind]

    def made(self, what, kind, *more):
        """The folder of an addition: `what` is a function of tiny_additions."""
        folder = self.room / f"{kind}-{what}{''.join(map(str, more))}"
        return folder if folder.is_dir() else getattr(tiny_additions, what)(self.folder(kind), folder, *more)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("shop"))


def same(one, other):
    return picture_id(one.image) == picture_id(other.image)


# Adapters


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_adapter_changes_its_picture_and_no_other(shop, kind):
    generator, lora = shop.generator(kind), str(shop.made("lora", kind))
    plain = draw(generator, wish())
    with_it = draw(generator, wish(adapters=(Adapter(lora),)))
    assert not same(plain, with_it)
    assert same(plain, draw(generator, wish())), "taken off again, to the last bit"
    assert same(with_it, draw(generator, wish(adapters=(Adapter(lora),))))
    assert not same(with_it, draw(generator, wish(adapters=(Adapter(lora, -0.5),))))
    assert same(plain, draw(generator, wish(adapters=(Adapter(lora, 0.0),))))
    assert len(with_it.arithmetic["adapters"][0]) == 64
    json.dumps(with_it.arithmetic)


def test_an_adapter_is_read_once_and_serves_every_pipeline(shop, monkeypatch):
    generator, lora = shop.generator("sd"), str(shop.made("lora", "sd"))
    source, mask = photo(), hole((64, 64), (16, 16, 48, 48))
    ids = {"sources": (picture_id(source),), "mask": picture_id(mask)}
    plain = draw(generator, wish(kind="inpaint", **ids), source, mask)
    draw(generator, wish(adapters=(Adapter(lora),)))
    monkeypatch.setattr(generator._additions, "_add", lambda *_: pytest.fail("it is here already"))
    with_it = draw(generator, wish(kind="inpaint", adapters=(Adapter(lora),), **ids), source, mask)
    assert not same(plain, with_it)
    assert ImageChops.difference(with_it.image, source).getbbox() == (16, 16, 48, 48)
    assert same(plain, draw(generator, wish(kind="inpaint", **ids), source, mask))


def test_several_adapters_and_no_more_than_some_are_kept(shop, monkeypatch):
    monkeypatch.setattr(additions, "KEPT", 2)
    generator = shop.generator("sd")
    first, second, third = (Adapter(str(shop.made("lora", "sd", seed))) for seed in (1, 2, 3))
    one, two, both = (draw(generator, wish(adapters=which)) for which in ((first,), (second,), (first, second)))
    assert len({picture_id(drawn.image) for drawn in (one, two, both)}) == 3
    draw(generator, wish(adapters=(third,)))
    held = {name for names in generator._pipe(KINDS["sd"]).get_list_adapters().values() for name in names}
    assert len(held) == 2 and held == set(generator._additions._adapters)
    assert same(one, draw(generator, wish(adapters=(first,)))), "and comes back"


def test_one_adapter_twice_counts_twice(shop):
    generator, lora = shop.generator("sd"), str(shop.made("lora", "sd"))
    twice = draw(generator, wish(adapters=(Adapter(lora, 0.5), Adapter(lora, 0.5))))
    assert same(twice, draw(generator, wish(adapters=(Adapter(lora),))))


def test_a_file_a_folder_a_hub_id_and_a_name_are_the_same_adapter(shop, tmp_path, monkeypatch):
    folder = shop.made("lora", "sd")
    file = next(folder.glob("*.safetensors"))
    snapshot = tmp_path / "hub" / "models--someone--style" / "snapshots" / "1"
    shutil.copytree(folder, snapshot)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("generators.catalogue.addition", lambda name: {"source": "someone/style", "file": file.name}
                        if name == "style" else None)
    ways = [str(file), str(folder), "someone/style", f"someone/style/{file.name}", "style"]
    assert len({laid.file_of(way).read_bytes() for way in ways}) == 1


@pytest.mark.parametrize(("kind", "of"), [("sd", "sdxl"), ("sdxl", "sd"), ("flux", "sd"), ("sd", "flux")])
def test_an_adapter_of_another_model_is_a_sentence(shop, kind, of):
    generator = shop.generator(kind)
    plain = draw(generator, wish())
    with pytest.raises(ModelUnavailable, match="does not fit") as caught:
        draw(generator, wish(adapters=(Adapter(str(shop.made("lora", of))),)))
    assert "\n" not in str(caught.value)
    assert same(plain, draw(generator, wish())), "and leaves nothing behind"


def test_what_is_no_adapter_is_a_sentence(shop, tmp_path):
    pickle, text, empty = tmp_path / "a.pt", tmp_path / "b.safetensors", tmp_path / "empty"
    pickle.write_bytes(b"\x80\x04."), text.write_bytes(b"no tensors at all"), empty.mkdir()
    several = shutil.copytree(shop.made("lora", "sd"), tmp_path / "several")
    for name in ("one", "two"):
        shutil.copy(next(several.glob("pytorch*")), several / f"{name}.safetensors")
    next(several.glob("pytorch*")).unlink()
    for source, said in ((pickle, "pickle"), (text, "not a safetensors"), (empty, "no weights"),
                         (several, "several files"), (tmp_path / "none", "no model folder"),
                         ("someone/nothing", "not on this machine")):
        with pytest.raises(ModelUnavailable, match=said):
            laid.file_of(str(source))


def test_a_request_without_additions_keeps_its_name():
    plain = wish()
    assert plain.fingerprint() != wish(adapters=(Adapter("a"),)).fingerprint()
    assert wish(adapters=(Adapter("a"),)).fingerprint() != wish(adapters=(Adapter("a", 0.5),)).fingerprint()
    again = type(plain).model_validate_json(wish(adapters=(Adapter("a", 0.5),), likeness=Likeness("p"),
                                                 controls=(Control("canny", "p"),)).model_dump_json())
    assert again.adapters == (Adapter("a", 0.5),) and again.pictures() == ["p"]
    said = plain.model_dump(mode="json", exclude={"adapters", "controls", "likeness"})
    import hashlib

    old = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    assert plain.fingerprint() == hashlib.sha256(old).hexdigest()[:32], "as it was before there were any"


def test_a_model_that_takes_none_says_which_can(shop):
    with Workshop([dataclasses.replace(shop.model("sd"), name="tiny")]) as workshop:
        with pytest.raises(Unsupported, match="takes no adapters; tiny can"):
            workshop.draw(wish(model="sketch", adapters=(Adapter("a"),)), {})
        with pytest.raises(Unsupported, match="takes no maps to follow"):
            workshop.draw(wish(model="sketch", controls=(Control("canny", "a"),)), {})
        with pytest.raises(Unsupported, match="source pictures at hand"):
            workshop.draw(wish(model="tiny", controls=(Control("canny", "a"),)), {})


# Maps to follow


def steer(net, picture, strength=1.0, kind="canny", ready=True):
    return Control(kind, picture_id(picture), strength, ready, str(net))


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_picture_follows_a_map(shop, kind):
    generator, net = shop.generator(kind), shop.made("control", kind)
    one, other, mask = photo(), photo(seed=2), hole((64, 64), (16, 16, 48, 48))
    plain = draw(generator, wish())
    steered = draw(generator, wish(controls=(steer(net, one),)), one)
    assert "ControlNet" in steered.arithmetic["pipeline"] and not same(plain, steered)
    assert same(steered, draw(generator, wish(controls=(steer(net, one),)), one))
    assert not same(steered, draw(generator, wish(controls=(steer(net, other),)), other)), "the map decides"
    assert not same(steered, draw(generator, wish(controls=(steer(net, one, 0.3),)), one)), "and its strength"
    assert same(plain, draw(generator, wish())), "and the next picture is free"
    for job, more in (("refine", {}), ("edit", {}), ("inpaint", {"mask": picture_id(mask)})):
        ask = {"kind": job, "sources": (picture_id(other),), "strength": 0.9, "steps": 3, **more}
        free = draw(generator, wish(**ask), other, mask)
        bound = draw(generator, wish(**ask, controls=(steer(net, one),)), one, other, mask)
        assert not same(free, bound), job
        assert job != "inpaint" or ImageChops.difference(bound.image, other).getbbox() == (16, 16, 48, 48)
    json.dumps(steered.arithmetic)


def test_two_maps_at_once(shop):
    generator, first, second = shop.generator("sd"), shop.made("control", "sd"), shop.made("control", "sd", 2)
    one, other = photo(), photo(seed=2)
    drawn = [draw(generator, wish(controls=controls), one, other) for controls in (
        (steer(first, one),), (steer(second, other),), (steer(first, one), steer(second, other, 0.5)))]
    assert len({picture_id(result.image) for result in drawn}) == 3
    json.dumps(drawn[-1].arithmetic)


def test_a_map_of_another_model_or_of_none_is_a_sentence(shop, tmp_path):
    generator, picture = shop.generator("sd"), photo()
    for net, said in ((shop.made("control", "sdxl"), "does not fit sd: it is made for"),
                      (shop.made("control", "flux"), "does not fit sd: it is made for"),
                      (shop.folder("sd") / "unet", "no ControlNet"), (tmp_path / "none", "no model folder")):
        with pytest.raises(ModelUnavailable, match=said):
            draw(generator, wish(controls=(steer(net, picture),)), picture)
    with pytest.raises(ModelUnavailable, match="control_v11p_sd15_openpose is not on this machine"):
        draw(generator, wish(controls=(Control("pose", picture_id(picture), ready=True),)), picture)
    with pytest.raises(ModelUnavailable, match="vitpose-base-simple is not on this machine"):
        draw(generator, wish(controls=(steer(shop.made("control", "sd"), picture, kind="pose", ready=False),)), picture)


# A picture to resemble


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_picture_resembles_another(shop, kind):
    generator, weights = shop.generator(kind), str(shop.made("likeness", kind) / "ip_adapter.safetensors")
    one, other = photo(), photo(seed=2)
    plain = draw(generator, wish())
    like = draw(generator, wish(likeness=Likeness(picture_id(one), 0.8, source=weights)), one)
    assert not same(plain, like) and len(like.arithmetic["likeness"]) == 64
    assert same(like, draw(generator, wish(likeness=Likeness(picture_id(one), 0.8, source=weights)), one))
    assert not same(like, draw(generator, wish(likeness=Likeness(picture_id(other), 0.8, source=weights)), other))
    assert not same(like, draw(generator, wish(likeness=Likeness(picture_id(one), 0.2, source=weights)), one))
    ask = {"kind": "refine", "sources": (picture_id(other),), "strength": 0.9, "steps": 3}
    free = draw(generator, wish(**ask), other)
    assert not same(free, draw(generator, wish(**ask, likeness=Likeness(picture_id(one), source=weights)), one, other))
    assert same(plain, draw(generator, wish())), "taken off again, to the last bit"


def test_the_style_of_a_picture_is_less_than_all_of_it(shop):
    picture = photo()
    for kind in ("sdxl", "sd"):
        weights = str(shop.made("likeness", kind) / "ip_adapter.safetensors")
        whole, style = (wish(likeness=Likeness(picture_id(picture), 1.0, of, weights)) for of in ("subject", "style"))
        generator = shop.generator(kind)
        if kind == "sd":
            with pytest.raises(Unsupported, match="SDXL can"):
                draw(generator, style, picture)
        else:
            assert not same(draw(generator, whole, picture), draw(generator, style, picture))


def test_all_three_at_once(shop):
    generator, picture = shop.generator("sd"), photo()
    eyes = str(shop.made("likeness", "sd") / "ip_adapter.safetensors")
    asked = {"adapters": (Adapter(str(shop.made("lora", "sd"))),),
             "controls": (steer(shop.made("control", "sd"), picture),),
             "likeness": Likeness(picture_id(picture), source=eyes)}
    plain, every = draw(generator, wish()), draw(generator, wish(**asked), picture)
    for name in asked:
        assert not same(every, draw(generator, wish(**{k: v for k, v in asked.items() if k != name}), picture)), name
    assert same(every, draw(generator, wish(**asked), picture)) and same(plain, draw(generator, wish()))


def test_weights_of_another_likeness_are_a_sentence(shop):
    generator, picture = shop.generator("sd"), photo()
    wrong = str(shop.made("likeness", "sdxl") / "ip_adapter.safetensors")
    plain = draw(generator, wish())
    with pytest.raises(ModelUnavailable, match="does not fit sd") as caught:
        draw(generator, wish(likeness=Likeness(picture_id(picture), source=wrong)), picture)
    assert "\n" not in str(caught.value) and same(plain, draw(generator, wish()))
    with pytest.raises(ModelUnavailable, match="models get sd15-likeness"):
        draw(generator, wish(likeness=Likeness(picture_id(picture))), picture)


def test_in_a_worker_process(shop):
    """Everything that a picture is drawn from arrives there."""
    picture = photo()
    asked = {"adapters": (Adapter(str(shop.made("lora", "sd"))),),
             "controls": (steer(shop.made("control", "sd"), picture, ready=False),)}
    with Workshop([dataclasses.replace(shop.model("sd"), name="tiny")], threads=1) as workshop:
        drawn = workshop.draw(wish(model="tiny", **asked), {picture_id(picture): picture})
    assert same(drawn, draw(shop.generator("sd"), wish(**asked), picture))

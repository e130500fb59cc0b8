"""Image servers, each against a stand-in: what is sent, what comes back, and what goes wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageOps

from generators import patience, registry, remote
from generators.api import (
    BrokenOutput,
    Cancelled,
    Extent,
    Model,
    ModelUnavailable,
    Preview,
    Progress,
    Request,
    Result,
    Unsupported,
)
from generators.remote import Server, as_mask
from generators.workshop import Workshop
from tests.generators.image_server import NEW, ImageServer, serving

SIZE = Extent(128, 96)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.01)


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with serving(ImageServer()) as server:
        yield server


def model_of(server: ImageServer, **more: Any) -> Model:
    [model] = remote.models({"box": Server(url=server.url, base=128, **more)})
    return model


def wish(kind: str = "generate", **more: Any) -> Request:
    return Request(kind=kind, model="box", prompt="a red car", size=SIZE, seed=7, **more)  # type: ignore[arg-type]


def draw(server: ImageServer, request: Request, pictures: dict[str, Image.Image] | None = None,
         stop: Callable[[], bool] = lambda: False, heard: list[Any] | None = None, **more: Any) -> Result:
    with Workshop([model_of(server, **more)]) as workshop:
        return workshop.draw(request, pictures or {}, (heard if heard is not None else []).append, stop)


def shaded() -> Image.Image:
    return Image.linear_gradient("L").resize(SIZE).convert("RGB")


def left_half(size: Extent = SIZE) -> Image.Image:
    mask = Image.new("L", size)
    mask.paste(255, (0, 0, size.width // 2, size.height))
    return mask


# What is sent


def test_a_server_says_itself_what_it_is_and_serves(server: ImageServer) -> None:
    result = draw(server, wish(steps=8, guidance=3.5, negative="blue"))
    assert result.image.getpixel((5, 5)) == NEW
    [asked] = server.asked
    assert asked == {"route": "generate", "model": "some/model", "prompt": "a red car", "size": "144x112", "n": 1,
                     "response_format": "b64_json", "seed": 7, "num_inference_steps": 8, "guidance_scale": 3.5,
                     "negative_prompt": "blue"}
    assert result.arithmetic["served"] == "some/model" and result.arithmetic["server"] == server.url


def test_openai_gets_only_what_it_knows_and_shows_the_picture_on_its_way(server: ImageServer) -> None:
    server.owner, heard = "openai", []
    result = draw(server, wish(steps=8, negative="blue"), heard=heard, model="gpt-image-2.6")
    [asked] = server.asked
    assert asked == {"route": "generate", "model": "gpt-image-2.6", "prompt": "a red car", "size": "144x112", "n": 1,
                     "stream": True, "partial_images": 2}
    assert [type(event) for event in heard[1:]] == [Progress, Preview, Progress, Preview, Progress]
    assert heard[2].image.size == result.image.size == (144, 112)


@pytest.mark.parametrize(("owner", "dialect"), [("sglang", "auto"), ("nobody", "sglang")])
def test_a_dialect_is_recognised_or_named(server: ImageServer, owner: str, dialect: str) -> None:
    server.owner = owner
    draw(server, wish(), dialect=dialect)
    assert server.asked[0]["response_format"] == "b64_json" and server.asked[0]["seed"] == 7


def test_an_edit_sends_its_pictures_and_comes_back_at_the_size_of_the_first(server: ImageServer) -> None:
    pictures = {"a": shaded(), "b": Image.new("RGB", (40, 40))}
    result = draw(server, wish("edit", sources=("a", "b")), pictures)
    assert server.asked[0]["images"] == 2 and result.image.size == SIZE
    gap = ImageChops.difference(result.image, ImageOps.invert(shaded()))
    assert max(extreme for _, extreme in gap.getextrema()) < 12
    draw(server, wish("refine", sources=("a",), strength=0.4), pictures, dialect="vllm-omni")
    assert server.asked[1]["strength"] == "0.4" and server.asked[1]["images"] == 1


def test_what_a_server_cannot_is_refused_before_it_is_asked(server: ImageServer) -> None:
    with pytest.raises(Unsupported, match="box cannot edit"):
        draw(server, wish("edit", sources=("a",)), {"a": shaded()}, edits=False)
    with pytest.raises(Unsupported, match="box cannot refine"):
        draw(server, wish("refine", sources=("a",)), {"a": shaded()}, dialect="sglang")
    assert server.asked == []


# Masks


@pytest.mark.parametrize(("heeds", "polarity", "how"), [
    (True, "white", "the server's"), (True, "transparent", "the server's"), (False, "white", "cut out and put back")])
def test_a_mask_is_heeded_by_the_server_or_by_us(server: ImageServer, heeds: bool, polarity: str, how: str) -> None:
    """Found out with a first small picture, once; outside the mask every pixel is the source's own either way."""
    server.heeds, server.polarity = heeds, polarity
    pictures = {"a": shaded(), "m": left_half()}
    with Workshop([model_of(server)]) as workshop:
        results = [workshop.draw(wish("inpaint", sources=("a",), mask="m"), pictures) for _ in range(2)]
    assert [result.arithmetic["mask"] for result in results] == [how] * 2
    assert [asked["prompt"] for asked in server.asked] == ["a plain bright yellow wall", "a red car", "a red car"]
    assert [asked["mask sent"] for asked in server.asked] == [True, heeds, heeds]
    for result in results:
        kept = (SIZE.width // 2, 0, *SIZE)
        assert result.image.crop(kept).tobytes() == shaded().crop(kept).tobytes()
        gap = ImageChops.difference(result.image, shaded()).crop((0, 0, 20, SIZE.height))
        assert max(extreme for _, extreme in gap.getextrema()) > 100, "and inside it is drawn"


def test_a_dialect_that_is_known_is_not_put_to_the_test(server: ImageServer) -> None:
    for owner, mask, sent in (("openai", "mask", True), ("sglang", "mask", False)):
        server.owner, server.mask, server.asked = owner, mask, []
        draw(server, wish("inpaint", sources=("a",), mask="m"), {"a": shaded(), "m": left_half()})
        assert [asked["mask sent"] for asked in server.asked] == [sent]


def test_a_mask_says_the_same_in_both_conventions() -> None:
    image = as_mask(left_half())
    assert image.getpixel((0, 0)) == (255, 255, 255, 0) and image.getpixel((127, 0)) == (0, 0, 0, 255)


# What goes wrong


@pytest.mark.parametrize(("status", "error", "says"), [
    (401, ModelUnavailable, "does not accept us without a key"),
    (403, ModelUnavailable, "does not accept us without a key"),
    (404, ModelUnavailable, "has no model 'some/model', or draws no pictures"),
    (400, Unsupported, "will not draw this: too rude"), (422, Unsupported, "will not draw this: too rude"),
    (429, ModelUnavailable, r"busy or broken \(429\): too rude"), (500, ModelUnavailable, "busy or broken")])
def test_refusals_are_sentences(server: ImageServer, status: int, error: type[Exception], says: str) -> None:
    server.trouble = [(status, {"error": {"message": "too  rude"}}, {})] * 9
    with pytest.raises(error, match=says) as caught:
        draw(server, wish())
    assert "sk-secret" not in str(caught.value)
    assert len(server.asked) == (4 if status in (429, 500) else 1), "only what may pass is tried again"


def test_a_busy_server_is_tried_again_and_a_long_wait_is_not_waited(server: ImageServer) -> None:
    server.trouble = [(429, {}, {}), (503, {}, {"retry-after": "nonsense"})]
    assert draw(server, wish()).image.getpixel((0, 0)) == NEW and len(server.asked) == 3
    server.asked, server.trouble = [], [(429, {}, {"retry-after": "86400"})]
    with pytest.raises(ModelUnavailable, match="busy"):
        draw(server, wish())
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", [
    {"data": []}, {"data": None}, {"data": [{"url": "http://127.0.0.1:9/secret.png"}]}, {"data": [{"b64_json": "%%"}]},
    {"data": [{"b64_json": "aGVsbG8="}]}, {"data": [{}]}, [], "words", {"nothing": 1}])
def test_answers_without_a_picture_are_sentences(server: ImageServer, body: Any) -> None:
    """An address is never followed: only what came along is read."""
    server.body = body
    with pytest.raises(BrokenOutput, match="The image server box"):
        draw(server, wish())


def test_nobody_there_and_nothing_served(server: ImageServer) -> None:
    server.served = ""
    with pytest.raises(ModelUnavailable, match=r"lists no model; name one in maquette.toml \(servers.box.model\)"):
        draw(server, wish())
    gone = ImageServer(url="http://127.0.0.1:9/v1")
    with pytest.raises(ModelUnavailable, match=r"box \(127.0.0.1:9\) cannot be reached"):
        draw(gone, wish())


def test_a_wait_can_be_ended(server: ImageServer) -> None:
    server.slow, began = 3.0, time.monotonic()
    with pytest.raises(Cancelled):
        draw(server, wish(), stop=lambda: time.monotonic() - began > 0.3)
    assert time.monotonic() - began < 2


# Keys


def test_a_key_goes_only_where_it_was_named_for(server: ImageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hosted service's key does not travel to another host because nobody said otherwise."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("BOX_KEY", "sk-box")
    draw(server, wish())
    assert set(server.keys) == {"Bearer none"}
    server.keys.clear()
    draw(server, wish(), key="BOX_KEY")
    assert set(server.keys) == {"Bearer sk-box"}


def test_the_hosted_service_wants_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    [model] = remote.models({"hosted": Server(model="gpt-image-2.6")})
    with Workshop([model]) as workshop, pytest.raises(ModelUnavailable, match="environment variable OPENAI_API_KEY"):
        workshop.draw(wish().model_copy(update={"model": "hosted"}), {})


# In the studio


def test_servers_stand_in_the_settings_and_among_the_models(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent import settings, workshops

    monkeypatch.chdir(tmp_path)
    (tmp_path / "maquette.toml").write_text('[servers.omni]\nurl = "http://gpu-box:8091/v1"\nmodel = "some/model"\n')
    with workshops.make(settings.load()) as workshop:
        row = next(row for row in workshop.describe() if row["name"] == "omni")
    assert row["family"] == registry.REMOTE and row["installed"] and row["fits"] and "inpaint" in row["capabilities"]
    (tmp_path / "maquette.toml").write_text('[servers.omni]\nurl = "file:///etc/passwd"\n')
    with pytest.raises(settings.SettingsError, match=r"servers\.omni\.url"):
        settings.load()
    (tmp_path / "maquette.toml").write_text('[servers.omni]\nkey = "sk-proj-1234"\n')
    with pytest.raises(settings.SettingsError, match=r"servers\.omni\.key") as caught:
        settings.load()
    assert "sk-proj" not in str(caught.value), "somebody put the key itself there"


def test_an_address_is_no_name_of_a_model(server: ImageServer) -> None:
    """Who types a generator's name into the page must not make the studio call addresses."""
    with Workshop() as workshop, pytest.raises(ModelUnavailable):
        workshop.draw(wish().model_copy(update={"model": server.url}), {})
    assert server.asked == server.keys == []


def test_a_picture_of_a_server_is_drawn_in_a_conversation(server: ImageServer, tmp_path: Any) -> None:
    """The prompt that the server wrote itself is told; the picture's record says who drew it."""
    from agent.api import Options, Turn
    from agent.scripted import ScriptedPlanner
    from agent.settings import load
    from agent.studio import Studio

    server.revised = "A red car, photographed at dusk"
    settings = load(data=tmp_path, generator="box")
    with Workshop([model_of(server, dialect="sglang")]) as workshop:
        studio = Studio(settings, workshop, ScriptedPlanner([[("generate", {"prompt": "a red car"})], "Here it is."]))
        session = studio.new_session()
        outcome = studio.turn(session, Turn(id="t1", text="a red car"), Options(limits=settings.limits))
        record = studio.store.record(outcome.images[0].id)
        studio.close()
    assert (record.model, record.arithmetic["revised_prompt"]) == ("box", server.revised)
    assert any("A red car, photographed at dusk" in (step.note or "") for step in outcome.steps)


def test_an_evaluation_names_the_server_in_its_revision(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from evals.revisions import revisions

    monkeypatch.chdir(tmp_path)
    (tmp_path / "maquette.toml").write_text('[servers.omni]\nurl = "http://gpu-box:8091/v1"\nmodel = "some/model"\n')
    assert revisions(["omni"]) == {"omni": "omni http://gpu-box:8091/v1 some/model"}

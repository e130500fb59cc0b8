"""Which eyes: what a setting means with what lies on the machine, and the workshop that looks with them."""

from __future__ import annotations

import json
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from generators import catalogue, eyes, registry, weights
from generators.api import Box, Cancelled, Extent, Eyes, ModelUnavailable, OutOfMemory, Request, Told
from generators.eyes import chosen
from generators.workshop import Workshop
from tests.generators import tiny_eyes

pytestmark = pytest.mark.shared_worker
PICTURE = Image.new("RGB", (96, 48), "blue")


def install(source: str, kind: str) -> None:
    """A model in the hub's cache, as far as anybody can tell without opening it."""
    folder = weights.cache_folder() / f"models--{source.replace('/', '--')}" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": kind}))
    (folder / "model.safetensors").write_bytes(b"")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    pytest.importorskip("torch")
    from tests.generators.test_asking import llava

    base = tmp_path_factory.mktemp("eyes")
    return {name: str(make(base / name)) for name, make in
            {"owlv2": tiny_eyes.owlv2, "sam": tiny_eyes.sam, "llava": llava}.items()}


def test_on_a_bare_machine_the_pack_alone_looks() -> None:
    assert chosen("auto") == chosen("pack") == chosen("") == Eyes()
    assert chosen("none") == Eyes(pack=False)


def test_what_is_installed_is_found_the_catalogues_first_first(monkeypatch: pytest.MonkeyPatch) -> None:
    install("IDEA-Research/grounding-dino-tiny", "grounding-dino")
    assert chosen("auto") == Eyes(finder="IDEA-Research/grounding-dino-tiny")
    monkeypatch.setattr(registry, "_memory_gb", lambda: 64.0)
    install("google/owlv2-base-patch16-ensemble", "owlv2")
    install("facebook/sam-vit-base", "sam")
    install("llava-hf/llava-1.5-7b-hf", "llava")
    assert chosen("auto") == Eyes(finder="google/owlv2-base-patch16-ensemble", outliner="facebook/sam-vit-base",
                                  asker="llava-hf/llava-1.5-7b-hf")
    assert chosen("pack") == Eyes()
    assert chosen("grounding-dino,auto").finder == "IDEA-Research/grounding-dino-tiny", "what is named goes first"
    rows = {row["name"]: row["installed"] for row in eyes.describe()}
    assert rows["owlv2"] and not rows["owlv2-large"]


def test_half_a_download_and_a_missing_package_do_not_count() -> None:
    install("google/owlv2-base-patch16-ensemble", "owlv2")
    next(weights.cache_folder().rglob("model.safetensors")).unlink()
    assert chosen("auto").finder == ""
    install("Qwen/Qwen3-VL-2B-Instruct", "qwen3_vl")
    assert bool(chosen("auto").asker) == (find_spec("torchvision") is not None)
    assert chosen("hf:Qwen/Qwen3-VL-2B-Instruct").asker == "Qwen/Qwen3-VL-2B-Instruct", "whoever names it, gets it"


def test_what_has_no_room_here_is_not_taken_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    install("facebook/sam-vit-base", "sam")
    install("llava-hf/llava-1.5-7b-hf", "llava")
    monkeypatch.setattr(registry, "_memory_gb", lambda: 8.0)
    monkeypatch.setattr(registry, "_card_gb", lambda: 0.0)
    assert chosen("auto") == Eyes(outliner="facebook/sam-vit-base")
    assert chosen("auto,llava-1.5-7b").asker == "llava-hf/llava-1.5-7b-hf"


def test_names_folders_and_servers(made: dict[str, str]) -> None:
    assert chosen(f"{made['sam']}, {made['owlv2']}") == Eyes(finder=made["owlv2"], outliner=made["sam"])
    assert chosen(made["llava"]) == chosen(f"hf:{made['llava']}") == Eyes(asker=made["llava"])
    assert chosen("openai") == chosen("openai:gpt-5") == Eyes(server=True)
    assert (eyes.server_model("auto, openai:gpt-5"), eyes.server_model("openai")) == ("gpt-5", "")
    assert eyes.server_model("auto") is None


@pytest.mark.parametrize(("setting", "said"), [
    ("owlv2", "google/owlv2-base-patch16-ensemble is not on this machine; fetch it once"),
    ("hf:somebody/sees", "somebody/sees is not on this machine"), ("/nowhere/at/all", "There is no model folder"),
    ("gibberish", "There is no model folder 'gibberish'")])
def test_what_is_not_here_is_a_sentence(setting: str, said: str) -> None:
    with pytest.raises(ModelUnavailable, match=said):
        chosen(setting)
    with Workshop(eyes=setting) as workshop, pytest.raises(ModelUnavailable, match=said):
        workshop.find(PICTURE, ["dog"])


def test_a_folder_that_is_no_model_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no model that looks at pictures"):
        chosen(str(tmp_path))


def test_every_entry_says_what_people_ask() -> None:
    names = [row["name"] for row in catalogue.eyes()]
    others = {row["name"] for row in (*catalogue.models(), *catalogue.additions())}
    assert len(set(names)) == len(names) and not others & set(names)
    assert {"finder", "outliner", "asker"} == {row["does"] for row in catalogue.eyes()}
    for row in eyes.describe():
        assert weights.is_hub_id(row["source"]) and row["licence"] and row["gb"] > 0 and row["commercial"]
        assert not row["installed"]


def test_the_workshop_finds_outlines_and_asks(made: dict[str, str]) -> None:
    from generators.asking import Asker
    from generators.finding import Finder
    from generators.outlining import Outliner

    with Workshop(eyes=",".join(made.values()), threads=1) as workshop:
        assert workshop.find(PICTURE, ["dog", "cat"]) == Finder.load(made["owlv2"]).find(PICTURE, ["dog", "cat"])
        for where in (Box(0.1, 0.1, 0.6, 0.9), (0.5, 0.5)):
            mask = workshop.outline(PICTURE, where)
            assert mask.tobytes() == Outliner.load(made["sam"]).outline(PICTURE, where).tobytes()
        told = workshop.ask(PICTURE, ["red dog", "two cat"])
        asker = Asker.load(made["llava"])
        assert told.likely == pytest.approx([asker.agrees([PICTURE], q) for q in ("red dog", "two cat")], abs=1e-3)
        assert all(0 < one < 1 for one in told.likely if one is not None) and told.tokens == 0
        assert set(workshop._workers) == {"eyes"}, "one process for all of them"


def test_without_eyes_it_is_said_what_could_look() -> None:
    with Workshop(eyes="pack") as workshop:
        for call in (lambda: workshop.find(PICTURE, ["dog"]), lambda: workshop.ask(PICTURE, ["?"]),
                     lambda: workshop.outline(PICTURE, (0.5, 0.5))):
            with pytest.raises(ModelUnavailable, match=r"Nothing here .* in real pictures; `python app.py models`"):
                call()
    with Workshop(eyes="none") as workshop:
        assert not workshop.sees
        with pytest.raises(ModelUnavailable, match=r"switched off \(eyes = none\)"):
            workshop.see(PICTURE)


def test_a_server_is_asked_with_a_small_picture_where_one_is_configured() -> None:
    shown: list[tuple[int, int]] = []

    def ask(image, questions, stop):
        shown.append(image.size)
        return Told((0.9,), 12)

    large = Image.new("RGB", (2048, 1024))
    with Workshop(eyes="openai", ask=ask) as workshop:
        assert workshop.ask(large, ["Is it black?"]) == Told((0.9,), 12) and shown == [(768, 384)]
    with Workshop(eyes="openai") as workshop, pytest.raises(ModelUnavailable, match="OPENAI_API_KEY"):
        workshop.ask(large, ["Is it black?"])


def test_looking_can_be_stopped(made: dict[str, str]) -> None:
    with Workshop(eyes=made["llava"], threads=1) as workshop:
        workshop.ask(PICTURE, ["dog"])
        began = time.monotonic()
        with pytest.raises(Cancelled):
            workshop.ask(PICTURE, ["dog"] * 5000, lambda: time.monotonic() - began > 0.5)
        assert time.monotonic() - began < 10


def test_where_there_is_no_room_what_is_idle_leaves(made: dict[str, str]) -> None:
    """The generator's process holds the memory that the eyes need: it is ended, and comes back when it draws."""
    closed: list[str] = []

    class Full:
        def __init__(self, name: str) -> None:
            self.name, self.busy, self.alive, self.used = name, False, True, 0.0

        def holds(self, engine: str) -> bool:
            return True

        def run(self, job, pictures, report, stop):
            if job.engine.startswith("model:"):
                return {"seconds": {}, "arithmetic": {}}, [PICTURE]
            if "sketch" not in closed:
                raise OutOfMemory("This machine has too little memory for that.")
            return {"likely": [0.75]}, []

        def close(self) -> None:
            closed.append(self.name)

    with Workshop(eyes=made["llava"], workers=Full) as workshop:  # type: ignore[arg-type]
        request = Request(model="sketch", prompt="a dog", size=Extent(64, 64), seed=1)
        workshop.draw(request, {})
        assert workshop.ask(PICTURE, ["dog"]).likely == (0.75,) and set(closed) == {"sketch", "eyes"}
        workshop.draw(request, {})

"""The models as tools see them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from generators import sketch
from generators.api import (
    Box,
    Capabilities,
    Extent,
    GeneratorError,
    Loading,
    Model,
    ModelUnavailable,
    Progress,
    Region,
    Request,
    Unsupported,
    WorkerDied,
    picture_id,
)
from generators.workshop import Workshop


@pytest.fixture
def workshop():
    with Workshop([sketch.model("quiet"), Model("only-draws", "sketch", "", Capabilities())], eyes="sketch") as made:
        yield made


def request(model="sketch", **more):
    return Request(**{"model": model, "prompt": "a red dog", "size": Extent(64, 64), "seed": 1, **more})


def test_draw_and_see(workshop):
    box = Box(0.25, 0.25, 0.75, 0.75)
    result = workshop.draw(request(regions=(Region("red dog", box),)), {})
    (thing,) = workshop.see(result.image).objects
    assert (thing.thing, thing.colour) == ("dog", "red") and thing.box.iou(box) > 0.9
    assert workshop.sees


def test_the_same_request_is_the_same_picture_in_another_process(workshop):
    first = workshop.draw(request(), {}).image
    with Workshop() as other:
        assert picture_id(other.draw(request(), {}).image) == picture_id(first)


def test_sources_travel_by_id(workshop):
    source = workshop.draw(request(), {}).image
    id = picture_id(source)
    made = workshop.draw(request(kind="edit", prompt="make the dog blue", sources=(id,)), {id: source}).image
    assert [(d.thing, d.colour) for d in workshop.see(made).objects] == [("dog", "blue")]


def test_what_a_model_cannot_is_said_with_who_can(workshop):
    with pytest.raises(Unsupported, match=r"only-draws cannot edit; quiet.* can"):
        workshop.draw(request("only-draws", kind="edit", sources=("x",)), {})


@pytest.mark.parametrize(
    ("more", "words"),
    [({"kind": "edit"}, "source pictures"), ({"kind": "edit", "sources": ("gone",)}, "source pictures"),
     ({"kind": "inpaint", "sources": ("a",)}, "mask")],
)
def test_requests_without_their_pictures_are_refused(workshop, more, words):
    with pytest.raises(Unsupported, match=words):
        workshop.draw(request(**more), {"a": sketch.draw(request(), {})})


def test_unknown_models_are_told_apart_from_missing_ones(workshop):
    with pytest.raises(ModelUnavailable, match="pack-diffusion"):
        workshop.draw(request("gibberish"), {})
    with pytest.raises(ModelUnavailable, match="not on this machine"):
        workshop.draw(request("somebody/something"), {})
    with pytest.raises(ModelUnavailable, match="not on this machine"):
        workshop.draw(request("sdxl"), {})


def test_a_picture_survives_the_death_of_its_process(workshop):
    """The process is killed while it draws; the picture comes all the same, drawn afresh."""
    killed = []

    def report(event):
        if isinstance(event, Progress) and not killed:
            killed.append(workshop._workers["sketch-slow"].pid)
            os.kill(killed[0], signal.SIGKILL)

    result = workshop.draw(request("sketch-slow"), {}, report)
    assert killed and result.image.size == (64, 64)


def test_a_process_that_always_dies_is_given_up(workshop):
    with pytest.raises(WorkerDied):
        workshop.draw(request("sketch-die"), {})
    assert workshop.draw(request(), {}).image.size == (64, 64)


def test_what_has_no_room_together_is_drawn_one_by_one():
    tight = sketch.model("sketch-oom", times=1)
    with Workshop([tight], eyes="sketch") as workshop:
        results = workshop.draw_several(request("sketch-oom"), (1, 2, 3), {})
        alone = [workshop.draw(request("sketch-oom", seed=seed), {}) for seed in (1, 2, 3)]
    assert [picture_id(one.image) for one in results] == [picture_id(one.image) for one in alone]


def test_processes_are_numbered_for_the_graphics_cards(workshop):
    workshop.draw(request(), {})
    with suppress(GeneratorError):
        workshop.draw(request("sketch-nan"), {})
    assert sorted(worker.card for worker in workshop._workers.values()) == [0, 1]


def test_only_so_many_processes_stay(workshop):
    for name in ("sketch", "quiet", "sketch-oom", "sketch-nan", "sketch"):
        try:
            workshop.draw(request(name), {})
        except Exception as error:
            assert name in str(error)
    alive = [name for name, worker in workshop._workers.items() if worker.alive]
    assert len(alive) <= 3 and "sketch" in alive


def test_warming_is_done_in_the_background():
    slow = sketch.model("slow-loader", load_seconds=2.0)
    with Workshop([slow], eyes="sketch") as workshop:
        began = time.monotonic()
        workshop.warm("slow-loader")
        assert time.monotonic() - began < 1.5, "it loads for longer than that"
        while not (workshop._workers and workshop._workers["slow-loader"].holds("model:slow-loader")):
            assert time.monotonic() - began < 60
            time.sleep(0.02)
        events = []
        workshop.draw(request("slow-loader"), {}, events.append)
        assert not any(isinstance(event, Loading) for event in events)


def test_warming_what_is_not_there_harms_nobody(workshop):
    workshop.warm("gibberish")
    workshop.draw(request(), {})


def test_closing_while_it_draws_ends_the_drawing():
    workshop, errors = Workshop(), []

    def draw():
        try:
            workshop.draw(request("sketch-slow"), {})
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=draw)
    thread.start()
    time.sleep(0.7)
    workshop.close()
    thread.join(10)
    assert not thread.is_alive() and isinstance(errors[0], WorkerDied)


def test_every_row_of_models_has_the_keys_of_the_contract(workshop):
    rows = workshop.describe()
    keys = {"name", "family", "capabilities", "sizes", "installed", "fits", "memory", "licence", "verified"}
    assert rows and all(keys <= set(row) for row in rows)
    assert all(set(row) == set(rows[0]) for row in rows), "every row says the same things"
    assert "sketch" not in {row["name"] for row in rows}, "nobody is offered the fake"


def test_the_studio_itself_never_imports_torch():
    code = ("import sys\nfrom generators.workshop import Workshop\nfrom generators.api import *\n"
            "with Workshop(eyes='sketch') as w:\n"
            "    w.describe()\n"
            "    w.see(w.draw(Request(model='sketch', prompt='a dog', size=(64, 64), seed=1), {}).image)\n"
            "heavy = {'torch', 'diffusers', 'transformers', 'numpy', 'huggingface_hub'} & set(sys.modules)\n"
            "assert not heavy, heavy")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

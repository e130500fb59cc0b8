"""What a picture shows, in words: by a model that says so itself, else from what the critic sees."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from PIL import Image

from agent.api import BadInput, Described
from agent.describing import as_brief, describe
from generators import sketch
from generators.api import Box, BrokenOutput, Detection, Seen
from generators.workshop import Workshop
from tools.caption import caption

PICTURE = Image.new("RGB", (64, 64), "white")
LEFT, RIGHT, FAR = Box(0.05, 0.4, 0.25, 0.6), Box(0.6, 0.3, 0.75, 0.5), Box(0.8, 0.5, 0.95, 0.7)
SCENE = Seen((Detection("dog", "own", RIGHT, 0.9), Detection("apple", "red", LEFT, 0.9),
              Detection("dog", "own", FAR, 0.9)), "beach", 0.9)


class Eyes:
    """A critic that sees what it is told, and models that say what they are told."""

    def __init__(self, seen: Seen = SCENE, says: str | Exception | None = None) -> None:
        self.seen, self.says = seen, says

    def models(self) -> list[Any]:
        able = dataclasses.replace(sketch.model().capabilities, understands=self.says is not None,
                                   world=None)
        return [dataclasses.replace(sketch.model("sketch-says"), capabilities=able)]

    def tell(self, name: str, image: Image.Image) -> str:
        if isinstance(self.says, Exception):
            raise self.says
        return f"{self.says}\n"

    def see(self, image: Image.Image) -> Seen:
        return self.seen


def test_what_is_seen_becomes_a_sentence_that_one_would_draw_it_by():
    assert describe(PICTURE, Eyes()) == Described(text="a red apple to the left of two dogs on a beach",
                                                  by="the critic")


def test_a_model_that_understands_pictures_says_it_itself():
    assert describe(PICTURE, Eyes(says="an apple, and dogs behind it")) == Described(
        text="an apple, and dogs behind it", by="sketch-says")


@pytest.mark.parametrize("says", [BrokenOutput("no words"), "  "])
def test_where_it_fails_or_is_silent_the_critic_is_asked(says):
    assert describe(PICTURE, Eyes(says=says)).by == "the critic"


def test_where_nothing_is_made_out_it_says_so():
    with pytest.raises(BadInput, match="knows by name"):
        describe(PICTURE, Eyes(Seen(())))
    assert describe(PICTURE, Eyes(Seen((), "desert", 0.9))).text == "in the desert"


def test_things_that_overlap_have_no_side():
    one = Seen((Detection("cup", "blue", LEFT, 0.9), Detection("cat", "own", LEFT, 0.9)))
    assert as_brief(one).relations == [] and caption(as_brief(one)) in ("a blue cup and a cat", "a cat and a blue cup")


@pytest.mark.shared_worker
def test_a_drawn_picture_is_described_as_it_was_asked_for(sketch_workshop: Workshop, tmp_path) -> None:
    from agent.api import Options, Turn
    from agent.settings import Settings
    from agent.studio import Studio

    studio = Studio(Settings(data=tmp_path, generator="sketch", repairs=0), sketch_workshop)
    session = studio.new_session()
    outcome = studio.turn(session, Turn(id="t", text="a green cup on a beach"), Options(seed=7))
    assert studio.describe(outcome.images[0].id).text == "a green cup on a beach"
    studio.close()

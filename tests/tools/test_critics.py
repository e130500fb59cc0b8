"""Critics on made-up sights: tables of what is seen, what is wanted, what is said."""

from __future__ import annotations

import pytest
from PIL import Image

from generators.api import Box, Detection, ModelUnavailable, Region, Seen
from tools.api import Brief, BriefObject, BriefRelation, Finding
from tools.critics.groups import assign
from tools.critics.registry import all_critics
from tools.critique import judge, known_words, look
from tools.scene import scene_of_seen

PICTURE = Image.new("RGB", (64, 64))


def at(thing: str, x: float, y: float = 0.5, colour: str = "own", side: float = 0.2, sure: float = 0.9) -> Detection:
    return Detection(thing, colour, Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2), sure, 0.8)


def sight(*objects: Detection, background: str | None = "beach", sure: float = 0.95) -> Seen:
    return Seen(objects, background, sure)


def wants(*objects: BriefObject, relations: tuple[tuple[str, str, str], ...] = (), **more) -> Brief:
    return Brief(objects=list(objects), **more, relations=[
        BriefRelation(subject=s, relation=r, object=o) for s, r, o in relations])  # type: ignore[arg-type]


def dog(**more) -> BriefObject:
    return BriefObject(**{"id": "dog", "name": "dog", **more})


def said(brief: Brief, seen: Seen, kind: str) -> Finding:
    found = [f for f in judge(PICTURE, seen, brief) if f.kind == kind]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("count, seen, passed, evidence", [
    (2, [at("dog", 0.2, sure=0.93), at("dog", 0.8, sure=0.88)], True, "found 2 dogs (0.93, 0.88)"),
    (2, [at("dog", 0.2)], False, "found 1 dog (0.90), wanted 2"),
    (1, [at("dog", 0.2), at("dog", 0.8)], False, "found 2 dogs (0.90, 0.90), wanted 1"),
    (1, [at("cat", 0.2)], False, "found no dog, wanted 1"),
    (0, [], True, "found no dog"),
    (0, [at("dog", 0.2)], False, "found 1 dog (0.90), wanted 0"),
    (None, [at("dog", 0.2), at("dog", 0.8), at("dog", 0.5)], True, "found 3 dogs (0.90, 0.90, 0.90)"),
    (None, [at("dog", 0.2)], False, "found 1 dog (0.90), wanted at least 2"),
])
def test_counts(count: int | None, seen: list[Detection], passed: bool, evidence: str) -> None:
    finding = said(wants(dog(count=count)), sight(*seen), "count")
    assert (finding.passed, finding.evidence) == (passed, evidence)
    assert finding.boxes == [d.box for d in sorted(seen, key=lambda d: d.box) if d.thing == "dog"]


def test_a_doubtful_surplus_is_a_doubtful_finding() -> None:
    seen = sight(at("dog", 0.2, sure=0.95), at("dog", 0.8, sure=0.35))
    assert said(wants(dog(count=1)), seen, "count").confidence == pytest.approx(0.35)
    assert said(wants(dog(count=2)), seen, "count").confidence == pytest.approx(0.35)


def test_a_puppy_is_a_dog_and_a_purple_dog_too() -> None:
    brief = wants(dog(name="puppy"), BriefObject(id="b", name="dogs", colour="violet"))
    findings = judge(PICTURE, sight(at("dog", 0.2), at("dog", 0.8, colour="purple")), brief)
    assert [f.passed for f in findings] == [True, True, True]


@pytest.mark.parametrize("wanted, seen, passed", [
    ("purple", "purple", True), ("purple", "red", False), ("violet", "purple", True), ("purple", "own", False),
])
def test_colours(wanted: str, seen: str, passed: bool) -> None:
    finding = said(wants(dog(colour=wanted)), sight(at("dog", 0.5, colour=seen)), "colour")
    assert finding.passed is passed and finding.confidence == pytest.approx(0.72)


def test_an_apple_is_red_by_nature() -> None:
    apple = BriefObject(id="a", name="apple", colour="red")
    assert said(wants(apple), sight(at("apple", 0.5)), "colour").passed is True
    assert said(wants(apple.model_copy(update={"colour": "green"})), sight(at("apple", 0.5)), "colour").passed is False


def test_a_colour_that_could_not_be_made_out_is_left_open() -> None:
    assert said(wants(dog(colour="red")), sight(at("dog", 0.5, colour="")), "colour").passed is None


def test_every_one_of_a_group_needs_the_colour() -> None:
    brief = wants(dog(count=2, colour="red"))
    finding = said(brief, sight(at("dog", 0.2, colour="red"), at("dog", 0.8, colour="blue")), "colour")
    assert finding.passed is False and finding.evidence == "2 dogs seen as red (0.80) and blue (0.80)"
    assert [box.centre[0] for box in finding.boxes] == [pytest.approx(0.8)]


def test_groups_of_one_name_are_shared_out_by_colour() -> None:
    red = BriefObject(id="red", name="dog", colour="red")
    brief = wants(dog(colour="purple"), BriefObject(id="dog-2", name="dog"), red)
    seen = sight(at("dog", 0.1), at("dog", 0.5, colour="red"), at("dog", 0.9, colour="purple"))
    groups = assign(seen, brief)
    assert {id: [d.colour for d in found] for id, found in groups.items()} == {
        "dog": ["purple"], "dog-2": ["own"], "red": ["red"]}
    assert all(f.passed for f in judge(PICTURE, seen, brief))
    assert groups == assign(Seen(tuple(reversed(seen.objects)), "beach", 1), brief)


def test_groups_that_nothing_tells_apart_are_shared_out_by_relation_and_layout() -> None:
    brief = wants(dog(), BriefObject(id="dog-2", name="dog"), relations=(("dog", "right of", "dog-2"),))
    seen = sight(at("dog", 0.2), at("dog", 0.8))
    assert said(brief, seen, "relation").passed is True
    layout = (Region("dog", at("dog", 0.8).box), Region("dog", at("dog", 0.2).box))
    groups = assign(seen, wants(dog(), BriefObject(id="dog-2", name="dog")), layout)
    assert groups["dog"][0].box.centre[0] == pytest.approx(0.8)


def test_a_crowd_is_shared_out_quickly() -> None:
    brief = wants(dog(count=9, colour="red"), BriefObject(id="b", name="dog", count=9))
    seen = sight(*(at("dog", n / 20, colour="red" if n % 2 else "own") for n in range(18)))
    assert {d.colour for d in assign(seen, brief)["dog"]} == {"red"}


@pytest.mark.parametrize("relation, apple, passed", [
    ("left of", 0.1, True), ("left of", 0.95, False), ("right of", 0.95, True), ("left of", 0.6, False),
])
def test_a_relation_must_hold_for_all_of_a_group(relation: str, apple: float, passed: bool) -> None:
    brief = wants(BriefObject(id="a", name="apple"), dog(count=2), relations=(("a", relation, "dog"),))
    finding = said(brief, sight(at("apple", apple), at("dog", 0.4), at("dog", 0.7)), "relation")
    assert finding.passed is passed
    word = "is" if passed else "is not"
    assert f"{word} {relation} both dogs at (0.40, 0.50), (0.70, 0.50)" in finding.evidence


def test_a_relation_without_one_end_fails_and_says_which() -> None:
    brief = wants(BriefObject(id="a", name="apple"), dog(), relations=(("a", "left of", "dog"),))
    finding = said(brief, sight(at("dog", 0.4)), "relation")
    assert finding.passed is False and finding.evidence == "found no apple to compare"


@pytest.mark.parametrize("place, x, y, passed", [
    ("top left", 0.2, 0.2, True), ("top left", 0.2, 0.8, False), ("centre", 0.5, 0.5, True), ("right", 0.2, 0.5, False),
    ("behind the sofa", 0.5, 0.5, None),
])
def test_places(place: str, x: float, y: float, passed: bool | None) -> None:
    assert said(wants(dog(place=place)), sight(at("dog", x, y)), "place").passed is passed


@pytest.mark.parametrize("size, side, others, passed", [
    ("small", 0.2, [], True), ("small", 0.5, [], False), ("big", 0.5, [], True), ("big", 0.2, [], False),
    ("small", 0.35, [0.6], True), ("big", 0.36, [0.2, 0.25], True), ("big", 0.25, [0.3, 0.3], False),
])
def test_sizes(size, side: float, others: list[float], passed: bool) -> None:
    brief = wants(dog(size=size), *(BriefObject(id=f"c{i}", name="cat") for i in range(len(others))))
    seen = sight(at("dog", 0.3, side=side), *(at("cat", 0.6, side=o) for o in others))
    finding = said(brief, seen, "size")
    assert finding.passed is passed and f"{side:.2f}" in finding.evidence


@pytest.mark.parametrize("wanted, seen, passed", [
    ("beach", "beach", True), ("the seaside", "beach", True), ("night", "beach", False), ("beach", None, None),
    ("wedding", "beach", None),
])
def test_backgrounds(wanted: str, seen: str | None, passed: bool | None) -> None:
    finding = said(wants(background=wanted), sight(background=seen), "background")
    assert finding.passed is passed and finding.confidence == (0 if passed is None else 0.95)


@pytest.mark.parametrize("word, passed", [
    ("cats", True), ("dogs", False), ("people", True), ("beach", False), ("night", True), ("happiness", None),
])
def test_what_must_not_be_there(word: str, passed: bool | None) -> None:
    assert said(wants(avoid=[word]), sight(at("dog", 0.5)), "avoid").passed is passed


def test_every_requirement_gets_exactly_one_finding() -> None:
    dogs = dog(colour="red", size="big", place="left", attributes=["happy"], count=2)
    brief = wants(dogs, BriefObject(id="c", name="cat"),
                  relations=(("dog", "left of", "c"), ("c", "right of", "dog")), background="beach", style="flat",
                  text="HELLO", avoid=["car", "sadness"])
    findings = judge(PICTURE, sight(at("dog", 0.2), at("cat", 0.8)), brief)
    assert [(f.kind, f.requirement, f.subject) for f in findings] == [
        (r.kind, r.text, r.subject) for r in brief.requirements()]
    open_ones = {f.requirement for f in findings if f.passed is None}
    assert open_ones == {"happy dog", "style: flat", "text: HELLO", "no sadness"}
    assert all("no critic here can check" in f.evidence and f.confidence == 0 for f in findings if f.passed is None)
    assert all(f.evidence and 0 <= f.confidence <= 1 for f in findings)


def test_what_the_detector_has_not_learnt_is_left_open() -> None:
    brief = wants(dog(), BriefObject(id="w", name="wizard", colour="red"), BriefObject(id="owl", name="owl"),
                  relations=(("dog", "left of", "w"),), background="space")
    findings = judge(PICTURE, sight(at("dog", 0.2)), brief, words=frozenset({"dog", "cat", "red", "beach"}))
    assert [f.passed for f in findings] == [True, None, None, None, None, None]
    assert "'wizard'" in findings[1].evidence and "'owl'" in findings[3].evidence


def test_two_lines_that_read_alike_are_both_judged() -> None:
    brief = wants(dog(), BriefObject(id="dog-2", name="dog"))
    assert [f.subject for f in judge(PICTURE, sight(at("dog", 0.2), at("dog", 0.8)), brief)] == ["dog", "dog-2"]


def test_the_scene_is_numbered_from_left_to_right() -> None:
    seen = sight(at("dog", 0.8, colour="purple"), at("hot dog", 0.5), at("dog", 0.2))
    assert [(t.id, t.name, t.colour) for t in scene_of_seen(seen)] == [
        ("dog-1", "dog", None), ("hot-dog-1", "hot dog", None), ("dog-2", "dog", "purple")]


def test_no_two_critics_judge_one_kind() -> None:
    kinds = [kind for critic in all_critics() for kind in critic.kinds]
    assert len(kinds) == len(set(kinds)) == 7


def test_where_nothing_can_look_every_line_is_open(make) -> None:
    from tools.registry import call

    ctx = make(brief=wants(dog()))
    picture = call(ctx, "generate", {"prompt": "a dog"}).picture

    def blind(image: Image.Image) -> Seen:
        raise ModelUnavailable("There is no critic here.")

    ctx.workshop.see = blind
    critique, scene = look(ctx, picture)
    assert [f.passed for f in critique.findings] == [None] and scene == [] and critique.score == 1
    assert "There is no critic here." in critique.findings[0].evidence


def test_the_critic_knows_what_the_models_know(make) -> None:
    words = known_words(make())
    assert words is not None and {"dog", "beach", "purple"} <= words

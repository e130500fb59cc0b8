"""What the chat and the stage show, as pure functions of what happened."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.api import (
    Answered,
    Asked,
    Briefed,
    Called,
    Held,
    Judged,
    Outcome,
    PictureView,
    SessionView,
    Started,
    StepView,
    UserSaid,
    Working,
)
from generators.api import Box, Extent, Request
from tools.api import (
    Brief,
    BriefObject,
    BriefRelation,
    Critique,
    Finding,
    Limits,
    PictureRecord,
    Question,
    SceneObject,
    Usage,
)
from ui import drawer, gallery, menus, render, stage
from ui.live import Snapshot

A, B, C = ("a" * 32, "b" * 32, "c" * 32)
HOSTILE = (
    "<img src=http://evil.example/x>", "![x](http://evil.example/x)", "[x](javascript:alert(1))", "<script>alert(1)",
    "http://evil.example/auto", "www.evil.example", "<div style='background:url(//evil.example)'>", "$$\\href{x}{y}$$",
    "| a | b |\n|---|---|", "# big", "1. one\n2. two", "    code", "`code`", "*a* _b_ ~~c~~",
    "&lt;b&gt;", "\"' onload=x",
    "a\u202eb",
)  # fmt: skip


class Tags(HTMLParser):
    """Collects every element, attribute and piece of text of some HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def brief() -> Brief:
    return Brief(request="r", objects=[BriefObject(id="apple", name="apple", colour="red"),
                                       BriefObject(id="dog", name="dog", count=2)],
                 relations=[BriefRelation(subject="apple", relation="left of", object="dog")],
                 background="beach", assumed=["background: beach"], unknown=["zorgly"])


@pytest.fixture
def findings() -> list[Finding]:
    return [
        Finding(requirement="two dogs", kind="count", passed=True, confidence=0.9, evidence="saw two",
                boxes=[Box(0.5, 0.5, 0.7, 0.9)]),
        Finding(requirement="red apple", kind="colour", passed=False, confidence=0.8, evidence="it is <green>"),
        Finding(requirement="background: beach", kind="background", passed=None, confidence=0.0, evidence=""),
    ]


def answered(turn: str, picture: str | None, status: str = "done", reply: str = "Here it is.",
             question: Question | None = None) -> Answered:
    images = [PictureView(path="/x.png", id=picture, width=8, height=8, seed=7, model="m", parents=[], critique=[])
              ] if picture else []
    outcome = Outcome(status=status, session="s", reply=reply, question=question, usage=Usage(seconds=1.24),
                      images=images)
    return Answered(turn=turn, outcome=outcome, picture=picture)


def called(turn: str, tool: str, picture: str | None = None, ok: bool = True, note: str = "") -> Called:
    step = StepView(tool=tool, arguments={"prompt": "two dogs", "regions": [1]}, seconds=0.9, ok=ok, note=note)
    return Called(turn=turn, call=f"{tool}-{turn}", step=step, picture=picture)


@given(st.text())
def test_escaped_text_is_read_back_as_it_was_and_holds_no_markup(text: str) -> None:
    escaped = render.escape(text)
    assert not set(escaped) & set("<>\"'`*_[]()!$\\|~#:/.@") - set("<>") or "<br>" in escaped or "&#" in escaped
    assert set(Tags(escaped).tags) <= {"br"}
    printable = "".join(sign if sign.isprintable() else " " for sign in text.translate(render.DROPPED)
                        if sign != "\n")
    assert html.unescape(escaped.replace("<br>", "")) == printable


@pytest.mark.parametrize("text", HOSTILE)
def test_no_markdown_or_html_survives(text: str) -> None:
    escaped = render.escape(text)
    assert re.fullmatch(r"(?:[A-Za-z0-9 ,]|&#\d+;|<br>|[^\x00-\x9f])*", escaped)
    assert "\u202e" not in escaped


def test_long_text_is_cut() -> None:
    assert len(render.escape("a" * 100_000)) < 9000


@pytest.mark.parametrize("id", ["../../etc/passwd", "http://evil.example", "A" * 32, "a" * 31, "", "a" * 31 + "\n"])
def test_only_hashes_become_addresses(id: str) -> None:
    assert render.picture_url(id) == "" and render.picture(id, "x", "thumb") == ""


def test_a_finished_turn_reads_user_trace_picture_reply(brief: Brief, findings: list[Finding]) -> None:
    entries = [UserSaid(turn="1", text="an apple"), Briefed(turn="1", brief=brief), called("1", "layout_plan"),
               called("1", "generate", A), called("1", "critique"), Judged(turn="1", picture=A, findings=findings),
               answered("1", A)]
    items = render.chat(entries)
    assert [item["role"] for item in items] == ["user", *["assistant"] * 7]
    titles = [item["metadata"]["title"] for item in items if "metadata" in item]
    assert titles == ["understood · planned · drew · checked 1/2", "Understood", "Planned the layout",
                      "Drew the picture", "Looked at it, 1 of 2 right"]
    parents = {item["metadata"].get("parent_id") for item in items if "metadata" in item}
    assert parents == {None, "t-1"}
    assert len({item["metadata"]["id"] for item in items if "metadata" in item}) == 5
    assert f"pictures/{A}.png" in items[-2]["content"] and "a red apple and two dogs" in items[-2]["content"]
    assert items[-1]["content"] == '<div class="mq-say mq-done">Here it is&#46;</div>'


def test_only_the_waiting_question_has_buttons() -> None:
    question = Question(text="Which?", options=["left", "you choose"])
    entries = [UserSaid(turn="1", text="x"), Asked(turn="1", question=question),
               answered("1", None, "question", "Which?", question)]
    waiting = render.chat(entries, question=question)
    assert waiting[-1]["options"] == [{"value": word, "label": word} for word in question.options]
    later = render.chat([*entries, UserSaid(turn="2", text="left"), answered("2", A)])
    assert not any("options" in item for item in later)


def test_a_running_turn_shows_its_step() -> None:
    said = UserSaid(turn="1", text="x")
    now = Snapshot(started=(Started(call="c", tool="generate", arguments={}),),
                   working=Working(call="c", step=5, steps=20))
    items = render.chat([said], now)
    assert items[1]["metadata"]["title"] == "Drawing" and items[1]["metadata"]["status"] == "pending"
    assert items[2]["metadata"]["log"] == "step 5/20"
    loading = Snapshot(started=now.started, working=Working(call="c", step=0, steps=0))
    assert render.chat([said], loading)[2]["metadata"]["log"] == "loading the model"


def test_a_turn_that_has_just_begun_says_so() -> None:
    items = render.chat([UserSaid(turn="1", text="x")], Snapshot())
    assert items[-1]["metadata"] == {"title": "Reading what you said", "status": "pending", "id": "t-1-0",
                                     "parent_id": "t-1"}


def test_a_failed_step_says_that_it_failed() -> None:
    entries = [UserSaid(turn="1", text="x"), called("1", "generate", ok=False, note="no <memory>"), answered("1", None)]
    step = render.chat(entries)[2]
    assert step["metadata"]["title"] == "Drawing did not work" and "&#60;memory&#62;" in step["content"]


def test_a_version_chosen_by_hand_leaves_no_trace(brief: Brief) -> None:
    assert render.chat([Briefed(turn="choice-3", brief=brief)]) == []


def test_a_mask_is_shown_on_the_picture_it_was_painted_on() -> None:
    entries = [UserSaid(turn="1", text="x"), answered("1", A), UserSaid(turn="2", text="cake", mask=B, uploads=[C])]
    bubble = render.chat(entries)[-1]["content"]
    assert bubble.index(C) < bubble.index(A) < bubble.index(B)


def test_hostile_words_everywhere_stay_words(brief: Brief) -> None:
    bad = "<img src=x onerror=alert(1)>![](http://evil.example)"
    nasty = brief.model_copy(update={"background": bad, "unknown": [bad], "assumed": [bad],
                                     "objects": [BriefObject(id="x", name=bad, colour=bad)]})
    finding = Finding(requirement=bad, kind="count", passed=False, confidence=1, evidence=bad, subject=bad)
    record = PictureRecord(id=A, width=8, height=8, model=bad, brief=nasty, tool=bad,
                           critique=Critique(picture=A, findings=[finding]),
                           scene=[SceneObject(id=bad, name=bad, box=Box(0, 0, 1, 1))])
    view = SessionView(session="s", versions=[record], picture=A, brief=nasty)
    entries = [UserSaid(turn="1", text=bad), Briefed(turn="1", brief=nasty), called("1", bad, A, note=bad),
               Judged(turn="1", picture=A, findings=[finding]), answered("1", A, reply=bad)]
    pieces = [item["content"] + item.get("metadata", {}).get("title", "") for item in render.chat(entries)]
    pieces += [stage.frame(view), stage.facts(view),
               menus.topbar([{"session": bad, "title": bad, "pictures": 1}],
                            [{"name": bad, "family": bad, "capabilities": [bad], "installed": False, "memory": 1}],
                            None, bad), gallery.gallery([Held(id=A, session=bad, text=bad)], bad, note=bad),
               drawer.drawer([{"name": bad, "installed": True}],
                             {"planners": [{"name": bad, "label": bad, "available": True}], "models": {
                                 bad: {"steps": 1, "guidance": None, "takes": ["steps", "guidance", "negative"],
                                       "sizes": [[64, 64], [96, 64]], "seconds": None, "adapters": [bad]}}}, bad,
                             Limits())]
    for piece in pieces:
        seen = Tags(piece)
        sources = [value for name, value in seen.attributes if name == "src"]
        assert all(re.fullmatch(r"(pictures|thumbnails)/[0-9a-f]{32}\.(png|webp)", value or "") for value in sources)
        assert not [name for name, _ in seen.attributes if name.startswith("on")], piece


def test_the_stage_shows_the_current_picture_and_its_story(brief: Brief, findings: list[Finding]) -> None:
    request = Request(kind="edit", model="pack-diffusion", prompt="p", size=Extent(64, 128), seed=7, sources=(A,))
    first = PictureRecord(id=A, width=64, height=128, role="upload")
    second = PictureRecord(id=B, width=64, height=128, request=request, model="pack-diffusion", parents=[A],
                           brief=brief, critique=Critique(picture=B, findings=findings), seconds={"total": 0.94},
                           scene=[SceneObject(id="dog-1", name="dog", box=Box(0.5, 0.5, 0.7, 0.9)),
                                  SceneObject(id="dog-2", name="dog", box=Box(0.7, 0.5, 0.9, 0.9))])
    view = SessionView(session="s", versions=[first, second], picture=B, brief=brief,
                       entries=[UserSaid(turn="1", text="x", uploads=[A]), answered("1", B)])
    shown = stage.frame(view)
    assert f'data-picture="{B}"' in shown and 'width="384" height="768"' in shown
    assert f'class="mq-before" src="pictures/{A}.png"' in shown and ">dog 2</button>" in shown
    facts = stage.facts(view)
    assert "two dogs" in facts and "zorgly&#63;<small>not understood</small>" in facts
    assert facts.count("mq-assumed") == 1 and "beach<small>assumed</small>" in facts
    assert 'data-tip="not met&#58; it is &#60;green&#62;"' in facts
    assert 'aria-label="version 2, made from version 1, ' in facts and 'aria-label="version 1, yours, ' in facts
    assert facts.count('aria-current="true"') == 1
    words = Tags(facts).text
    assert "seed 7" in words and "pack-diffusion · 0.9 s · 64 × 128" in words


def test_an_empty_page_has_examples_and_no_facts() -> None:
    assert stage.facts(None) == "" and "Your picture appears here" in stage.frame(None)
    assert Tags(stage.welcome()).tags.count("button") == len(stage.EXAMPLES)


def test_of_a_long_session_the_latest_turns_are_shown_and_earlier_ones_on_request() -> None:
    entries = [entry for turn in range(200) for entry in (UserSaid(turn=str(turn), text=f"say {turn}"),
                                                          answered(str(turn), None))]
    said = [item["content"] for item in render.chat(entries) if item["role"] == "user"]
    assert len(said) == render.LATEST and "say 199" in said[-1] and render.hidden(entries) == 200 - render.LATEST
    assert len(render.chat(entries, earlier=render.LATEST)) == 2 * len(render.chat(entries))
    assert render.hidden(entries, 1000) == 0


def test_a_deleted_picture_is_gone_from_the_conversation_as_well() -> None:
    entries = [UserSaid(turn="1", text="x"), called("1", "generate", A), answered("1", A)]
    shown = "".join(item["content"] for item in render.chat(entries, gone=[A]))
    assert A not in shown and "deleted" in shown


def test_a_check_says_where_it_looked_and_at_which_picture(findings: list[Finding]) -> None:
    listed = render.findings_list(findings, A)
    assert f'class="mq-met mq-check mq-of-{A} mq-at-5000-5000-7000-9000" tabindex="0"' in listed
    assert "mq-of" not in render.findings_list(findings, "../x")


def test_the_bar_lists_what_is_installed_first_and_says_what_the_rest_needs() -> None:
    models = [{"name": "big", "family": "diffusion", "capabilities": ["generate"], "installed": False, "fits": False,
               "memory": 13.0}, {"name": "pack", "family": "diffusion", "capabilities": ["edit"], "installed": True,
                                 "sizes": [[64, 64]]}]
    bar = menus.model_menu(models, menus.usual_model(models, "diffusion"))
    assert bar.index('data-model="pack"') < bar.index('data-model="big" disabled')
    assert "about 13 GB of memory" in bar and 'data-default="pack"' in bar
    assert menus.usual_model(models, "unified") == "unified"

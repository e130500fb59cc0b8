"""The page's layout and its wiring, in Gradio. What happens on an event is in `ui/page.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from ui import evaluation
from ui.api import Sent, read_sent
from ui.page import Frame, Page, safely
from ui.strips import dismiss
from ui.words import html, say

# Sends what the browser knows (session, picked model, painted area) as the last input of every event.
# Gradio loads scripts as it goes, so the first event may come before ours is there.
TELL = """async (...inputs) => {
  while (!window.maquette) await new Promise((again) => setTimeout(again, 20));
  return [...inputs.slice(0, -1), window.maquette.tell()];
}"""
HEAD = '<script src="/page/maquette.js"></script>'
WIRE = "window.maquette.connect((data) => trigger('act', data));"
SIGNAL = "const read = () => window.maquette.signal(element.textContent); watch('value', read); read();"
GALLERY = "watch('value', () => window.maquette.galleryShown());"
SHOWN = "const show = () => window.maquette.shown(); watch('value', show); show();"
TIMES = '<p class="mq-times" aria-live="off"></p>'
EVENT: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}


def layout(page: Page) -> gr.Blocks:
    """The whole page."""
    with gr.Blocks(title="Maquette", analytics_enabled=False, fill_width=True,
                   delete_cache=(3600, 24 * 3600)) as blocks:
        top = gr.HTML(elem_id="top", js_on_load=SHOWN, head=HEAD, apply_default_css=False)
        with gr.Row(elem_id="studio", equal_height=False):
            with gr.Column(elem_id="talk-side", min_width=0):
                gr.HTML(_handle(), elem_id="handle", js_on_load=None, apply_default_css=False)
                welcome = gr.HTML(elem_id="welcome", js_on_load=None, apply_default_css=False)
                talk = _talk()
                strip = gr.HTML(elem_id="strip", js_on_load=None, apply_default_css=False)
                for name, line in _lines().items():
                    gr.HTML(line, elem_id=name, js_on_load=None, apply_default_css=False)
                with gr.Row(elem_id="composer"):
                    box = _box()
                    gr.HTML(TIMES, elem_id="times", js_on_load=None, apply_default_css=False)
                    stop = gr.Button(say("Stop"), elem_id="stop", min_width=0, scale=0)
            with gr.Column(elem_id="stage-side", min_width=0):
                picture = gr.HTML(elem_id="stage", js_on_load=SHOWN, head=HEAD, apply_default_css=False)
                facts = gr.HTML(elem_id="facts", js_on_load=SHOWN, head=HEAD, apply_default_css=False)
        gallery = gr.HTML(elem_id="gallery", js_on_load=GALLERY, head=HEAD, apply_default_css=False)
        runs = gr.HTML(elem_id="evaluation", js_on_load=None, apply_default_css=False)
        panel = gr.HTML(elem_id="panel", js_on_load=SHOWN, head=HEAD, apply_default_css=False)
        signal = gr.HTML(elem_id="signal", js_on_load=SIGNAL, head=HEAD, apply_default_css=False,
                         elem_classes="mq-hidden")
        wire = gr.HTML(elem_id="wire", js_on_load=WIRE, head=HEAD, apply_default_css=False, elem_classes="mq-hidden")
        told = gr.Textbox(visible=False)
        outputs = [box, talk, welcome, picture, facts, top, strip, signal, panel, gallery, runs]
        _wire(page, blocks, box, talk, stop, wire, told, outputs)
    return blocks


def _handle() -> str:
    label = html("More or less of the chat")
    return f'<button type="button" class="mq-handle" data-sheet aria-label="{label}"></button>'


def _lines() -> dict[str, str]:
    """What stands over the message box while it is so: each line by its name, from the top."""
    clear = html("Clear")
    return {
        "recalled": '<div class="mq-note" hidden><span></span><button type="button" data-recall="" class="mq-primary">'
                    f'{html("Use them")}</button>{dismiss()}</div>',
        "roles": f'<div class="mq-roles" role="group" aria-label="{html("What the pictures are for")}" hidden>'
                 '<div></div><p role="status"></p></div>',
        "kept": f'<div class="mq-kept"><small>{html("Set:")}</small> <span></span>'
                f'<button type="button" data-unset>{html("Reset")}</button></div>',
        "painted": f'<div class="mq-painted" role="status"><span>{html("The painted area will be used.")}</span>'
                   f'<button type="button" data-paint="clear">{clear}</button></div>',
        "noted": '<div class="mq-painted mq-noted" role="status">'
                 f'<span>{html("Your note on the picture goes with the message.")}</span>'
                 f'<button type="button" data-note="clear">{clear}</button></div>',
    }


def _talk() -> gr.Chatbot:
    return gr.Chatbot(elem_id="talk", label=say("Conversation"), show_label=False, container=False, height=None,
                      layout="bubble", buttons=[], allow_tags=False, sanitize_html=True, latex_delimiters=[],
                      feedback_options=None, line_breaks=False, placeholder=" ", allow_file_downloads=False)


def _box() -> gr.MultimodalTextbox:
    return gr.MultimodalTextbox(elem_id="box", label=say("Message"), show_label=False, container=False, lines=1,
                                max_lines=8, file_types=["image"], file_count="multiple", sources=["upload"],
                                placeholder=say("Say what you want…"), submit_btn=True, stop_btn=False, autofocus=True,
                                max_plain_text_length=20000, scale=1, min_width=0)


def _wire(page: Page, blocks: gr.Blocks, box: Any, talk: Any, stop: Any, wire: Any, told: Any,
          outputs: list[Any]) -> None:
    def load(told: str) -> Iterator[list[Any]]:
        yield from _values(page.load(read_sent(told)))

    def submit(message: dict[str, Any] | None, told: str) -> Iterator[list[Any]]:
        message = message or {}
        yield from _values(page.say(message.get("text") or "", message.get("files") or [], read_sent(told)))

    def choose(told: str, event: gr.SelectData) -> Iterator[list[Any]]:
        yield from _values(page.say(_chosen(event.value), [], read_sent(told), from_box=False))

    def act(told: str, event: gr.EventData) -> Iterator[list[Any]]:
        yield from _values(_act(page, event._data or {}, read_sent(told)))

    def halt(told: str) -> None:
        page.stop(read_sent(told))

    blocks.load(load, told, outputs, js=TELL, **EVENT)
    box.submit(submit, [box, told], outputs, js=TELL, **EVENT)
    talk.option_select(choose, told, outputs, js=TELL, **EVENT)
    wire.act(act, told, outputs, js=TELL, trigger_mode="multiple", **EVENT)
    stop.click(halt, told, None, js=TELL, queue=False, api_visibility="private", show_progress="hidden")


def _act(page: Page, data: dict[str, Any], sent: Sent) -> Iterator[Frame]:
    """What a button of ours asks for."""
    id = str(data.get("id", ""))
    acts: dict[str, Callable[[], Iterator[Frame]]] = {
        "say": lambda: page.say(str(data.get("text", "")), [], sent, from_box=False),
        "pick": lambda: page.select(sent, id),
        "undo": lambda: page.undo(sent),
        "star": lambda: page.star(sent, id, True),
        "unstar": lambda: page.star(sent, id, False),
        "delete": lambda: page.delete(sent, id),
        "restore": lambda: page.restore(sent, id),
        "presets": lambda: page.add_presets(str(data.get("data", ""))),
        "describe": lambda: page.describe(sent, id),
        "compare": lambda: page.compare(sent),
        "vary": lambda: page.vary(sent),
        "enlarge": lambda: page.enlarge(sent, str(data.get("side", ""))),
        "line": lambda: page.change_line(sent, _whole(data.get("line")), str(data.get("was", "")),
                                         str(data.get("wanted", ""))),
        "resume": lambda: page.resume(sent),
        "refresh": lambda: page.load(sent),
        "gallery": lambda: page.browse(**_filter(data)),
        "collect": lambda: page.collect(str(data.get("name", "")), _texts(data.get("ids")), bool(data.get("on", True)),
                                        **_filter(data)),
        "evaluation": lambda: page.evaluate(),
        "evaluate": lambda: page.begin_run({name: str(data.get(name, "")) for name in evaluation.FIELDS}),
        "unevaluate": lambda: page.end_run(id),
        "reevaluate": lambda: page.go_on_with_run(id),
    }
    asked = acts.get(str(data.get("act")))
    return asked() if asked else iter((Frame(),))


def _filter(data: dict[str, Any]) -> dict[str, Any]:
    """Which pictures of the gallery are asked for."""
    return {"words": str(data.get("words", "")), "starred": bool(data.get("starred")),
            "count": max(0, _whole(data.get("count"))), "collection": str(data.get("collection", "")),
            "like": str(data.get("like") or "")[:64]}


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _whole(value: Any) -> int:
    """A line's number; what is none names the line that is to be added."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _chosen(value: Any) -> str:
    return str(value.get("value", "")) if isinstance(value, dict) else str(value)


def _values(frames: Iterator[Frame]) -> Iterator[list[Any]]:
    """Frames as the values of `outputs`, in order."""
    for frame in safely(frames):
        parts = (frame.talk, frame.welcome, frame.picture, frame.facts, frame.top, frame.strip, frame.signal,
                 frame.panel, frame.gallery, frame.evaluation)
        yield [gr.skip() if part is None else part for part in (frame.box, *parts)]

"""The page on which people choose between two pictures of one prompt, without knowing which arm drew which.

On this machine only, for one voter at a time (`--voter` names another); the keyboard is enough. The pictures are sent
without the record that says how they were made.
"""

from __future__ import annotations

import base64
import datetime
import io
import os
import socket
from html import escape
from typing import Any

from PIL import Image

from evals.api import EvalError, Sample
from evals.votes import Ballot, Choice, Pair, Vote

HOST = "127.0.0.1"
SHOWN = 1024
"""Longest side of a picture in pixels."""
BUTTONS = (("left", "← this one"), ("tie", "↓ no difference"), ("right", "this one →"))
STYLE = """<style>
.pair { display: flex; gap: 1rem; justify-content: center; flex-wrap: wrap }
.pair img { width: min(26rem, 44vw); height: auto; image-rendering: auto; border-radius: .5rem }
.said { font-size: 1.2rem; text-align: center } .quiet { opacity: .65; text-align: center }
</style>"""
KEYS = """<script>
const keys = {ArrowLeft: "left", ArrowRight: "right", ArrowDown: "tie", 1: "left", 2: "right", 0: "tie",
              Backspace: "back"};
document.addEventListener("keydown", event => {
  const id = keys[event.key];
  if (!id || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById(id)?.click();
});
</script>"""
Shown = list[list[str]]
"""The keys of the pairs that were shown, left and right; the last is on the page."""


class Booth:
    """What the page does, without a page: shows a pair, takes a choice, goes back."""

    def __init__(self, ballot: Ballot, voter: str) -> None:
        self.ballot, self.voter = ballot, voter

    def begin(self) -> tuple[Shown, str, str]:
        return self._on([])

    def choose(self, shown: Shown, choice: Choice) -> tuple[Shown, str, str]:
        """Keeps the choice on the last pair, and shows another."""
        if not shown:
            return self._on([])
        left, right = shown[-1]
        made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        try:
            self.ballot.vote(Vote(left=left, right=right, choice=choice, voter=self.voter, made=made))
        except EvalError as error:
            return shown, *self._view(shown, str(error))
        return self._on(shown)

    def back(self, shown: Shown) -> tuple[Shown, str, str]:
        """Shows the pair before; another choice replaces the first."""
        earlier = shown[:-1] or shown
        return earlier, *self._view(earlier)

    def _on(self, shown: Shown) -> tuple[Shown, str, str]:
        pair = self.ballot.next(self.voter)
        if pair is None:
            return shown, "<p class=said>That was all. Thank you; the window can be closed.</p>", ""
        now = [*shown, [pair.left.key, pair.right.key]]
        return now, *self._view(now)

    def _view(self, shown: Shown, trouble: str = "") -> tuple[str, str]:
        """The request and how far it is; the two pictures."""
        if not shown:
            return "", ""
        pair = Pair(*(self.ballot.samples[key] for key in shown[-1]))
        said = " ▸ ".join(pair.left.item.turns)
        done = sum(vote.voter == self.voter for vote in self.ballot.cast())
        note = trouble or (f"Which shows better what was asked for? {done} of {len(self.ballot.pairs)} chosen; the "
                           "arrow keys choose, Backspace goes back.")
        pictures = "".join(f'<img alt="{side} picture" src="{self._address(sample)}">'
                           for side, sample in (("left", pair.left), ("right", pair.right)))
        return (f"<p class=said>{escape(said)}</p><p class=quiet>{escape(note)}</p>",
                f"<div class=pair>{pictures}</div>")

    def _address(self, sample: Sample) -> str:
        """The pixels alone, as a data address: neither name nor record says who drew them."""
        buffer = io.BytesIO()
        try:
            with Image.open(self.ballot.folder.pictures / str(sample.picture)) as opened:
                image = opened.convert("RGB")
        except OSError:
            return ""
        image.thumbnail((SHOWN, SHOWN))
        Image.frombytes("RGB", image.size, image.tobytes()).save(buffer, "PNG")
        return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def build(booth: Booth) -> Any:  # -> fastapi.FastAPI
    """The whole application. Gradio is imported here, not with the module: it takes seconds."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import gradio as gr
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    with gr.Blocks(title="Which is better?", analytics_enabled=False) as blocks:
        shown = gr.State([])
        said, pictures = gr.HTML(), gr.HTML()
        outputs = [shown, said, pictures]
        with gr.Row():
            for choice, label in BUTTONS:
                gr.Button(label, elem_id=choice).click(
                    lambda shown, choice=choice: booth.choose(shown, choice), shown, outputs,
                    show_progress="hidden", api_visibility="private")
        gr.Button("back", elem_id="back", size="sm").click(booth.back, shown, outputs, show_progress="hidden",
                                                           api_visibility="private")
        blocks.load(booth.begin, None, outputs, show_progress="hidden", api_visibility="private")
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app = gr.mount_gradio_app(app, blocks, path="/", allowed_paths=[], footer_links=[], pwa=False, ssr_mode=False,
                              run_history=False, head=STYLE + KEYS,
                              theme=gr.themes.Base(font=("system-ui", "sans-serif"), font_mono=("monospace",)))
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    return app


def serve(booth: Booth, port: int) -> None:
    """Until Ctrl-C. Raises `EvalError` where the port cannot be had."""
    import uvicorn

    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise EvalError(f"Port {port} cannot be used ({reason}); choose another with --port.") from None
        print(f"Vote at http://{HOST}:{listener.getsockname()[1]}  (Ctrl-C ends it; every vote is kept)", flush=True)
        config = uvicorn.Config(build(booth), log_level="warning", access_log=False, server_header=False,
                                timeout_graceful_shutdown=2)
        uvicorn.Server(config).run(sockets=[listener])

"""The page's own words: all of them stand in the catalogue, and what a translator writes is shown as words only."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from agent.api import BadInput
from scripts.words import TEMPLATE, catalogue, template
from tests.ui.browsing import ASK, current, no_sideways, open_page, paint_over, say, serving, settle, shot
from tests.ui.doubles import MODELS, StudioDouble
from tests.ui.test_evaluation import WORKS
from ui import keys, server, stage, words
from ui.runs import Runs

pytestmark = [pytest.mark.shared_worker,
              pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")]

UI = Path(words.__file__).parent
WORD = re.compile(r'<[a-z][^<>]*>(?!Maquette<)[^<>]*[A-Za-z]{2}|(aria-label|title|alt|placeholder)="[^"]*[A-Za-z]{2}')
HOLE = re.compile(r"(\{\w+\})")
ACCENTED = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")
PURPLE = "make one of the dogs purple"
VAGUE = "draw me something nice for my sister"
# What the page shows of others as it is: what was said to it and by it, what tools, checks and models are called.
SAID = {ASK, PURPLE, VAGUE, "put a cake here", "look at this", "a red apple and a dog", "the critic", "a cat", "zebra",
        "flowers", "a cake", "you choose", "try again", *stage.EXAMPLES,
        "Here it is: everything you asked for is there.", "What should be in it?", "in ink.", "Ink",
        "a red apple <b>and</b> a dog", "Stopped; what is finished is kept.",
        "0.5 samples a second  0:06 left"}
CALLED = {"red apple", "an apple", "two dogs", "a red apple", "brown dog", "purple dog", "pink cake", "apple", "dogs",
          "dog", "cake", "beach", "left of", "background", "exactly", "saw", "boxes", "generate", "edit", "inpaint",
          "layout_plan",
          "prompt", "one", "a", "to the", "automatic", "diffusion", "things", "one thing each", "single", "agent",
          "best-of-N", "sketch", "other", "pack-diffusion", "flux2-klein-4b", "picks", "ComfyUI", "Maquette", "x",
          *(word for row in MODELS for word in row["capabilities"]),
          *(key for names, _ in keys.KEYS for key in names.split())}
# Gradio's own, which it translates by itself into the browser's language.
GRADIO = {"chatbot conversation", "Multimedia input field", "Click to upload or drop files", "File upload",
          "Upload a file", "Uploaded files", "File thumbnail", "Remove file", "Clear", "Scroll down"}


def strange(text: str) -> str:
    """⟦Páínt ít⟧: the words between brackets, what is put in between outside of them."""
    return "".join(part if HOLE.fullmatch(part) else f"⟦{part.translate(ACCENTED)}⟧"
                   for part in HOLE.split(text) if part)


def compiled(folder: Path, language: str, change: Callable[[str], str]) -> Path:
    """A folder with a catalogue in which every text is changed so."""
    from babel.messages.mofile import write_mo

    found = catalogue()
    for message in found:
        if message.id:
            one = message.id
            message.string = change(one) if isinstance(one, str) else tuple(map(change, one))
    file = folder / language / "LC_MESSAGES" / f"{words.NAME}.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as stream:
        write_mo(stream, found)
    return folder


@pytest.fixture(autouse=True, scope="module")
def _english_again() -> Iterator[None]:
    yield
    words.use(words.ENGLISH)


def test_the_template_lists_what_the_page_says_now() -> None:
    assert TEMPLATE.read_text("utf-8") == template(), "a word of the page changed: run `make words`"


def test_what_is_said_is_a_text_as_it_stands() -> None:
    """What is no literal cannot be listed; tables are marked where they are written."""
    for file in UI.glob("*.py"):
        assert not re.search(r"""(?<![\w.])(say|html|phrase)(_many)?\(\s*r?f["']""", file.read_text("utf-8")), file.name
    for file in UI.glob("static/*.js"):
        said = re.findall(r"(?<![\w.])say\((.)", file.read_text("utf-8"))
        assert set(said) <= {'"'}, file.name


@pytest.mark.parametrize("file", sorted(UI.glob("*.py")), ids=lambda file: file.name)
def test_no_markup_holds_a_word_of_its_own(file: Path) -> None:
    """Also where no test of the page comes by: between tags, and in what is read out or shown at a pointer."""
    found = [html for html in map(_written, ast.walk(ast.parse(file.read_text("utf-8")))) for _ in WORD.finditer(html)]
    assert not found


def _written(node: ast.AST) -> str:
    """A text as it is written, without what is put in."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))


def test_an_unknown_language_is_a_sentence(tmp_path: Path) -> None:
    compiled(tmp_path, "xx", strange)
    with pytest.raises(BadInput, match=r"does not speak 'tlh'; MAQUETTE_LANGUAGE can be en or xx\."):
        words.use("tlh", tmp_path)
    elsewhere = SimpleNamespace(host="127.0.0.1", port=7860, language="../../tlh")
    with pytest.raises(BadInput, match="MAQUETTE_LANGUAGE can be"):
        server.serve(None, elsewhere)  # type: ignore[arg-type]


def test_values_stay_as_they_are_and_no_translation_fails(tmp_path: Path) -> None:
    words.use("xx", compiled(tmp_path, "xx", lambda text: text.replace("{words}", "{wrods.__class__} {words} <b>")))
    assert words.say("no {words}", words="{words}") == "no {wrods.__class__} {words} <b>"
    assert words.html("no {words}", words="<i>") == "no {wrods.__class__} <i> &lt;b&gt;"
    words.use(words.ENGLISH)
    assert words.say_many("{count} picture", "{count} pictures", 1) == "1 picture"
    assert words.say("no {words}", words="cat") == "no cat"


def test_scripts_get_their_own_words_only(tmp_path: Path) -> None:
    words.use("pt_BR", compiled(tmp_path, "pt_BR", strange))
    given = words.for_scripts('say("Copied"); say("not in the catalogue"); unsay("Download")')
    texts = json.loads(given.removeprefix("window.maquetteWords = ").removesuffix(";"))
    assert texts == {"language": "pt-BR", "texts": {"Copied": "⟦Cópíéd⟧"}}
    words.use(words.ENGLISH)


# The page in a browser

TEXTS = """() => {
  const found = [], off = 'script, style, noscript, template, svg, #signal, .duration, .progress-text';
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const where = (at) => at.closest('[id]')?.id + ' ' + at.tagName + '.' + (at.getAttribute('class') || '');
  for (let node; (node = nodes.nextNode());) {
    if (!node.parentElement.closest(off)) found.push([node.textContent, where(node.parentElement)]);
  }
  for (const name of ['aria-label', 'title', 'alt', 'placeholder', 'data-tip'])
    for (const at of document.querySelectorAll(`[${name}]`))
      found.push([at.getAttribute(name), name + ' ' + where(at)]);
  return found.map(([text, at]) => [text.trim(), at]).filter(([text]) => text);
}"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> StudioDouble:
    return StudioDouble(tmp_path_factory.mktemp("double"), pace=0.01, steps=4)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("evaluations")
    (folder / "command.py").write_text(WORKS)
    done = folder / "runs" / "20261121-170300-things"
    done.mkdir(parents=True)
    (done / "run.json").write_text(json.dumps({"suite": "things", "arms": ["single"], "generators": ["sketch"],
                                               "limit": 4, "started": "2026-11-21T17:03:00"}))
    row = {"generator": "sketch", "arm": "single", "score": 0.5, "interval": [0.25, 0.75], "n": 4}
    (done / "report.json").write_text(json.dumps({"samples": 4, "rows": [row]}))
    (done / "report.html").write_text("<p>report</p>")
    runs = Runs(folder / "runs", [sys.executable, str(folder / "command.py")])
    yield runs
    runs.close()


@pytest.fixture
def address(studio: StudioDouble, runs: Runs, built: Callable[..., Any], request: pytest.FixtureRequest,
            tmp_path: Path) -> Iterator[str]:
    """The page in a language made up: every text changed by the test's parameter."""
    words.use("xx", compiled(tmp_path, "xx", request.param))
    app = built(studio)
    app.state.page.runs = runs
    with serving(app) as address:
        yield address
    words.use(words.ENGLISH)


def unmarked(text: str, at: str) -> str:
    """What is left of a text without what came from the catalogue and without what others said."""
    if text in GRADIO and re.match(r"(aria-label|title) (talk|box) ", at):
        return ""
    text = re.sub(r"⟦[^⟦⟧]*⟧", "\n", text)
    for said in sorted(SAID | CALLED, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(said)}(?!\w)", "\n", text)
    return " ".join(re.findall(r"[^\W\d_]{2,}", text))


@pytest.mark.browser
@pytest.mark.parametrize("address", [strange], indirect=True, ids=["strange"])
def test_every_word_of_the_page_comes_from_the_catalogue(browser: Any, address: str, studio: StudioDouble,
                                                         tmp_path: Path) -> None:
    page, seen = open_page(browser, address), {}

    def look() -> None:
        page.wait_for_timeout(400)  # what is looked after every 300 ms has been
        seen.update({at: text for text, at in page.evaluate(TEXTS) if unmarked(text, at)})

    page.wait_for_selector(".mq-welcome")
    page.click("[data-tool=boxes]")
    page.click("[data-box=add]")
    look()
    page.click("[data-box=clear]")
    studio.held.set()
    say(page, ASK, wait=False)
    page.wait_for_function("/⟧3⟦.⟧4/.test(document.querySelector('.mq-doing').textContent)")
    look()
    studio.held.clear()
    settle(page)
    say(page, PURPLE)
    page.click(".mq-tree button >> nth=0")
    page.wait_for_function("document.querySelector('.mq-tree button').hasAttribute('aria-current')")
    paint_over(page, (0.14, 0.6, 0.32, 0.78))
    say(page, "put a cake here")
    look()
    for title in page.locator(".thought-group .title").all():
        title.click()
    page.click("[data-lock]")
    page.click("[data-copy]")
    page.click("[data-tool=compare]")
    page.wait_for_function("document.querySelector('.mq-comparebar [role=status]').textContent")
    shot(page, "pseudo-language")
    assert no_sideways(page)
    look()
    page.click("[data-tool=paint]")
    page.click("[data-act=describe]")
    page.wait_for_selector("#strip .mq-note")
    look()
    page.click(".mq-acts [data-act=star]")
    page.wait_for_selector(".mq-acts [data-act=unstar]")
    picture = current(page)
    page.click(".mq-acts [data-act=delete]")
    page.wait_for_selector("[data-act=restore]")
    look()
    page.click("[data-act=restore]")
    page.wait_for_function(f"document.querySelector('.mq-stage').dataset.picture === '{picture}'")
    Image.new("RGB", (90, 60), "teal").save(tmp_path / "mine.png")
    page.set_input_files("#box input[type=file]", tmp_path / "mine.png")
    page.wait_for_selector(".mq-roles select")
    page.select_option(".mq-roles select", "style")
    page.fill("#box textarea", "look at this")
    look()
    page.click("[data-tool=look]")
    page.click("[data-live] >> nth=0")
    page.fill("#box textarea", "a cat")
    page.wait_for_function("document.body.dataset.draft === 'yes'")
    look()
    page.click("[data-live] >> nth=0")
    session = page.evaluate("JSON.parse(window.maquette.tell()).session")
    studio._sessions[session].interrupted = True
    page.reload()
    page.wait_for_selector("#strip [data-act=resume]")
    say(page, VAGUE)
    look()
    page.click("button[data-view=gallery]")
    page.wait_for_selector(".mq-gallery li")
    page.check(".mq-gallery [name=id] >> nth=0")
    page.fill("[data-collect-name]", "picks")
    page.click("[data-collect]")
    page.select_option("[data-collection]", "picks")
    page.wait_for_selector("[data-uncollect]")
    page.click("[data-more-like] >> nth=0")
    page.wait_for_selector("[data-gallery-like]")
    look()
    page.fill("[data-gallery-words]", "zebra")
    page.wait_for_selector(".mq-gallery .mq-none")
    look()
    page.click("button[data-view=evaluation]")
    page.wait_for_selector(".mq-evaluation table")
    page.click("[data-begin-run]")
    page.wait_for_function("document.querySelector('.mq-evaluation [data-act=unevaluate]') "
                           "&& document.querySelector('.mq-evaluation').textContent.includes('0:06 left')")
    look()
    page.click("[data-act=unevaluate]")
    page.wait_for_selector("[data-act=unevaluate]", state="detached")
    look()
    assert page.get_attribute("html", "lang") == "xx"
    assert not page.complaints
    page.context.close()
    assert not seen, "\n".join(f"{at}: {text[:200]}" for at, text in seen.items())


@pytest.mark.browser
@pytest.mark.parametrize("address", [lambda text: f'"\'><img src=x onerror="window.harmed = 1">{text}'], indirect=True,
                         ids=["markup"])
def test_markup_in_a_translation_is_shown_as_text(browser: Any, address: str, studio: StudioDouble) -> None:
    page = open_page(browser, address)
    say(page, ASK)
    for title in page.locator(".thought-group .title").all():
        title.click()
    for part in ("[data-tool=paint]", "[data-tool=boxes]", "[data-box=add]"):
        page.click(part)
    page.click("button[data-view=gallery]")
    page.wait_for_selector(".mq-gallery li")
    page.click("button[data-view=evaluation]")
    page.wait_for_selector(".mq-evaluation table")
    assert "<img src=x" in page.locator(".mq-evaluation h2").first.inner_text()
    assert page.locator("[src=x], [onerror]").count() == 0 and page.evaluate("window.harmed") is None
    page.context.close()

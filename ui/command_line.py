"""The commands: flags in, a studio at work, one JSON object or a readable report out.

Exit codes: 0 done and partial, 3 a question waits, 1 stopped or failed, 2 wrong usage. What goes wrong is one sentence
on stderr (and, with --json, an object on stdout as well), never a traceback.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

WRONG_USAGE = 2
LARGEST_FILE = 64_000_000


class Usage(Exception):
    """The command cannot be carried out as it was given; one sentence."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise Usage(f"{message[:1].upper()}{message[1:]}. `python {self.prog} --help` says what there is.")


def parser() -> argparse.ArgumentParser:
    """Every command with its flags."""
    top = _Parser(prog="app.py", description="Maquette, an image studio that you talk to.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    _draw_flags(_command(commands, "draw", "draw or change a picture by saying what you want"))
    _choices(_command(commands, "plan", "what each line of turns on stdin would lead to, without drawing"))
    replay = _command(commands, "replay", "make a picture again from the record inside its file")
    replay.add_argument("file", type=Path)
    _models_flags(_command(commands, "models", "the models there are; `get NAME` fetches one, `check NAME` tries it, "
                           "`bench NAME` measures what settings buy"))
    _command(commands, "sessions", "the sessions in the data folder")
    memory = _command(commands, "memory", "what you told the studio once and for all")
    memory.add_argument("--forget", metavar="NUMBER", help="delete one by its number, or `all`")
    search = _command(commands, "search", "one's own pictures by words, by an example, or by both")
    search.add_argument("text", nargs="?", default="", help="what they show")
    search.add_argument("--like", metavar="PICTURE_ID", help="a stored picture that they resemble")
    search.add_argument("--session", help="of this session only")
    search.add_argument("--limit", type=int, default=12, help="how many at most")
    resume = _command(commands, "resume", "finish a turn that was cut off")
    resume.add_argument("session", nargs="?", help="the last session where none is named")
    resume.add_argument("--out", type=Path, help="folder to export the picture to")
    serve = _command(commands, "serve", "start the page")
    serve.add_argument("--host")
    serve.add_argument("--port", type=int)
    _choices(serve)
    return top


def _command(commands: Any, name: str, purpose: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=purpose, description=purpose)
    command.add_argument("--data", type=Path, help="data folder (MAQUETTE_DATA)")
    if name != "serve":
        command.add_argument("--json", action="store_true", help="one JSON object on the last line")
    return command


def _choices(command: argparse.ArgumentParser) -> None:
    command.add_argument("--generator", help="a model's name, or a family's")
    command.add_argument("--planner", help="auto, embedded, openai, hf:NAME or a folder")


def _draw_flags(draw: argparse.ArgumentParser) -> None:
    draw.add_argument("text")
    draw.add_argument("--session", help="go on in this session")
    draw.add_argument("--image", type=Path, help="a picture to work on")
    draw.add_argument("--mask", type=Path, help="white, or opaque on transparent, where the picture may change")
    draw.add_argument("--out", type=Path, help="folder to export the picture to")
    draw.add_argument("--seed", type=int)
    draw.add_argument("--single-shot", action="store_true", help="plan nothing, look at nothing, draw once")
    draw.add_argument("--budget-images", type=int, help="most pictures in this turn")
    draw.add_argument("--budget-seconds", type=float, help="most seconds for this turn")
    _choices(draw)


def _models_flags(models: argparse.ArgumentParser) -> None:
    from generators import benching

    models.add_argument("action", nargs="?", choices=("get", "check", "bench"),
                        help="fetch a model, try what it can do here, or measure what settings and placements buy")
    models.add_argument("name", nargs="?", help="a name of the catalogue, or a hub id; for check a folder or file, too")
    models.add_argument("--why", metavar="REQUEST", help="which model and road a request would get, and why")
    models.add_argument("--budget-seconds", type=float, help="with --why: the time that there is")
    _choices(models)
    models.add_argument("--small", action="store_true", help="with get: everything but the weights")
    benching.flags(models)


def run(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    """Carry out a parsed command with a studio; the exit code."""
    command: Callable[[argparse.Namespace, Any, Any], int] = {
        "draw": draw, "plan": plan, "replay": replay, "models": models, "sessions": sessions, "search": search,
        "memory": memory, "resume": resume, "serve": serve}[arguments.command]
    return command(arguments, studio, settings)


def draw(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    options = _options(arguments, settings)
    image, mask = _bytes(arguments.image), _bytes(arguments.mask)
    session = arguments.session
    under = studio.ingest(image).id if image is not None else studio.current(session) if session else None
    if mask is not None and under is None:
        raise Usage("A mask needs a picture: give one with --image, or a --session that has one.")
    painted = studio.ingest_mask(mask, under).id if mask is not None else None
    turn = _turn(arguments.text, [under] if image is not None and under else [], painted)
    studio.check(session, turn, options)
    session = session or studio.new_session()
    with stopping() as stop:
        outcome = studio.turn(session, turn, options, _progress(arguments.json), stop)
    return _report(outcome, arguments, studio)


def _turn(text: str, uploads: list[str], mask: str | None) -> Any:
    from agent.api import Turn

    return Turn(id=uuid4().hex, text=text, uploads=uploads, mask=mask)


def _options(arguments: argparse.Namespace, settings: Any) -> Any:
    from pydantic import ValidationError

    from agent.api import Options

    limits = settings.limits.model_dump() | {
        name: value for name, value in (("images", arguments.budget_images), ("seconds", arguments.budget_seconds))
        if value is not None}
    try:
        return Options(generator=arguments.generator, planner=arguments.planner, seed=arguments.seed,
                       single_shot=arguments.single_shot, limits=limits)
    except ValidationError as error:
        first = error.errors()[0]
        raise Usage(f"{'.'.join(map(str, first['loc']))}: {first['msg']} (it is {first['input']!r}).") from None


def resume(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    session = arguments.session
    if session is None:
        interrupted = [line["session"] for line in studio.sessions() if studio.view(line["session"]).interrupted]
        if not interrupted:
            raise Usage("No session has an interrupted turn.")
        session = interrupted[0]
    with stopping() as stop:
        outcome = studio.resume(session, _progress(arguments.json), stop)
    return _report(outcome, arguments, studio)


def plan(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    """One object for each line of stdin; a bad line gets one with "error", and the others their due."""
    from agent.api import AgentError, Options
    from generators.api import GeneratorError

    options = Options(generator=arguments.generator, planner=arguments.planner, limits=settings.limits)
    studio.check_options(options)
    code = 0
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        try:
            result = studio.plan(_turns(line), options)
        except (Usage, AgentError, GeneratorError) as error:
            result, code = {"error": str(error)}, WRONG_USAGE
        _say(result)
    return code


def _turns(line: bytes) -> list[str]:
    try:
        turns = json.loads(line)
    except (ValueError, RecursionError):
        raise Usage("This line is not JSON; each line is a list of a user's turns.") from None
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, str) for turn in turns):
        raise Usage('Each line is a JSON list of one or more strings, e.g. ["two dogs", "make one purple"].')
    return turns


def replay(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    data = _bytes(arguments.file)
    beside = [file for file in sorted(arguments.file.absolute().parent.glob("*.png")) if len(file.stem) == 32]
    result = studio.replay(data, [_bytes(file) for file in beside[:64]])
    if arguments.json:
        _say(result)
    elif result["same"]:
        print(f"The same picture, every pixel, by {result['model']}. {result['note']}".strip())
    else:
        print(f"Not the same: {result['differing_pixels']} pixels differ. {result['note']}".strip())
    return 0 if result["same"] else 1


def models(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    from generators import catalogue, checking, eyes

    if arguments.why is not None:
        return _why(arguments, studio, settings)
    if arguments.action:
        if not arguments.name:
            raise Usage(f"Which model? `python app.py models {arguments.action} NAME`; `models` alone lists them.")
        return {"get": _get, "check": _check, "bench": _bench}[arguments.action](arguments, studio, settings)
    rows = checking.with_what_is_known(studio.models(), settings.data)
    if arguments.json:
        _say({"models": rows, "eyes": eyes.describe(), "elsewhere": catalogue.elsewhere()})
        return 0
    for line in _table(rows):
        print(line)
    print("\nGB: what a model takes here and how it would be placed, or the card that it needs, from layer by layer to "
          "all at once. `models get NAME` fetches one.\nWhat looks at the pictures of real models (the setting eyes):")
    for line in _eyes(eyes.describe()):
        print(line)
    print("Not here:")
    for row in catalogue.elsewhere():
        served = f"; {row['served_by']} serves it" if row["served_by"] else ""
        print(f"  {row['name']}: {row['why']}{served}")
    return 0


def _why(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    """What would be chosen for a request, and what was passed over."""
    from agent.api import Options

    seconds = arguments.budget_seconds or settings.limits.seconds
    limits = settings.limits.model_copy(update={"seconds": seconds})
    options = Options(generator=arguments.generator, planner=arguments.planner, limits=limits)
    studio.check_options(options)
    found = studio.why(arguments.why, options)
    if arguments.json:
        _say(found)
        return 0
    print(found["why"])
    for other in found.get("others", []):
        print(f"  not {other['model']}, {other['road']}: {other['score']:.0%} of {other['n']} in "
              f"{other['seconds']:.1f} s, {other['against']}")
    return 0


def memory(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    """Lists what is remembered, or deletes of it."""
    if arguments.forget is not None:
        try:
            studio.memory.forget(None if arguments.forget == "all" else int(arguments.forget))
        except ValueError:
            raise Usage(f"--forget takes a number of the list, or all (it is {arguments.forget!r}).") from None
        except IndexError as error:
            raise Usage(str(error)) from None
    rows = [{"number": number, **one.model_dump()} for number, one in enumerate(studio.memory.all(), start=1)]
    if arguments.json:
        _say({"preferences": rows, "file": str(studio.memory.file)})
        return 0
    for row in rows:
        print(f"{row['number']:3}  {row['kind']:11}{row['value']:24}{row['since']}  {row['words']}")
    print(f"{studio.memory.file}" if rows else "Nothing is remembered; say, for instance, \"always square\".")
    return 0


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """One line a model: whether it is here, its name, what it does, what it takes, its licence."""
    for row in rows:
        least, most = min(row["needs"].values()), max(row["needs"].values())
        takes = f"{row['needs'][row['placement']]:.1f}" if row["fits"] else f"card {least:.0f}–{most:.0f}"
        placed = f" {row['placement']}" if row["fits"] and row["placement"] != "whole" else ""
        free = {"yes": "", "": "", "no": ", not commercially"}.get(row["commercial"], f", {row['commercial']}")
        yield (f"{'ready' if row['installed'] else '–':6}{row['name']:22}{' '.join(row['capabilities']):40}"
               f"{takes + placed:>15}  {row['licence']}{free}{', gated' if row['gated'] else ''}")


def _eyes(rows: list[dict[str, Any]]) -> Iterator[str]:
    """One line for each that looks at pictures."""
    does = {"finder": "finds named things", "outliner": "outlines things", "asker": "answers questions"}
    for row in rows:
        free = {"yes": "", "": "", "no": ", not commercially"}.get(row["commercial"], f", {row['commercial']}")
        needs = f", needs {row['needs']}" if row["needs"] else ""
        yield (f"{'ready' if row['installed'] else '–':6}{row['name']:22}{does[row['does']]:40}{row['gb']:>15.1f}  "
               f"{row['licence']}{free}{needs}{'' if row['verified'] else ', never tried here'}")


def _get(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    """Fetches a model and what it needs from other repositories."""
    from generators import catalogue, checking, download, registry, weights
    from generators.api import ModelUnavailable

    rows = [*(row for row in catalogue.models() if not row.get("pack")), *catalogue.eyes()]
    row = next((row for row in rows if row["name"] == arguments.name), {})
    hub_id = row.get("source", arguments.name)
    if not weights.is_hub_id(hub_id):
        registry.find(hub_id)  # which says what there is, where there is no such model
        raise ModelUnavailable(f"{arguments.name} is here already; nothing is to be fetched.")
    for part in dict.fromkeys([*row.get("also", {}).values(), hub_id]):
        folder, revision = download.fetch(part, _fetching(arguments.json), arguments.small)
    checking.remember(settings.data, arguments.name, revision=revision)
    if arguments.json:
        _say({"name": arguments.name, "source": hub_id, "revision": revision, "path": str(folder)})
    else:
        print(f"{arguments.name} is here, revision {revision[:12]}: {folder}")
        print("It looks at pictures from now on, unless the setting eyes says otherwise." if "does" in row else
              f"Try it: python app.py models check {arguments.name}")
    return 0


def _fetching(quiet: bool) -> Callable[[Any], None]:
    """How much has arrived, on stderr, a line for each hundredth."""
    told = [-1]

    def tell(progress: Any) -> None:
        share = int(100 * progress.done / max(1, progress.total))
        if not quiet and share > told[0]:
            told[0] = share
            print(f"  {share:3} %  {progress.done / 1e9:.2f} of {progress.total / 1e9:.2f} GB  {progress.file}",
                  file=sys.stderr, flush=True)

    return tell


def _bench(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    """Measures what settings and placements buy with a model here."""
    from generators import benching

    try:
        asked = benching.asked(arguments)
    except ValueError as error:
        raise Usage(str(error)) from None
    folder = arguments.out or settings.data / "bench" / Path(arguments.name).name
    with stopping() as stop:
        found = benching.bench(studio.workshop, arguments.name, folder, **asked, stop=stop)
    if arguments.json:
        _say(found)
    else:
        print("\n".join(benching.table(found)))
        print(f"The pictures and {benching.FILE}: {folder}")
    return 0


def _check(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    """Tries what a model is declared to do, and remembers it."""
    from generators import checking

    with stopping() as stop:
        found = checking.check(studio.workshop, arguments.name,
                               lambda line: None if arguments.json else print(f"  {line}", file=sys.stderr), stop)
    checking.remember(settings.data, arguments.name, checked=found)
    if arguments.json:
        _say({"name": arguments.name, **found})
    else:
        print(f"{arguments.name} {'does what it is declared to do' if found['passed'] else 'does not do all of it'}; "
              f"{found['memory_gb']:.1f} GB at most.")
    return 0 if found["passed"] else 1


def sessions(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    rows = studio.sessions()
    if arguments.json:
        _say({"sessions": rows})
        return 0
    for row in rows:
        print(f"{row['session']:20} {row['updated'][:16]}  {row['pictures']:3} pictures  {row['title']}")
    return 0


def search(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    if arguments.limit < 1:
        raise Usage(f"--limit is at least 1 (it is {arguments.limit}).")
    found = studio.search(arguments.text, arguments.like, arguments.session, arguments.limit)
    if arguments.json:
        _say({"query": {"text": arguments.text, "like": arguments.like}, **found.model_dump(mode="json")})
        return 0
    if found.note:
        print(found.note, file=sys.stderr)
    for one in found.pictures:
        print(f"{one.score:6.3f}  {one.path}  {one.session}  {one.text}")
    if not found.pictures:
        print("No picture was found.")
    return 0


def serve(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    from ui.server import serve as serve_page

    return serve_page(studio, settings)


def _bytes(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise Usage(f"{file} is larger than {LARGEST_FILE // 1_000_000} MB.")
        return file.read_bytes()
    except OSError as error:
        raise Usage(f"{file} cannot be read: {error.strerror or error}.") from None


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and SIGTERM ask the turn to stop; it keeps what it has. A second Ctrl-C is the ordinary one."""
    asked = threading.Event()

    def ask(number: int, frame: Any) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(quiet: bool) -> Callable[[Any], None]:
    """Finished steps as they happen, on stderr."""
    from agent.api import Called

    def tell(event: Any) -> None:
        if not quiet and isinstance(event, Called):
            print(f"  {event.step.tool} {'' if event.step.ok else 'failed '}{event.step.seconds:.1f} s",
                  file=sys.stderr, flush=True)

    return tell


def _report(outcome: Any, arguments: argparse.Namespace, studio: Any) -> int:
    from agent.api import EXIT_CODES

    if arguments.out:
        images = [view.model_copy(update={"path": studio.export(view.id, arguments.out)}) for view in outcome.images]
        outcome = outcome.model_copy(update={"images": images})
    if arguments.json:
        _say(outcome.to_json())
    else:
        _print(outcome)
    return EXIT_CODES[outcome.status]


def _print(outcome: Any) -> None:
    print(outcome.reply)
    if outcome.question and outcome.question.options:
        print(f"  ({' / '.join(outcome.question.options)})")
    for image in outcome.images:
        print(f"picture: {image.path}")
    print(f"session: {outcome.session}")


def _say(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def sorry(sentence: str, as_json: bool) -> None:
    """The sentence on stderr; with --json an object of a failed turn on stdout as well."""
    text = " ".join(sentence.split())
    print(text, file=sys.stderr)
    if as_json:
        _say({"status": "failed", "session": "", "reply": text, "question": None, "images": [], "steps": [],
              "usage": {"planner_calls": 0, "tokens": 0, "images": 0, "seconds": 0.0}})

"""The commands: flags in, a studio at work, one JSON object or a readable report out.

Exit codes: 0 done and partial, 3 a question waits, 1 stopped or failed, 2 wrong usage. What goes wrong is one sentence
on stderr (and, with --json, an object on stdout as well), never a traceback.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, get_args
from uuid import uuid4

from ui import model_commands
from ui.terminal import WRONG_USAGE, Usage, read, say, stopping


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
    models = _command(commands, "models", "the models there are; `get NAME` fetches one, `check NAME` tries it, "
                      "`bench NAME` measures what settings buy")
    _choices(models)
    model_commands.flags(models)
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
    draw.add_argument("--reference", action="append", default=[], metavar="ROLE=FILE",
                      help="a picture to take something from: style, subject, pose, edges, depth or areas")
    draw.add_argument("--adapter", action="append", default=[], metavar="NAME[:WEIGHT]",
                      help="LoRA weights to lay over the model: a name that `models` lists, a file, or a hub id")
    draw.add_argument("--out", type=Path, help="folder to export the picture to")
    draw.add_argument("--seed", type=int)
    draw.add_argument("--single-shot", action="store_true", help="plan nothing, look at nothing, draw once")
    draw.add_argument("--budget-images", type=int, help="most pictures in this turn")
    draw.add_argument("--budget-seconds", type=float, help="most seconds for this turn")
    _choices(draw)


def run(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    """Carry out a parsed command with a studio; the exit code."""
    command: Callable[[argparse.Namespace, Any, Any], int] = {
        "draw": draw, "plan": plan, "replay": replay, "models": model_commands.models, "sessions": sessions,
        "search": search, "memory": memory, "resume": resume, "serve": serve}[arguments.command]
    return command(arguments, studio, settings)


def draw(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    options = _options(arguments, settings)
    image, mask = read(arguments.image), read(arguments.mask)
    session = arguments.session
    under = studio.ingest(image).id if image is not None else studio.current(session) if session else None
    if mask is not None and under is None:
        raise Usage("A mask needs a picture: give one with --image, or a --session that has one.")
    painted = studio.ingest_mask(mask, under).id if mask is not None else None
    references = [{"role": role, "picture": studio.ingest(read(Path(file))).id}
                  for role, file in map(_named_role, arguments.reference)]
    turn = _turn(arguments.text, [under] if image is not None and under else [], painted, references)
    studio.check(session, turn, options)
    session = session or studio.new_session()
    with stopping() as stop:
        outcome = studio.turn(session, turn, options, _progress(arguments.json), stop)
    return _report(outcome, arguments, studio)


def _turn(text: str, uploads: list[str], mask: str | None, references: list[dict[str, str]]) -> Any:
    from agent.api import Turn

    return Turn.model_validate({"id": uuid4().hex, "text": text, "uploads": uploads, "mask": mask,
                                "references": references[:8]})


def _named_role(said: str) -> tuple[str, str]:
    """`style=photo.png` in its two halves."""
    from tools.api import Role

    role, _, file = said.partition("=")
    if role not in get_args(Role) or not file:
        raise Usage(f"--reference takes ROLE=FILE with one of {', '.join(get_args(Role))} (it is {said!r}).")
    return role, file


def _adapter(said: str) -> tuple[str, str]:
    """`NAME:WEIGHT` in its two halves; a name may hold colons itself, as paths on Windows do."""
    name, colon, weight = said.rpartition(":")
    try:
        return (name, str(float(weight))) if colon and name else (said, "1")
    except ValueError:
        return said, "1"


def _options(arguments: argparse.Namespace, settings: Any) -> Any:
    from pydantic import ValidationError

    from agent.api import Options

    limits = settings.limits.model_dump() | {
        name: value for name, value in (("images", arguments.budget_images), ("seconds", arguments.budget_seconds))
        if value is not None}
    try:
        return Options.model_validate({
            "generator": arguments.generator, "planner": arguments.planner, "seed": arguments.seed, "limits": limits,
            "single_shot": arguments.single_shot, "wishes": {"adapters": list(map(_adapter, arguments.adapter))}})
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
        say(result)
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
    data = read(arguments.file)
    beside = [file for file in sorted(arguments.file.absolute().parent.glob("*.png")) if len(file.stem) == 32]
    result = studio.replay(data, [read(file) for file in beside[:64]])
    if arguments.json:
        say(result)
    elif result["same"]:
        print(f"The same picture, every pixel, by {result['model']}. {result['note']}".strip())
    else:
        print(f"Not the same: {result['differing_pixels']} pixels differ. {result['note']}".strip())
    return 0 if result["same"] else 1


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
        say({"preferences": rows, "file": str(studio.memory.file)})
        return 0
    for row in rows:
        print(f"{row['number']:3}  {row['kind']:11}{row['value']:24}{row['since']}  {row['words']}")
    print(f"{studio.memory.file}" if rows else "Nothing is remembered; say, for instance, \"always square\".")
    return 0


def sessions(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    rows = studio.sessions()
    if arguments.json:
        say({"sessions": rows})
        return 0
    for row in rows:
        print(f"{row['session']:20} {row['updated'][:16]}  {row['pictures']:3} pictures  {row['title']}")
    return 0


def search(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    if arguments.limit < 1:
        raise Usage(f"--limit is at least 1 (it is {arguments.limit}).")
    found = studio.search(arguments.text, arguments.like, arguments.session, arguments.limit)
    if arguments.json:
        say({"query": {"text": arguments.text, "like": arguments.like}, **found.model_dump(mode="json")})
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
        say(outcome.to_json())
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


def sorry(sentence: str, as_json: bool) -> None:
    """The sentence on stderr; with --json an object of a failed turn on stdout as well."""
    text = " ".join(sentence.split())
    print(text, file=sys.stderr)
    if as_json:
        say({"status": "failed", "session": "", "reply": text, "question": None, "images": [], "steps": [],
              "usage": {"planner_calls": 0, "tokens": 0, "images": 0, "seconds": 0.0}})

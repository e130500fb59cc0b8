"""The command `models`: what there is, what it needs, fetching, trying and timing it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ui.terminal import Usage, say, stopping


def flags(models: argparse.ArgumentParser) -> None:
    """What the command takes beside `--generator` and `--planner`."""
    from generators import benching

    models.add_argument("action", nargs="?", choices=("get", "check", "bench"),
                        help="fetch a model, try what it can do here, or measure what settings and placements buy")
    models.add_argument("name", nargs="?", help="a name of the catalogue, or a hub id; for check a folder or file, too")
    models.add_argument("--why", metavar="REQUEST", help="which model and road a request would get, and why")
    models.add_argument("--budget-seconds", type=float, help="with --why: the time that there is")
    models.add_argument("--small", action="store_true", help="with get: everything but the weights")
    benching.flags(models)


def models(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    from generators import catalogue, checking, eyes, laid

    if arguments.why is not None:
        return _why(arguments, studio, settings)
    if arguments.action:
        if not arguments.name:
            raise Usage(f"Which model? `python app.py models {arguments.action} NAME`; `models` alone lists them.")
        return {"get": _get, "check": _check, "bench": _bench}[arguments.action](arguments, studio, settings)
    rows = checking.with_what_is_known(studio.models(), settings.data)
    if arguments.json:
        say({"models": rows, "additions": laid.describe(), "eyes": eyes.describe(),
             "elsewhere": catalogue.elsewhere()})
        return 0
    for line in _table(rows):
        print(line)
    print("\nGB: what a model takes here and how it would be placed, or the card that it needs, from layer by layer to "
          "all at once. `models get NAME` fetches one.\nWhat is laid over a model for a picture (adapters, maps and "
          "pictures to follow):")
    for line in _additions(laid.describe()):
        print(line)
    print("What looks at the pictures of real models (the setting eyes):")
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
        say(found)
        return 0
    print(found["why"])
    for other in found.get("others", []):
        print(f"  not {other['model']}, {other['road']}: {other['score']:.0%} of {other['n']} in "
              f"{other['seconds']:.1f} s, {other['against']}")
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


def _additions(rows: list[dict[str, Any]]) -> Iterator[str]:
    """One line for each that can be laid over a model: for which, and what it makes a picture follow."""
    for row in rows:
        free = {"yes": "", "": "", "no": ", not commercially"}.get(row["commercial"], f", {row['commercial']}")
        yield (f"{'ready' if row['installed'] else '–':6}{row['name']:22}{' '.join(row['kinds']):24}"
               f"for {row['pipeline'].removesuffix('Pipeline'):20}{row['licence']}{free}")


def _eyes(rows: list[dict[str, Any]]) -> Iterator[str]:
    """One line for each that looks at pictures."""
    does = {"finder": "finds named things", "outliner": "outlines things", "asker": "answers questions"}
    for row in rows:
        free = {"yes": "", "": "", "no": ", not commercially"}.get(row["commercial"], f", {row['commercial']}")
        needs = f", needs {row['needs']}" if row["needs"] else ""
        yield (f"{'ready' if row['installed'] else '–':6}{row['name']:22}{does[row['does']]:40}{row['gb']:>15.1f}  "
               f"{row['licence']}{free}{needs}{'' if row['verified'] else ', never tried here'}")


def _get(arguments: argparse.Namespace, studio: Any, settings: Any) -> int:
    """Fetches a model, or what is laid over one, and what it needs from other repositories."""
    from generators import catalogue, checking, download, laid, registry, weights
    from generators.api import ModelUnavailable

    rows = [*(row for row in catalogue.models() if not row.get("pack")), *catalogue.additions(), *catalogue.eyes()]
    row = next((row for row in rows if row["name"] == arguments.name), {})
    hub_id = row.get("source", arguments.name)
    if not weights.is_hub_id(hub_id):
        registry.find(hub_id)  # which says what there is, where there is no such model
        raise ModelUnavailable(f"{arguments.name} is here already; nothing is to be fetched.")
    needed = laid.repositories(row) if "kinds" in row else dict.fromkeys([*row.get("also", {}).values(), hub_id], ())
    for repository, only in needed.items():
        folder, revision = download.fetch(repository, _fetching(arguments.json), arguments.small, only)
    checking.remember(settings.data, arguments.name, revision=revision)
    if arguments.json:
        say({"name": arguments.name, "source": hub_id, "revision": revision, "path": str(folder)})
    else:
        print(f"{arguments.name} is here, revision {revision[:12]}: {folder}")
        print(_afterwards(row, arguments.name))
    return 0


def _afterwards(row: dict[str, Any], name: str) -> str:
    """What somebody can do with what was fetched."""
    if "does" in row:
        return "It looks at pictures from now on, unless the setting eyes says otherwise."
    if "adapter" in row.get("kinds", ()):
        return f"Lay it over a picture: python app.py draw --adapter {name} …, or the page's settings."
    if "kinds" in row:
        return "Pictures follow it from now on: python app.py draw --reference ROLE=FILE …, or a picture in the page."
    return f"Try it: python app.py models check {name}"


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
        say(found)
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
        say({"name": arguments.name, **found})
    else:
        print(f"{arguments.name} {'does what it is declared to do' if found['passed'] else 'does not do all of it'}; "
              f"{found['memory_gb']:.1f} GB at most.")
    return 0 if found["passed"] else 1

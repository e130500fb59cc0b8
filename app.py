"""Maquette: reads the settings, assembles the parts, starts the page or a command. The only file that knows everything.

    python app.py serve
    python app.py draw "a red apple to the left of two dogs on a beach" --out out/
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from ui import command_line

if TYPE_CHECKING:
    from agent.settings import Settings
    from generators.workshop import Workshop


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    words = list(sys.argv[1:] if words is None else words)
    as_json = "--json" in words
    try:
        arguments = command_line.parser().parse_args(words)
        return _carry_out(arguments)
    except command_line.Usage as error:
        command_line.sorry(str(error), as_json)
        return command_line.WRONG_USAGE
    except (KeyboardInterrupt, BrokenPipeError):
        return 1
    except Exception as error:
        command_line.sorry(_sentence(error), as_json)
        return _code(error)


def _carry_out(arguments: argparse.Namespace) -> int:
    from agent.settings import load

    flags = {name: getattr(arguments, name, None) for name in ("data", "host", "port", "generator", "planner")}
    settings = load(**flags)
    with _workshop(arguments.command, settings) as workshop:
        from agent.studio import Studio

        with closing(Studio(settings, workshop)) as studio:
            return command_line.run(arguments, studio, settings)


def _workshop(command: str, settings: Settings) -> Workshop:
    """The models; the one that a command will need begins to load while the rest of the program is imported."""
    from agent import workshops

    workshop = workshops.make(settings)
    if command in ("draw", "resume", "serve"):
        workshop.warm(settings.generator)
    return workshop


def _sentence(error: Exception) -> str:
    from agent.api import AgentError
    from agent.settings import SettingsError
    from generators.api import GeneratorError

    if isinstance(error, AgentError | GeneratorError | SettingsError) or os.environ.get("MAQUETTE_DEBUG"):
        if os.environ.get("MAQUETTE_DEBUG"):
            traceback.print_exc()
        return str(error)
    return (f"Something went wrong inside Maquette ({type(error).__name__}: {error}). Nothing that was kept is lost; "
            "MAQUETTE_DEBUG=1 shows where it happened.")


def _code(error: Exception) -> int:
    """Wrong usage, or a failure."""
    from agent.api import BadInput, UnknownSession
    from agent.settings import SettingsError
    from generators.api import BadPicture, ModelUnavailable

    wrong = (BadInput, UnknownSession, SettingsError, BadPicture, ModelUnavailable)
    return command_line.WRONG_USAGE if isinstance(error, wrong) else 1


if __name__ == "__main__":
    sys.exit(main())

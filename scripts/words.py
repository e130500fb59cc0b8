"""Lists every word of the page's own in ui/locale/maquette.pot, from which translations begin: `make words`.

Read from the syntax tree, since Babel's own reader finds nothing inside f-strings before Python 3.12. Neither dates nor
line numbers are written: the file changes only when a word does.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from ui import words  # noqa: E402

TEMPLATE = words.FOLDER / f"{words.NAME}.pot"
CALLS = {"say": 1, "html": 1, "phrase": 1, "say_many": 2, "html_many": 2}
"""The functions of `ui/words.py` that take a text, and how many forms of it they take."""
HEAD = """# The words of Maquette's page. Made by `make words`; CONTRIBUTING.md says how a language is added.
# Words in {braces} stand for what is put in: they stay as they are, wherever the sentence needs them.
# Translations are words only: markup in them is shown as text.
#"""

LEFT_OUT = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By', '"Project-Id-Version', '"Report-Msgid-Bugs-To')


def texts(source: str) -> Iterator[str | tuple[str, str]]:
    """The texts of a Python module; two forms where they depend on a count."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            forms = [one.value for one in node.args[:CALLS[node.func.id]]
                     if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if len(forms) == CALLS[node.func.id]:
                yield forms[0] if len(forms) == 1 else (forms[0], forms[1])


def catalogue() -> Catalog:
    found = Catalog(project="Maquette", header_comment=HEAD, fuzzy=False)
    for file in sorted((ROOT / "ui").glob("*.py")):
        for text in texts(file.read_text("utf-8")):
            found.add(text, locations=[(file.relative_to(ROOT).as_posix(), 0)])
    for file in sorted((ROOT / "ui" / "static").glob("*.js")):
        for text in words.in_script(file.read_text("utf-8")):
            found.add(text, locations=[(file.relative_to(ROOT).as_posix(), 0)])
    return found


def template() -> str:
    file = io.BytesIO()
    write_po(file, catalogue(), width=120, include_lineno=False, sort_output=True)
    return "".join(line for line in file.getvalue().decode().splitlines(True) if not line.startswith(LEFT_OUT))


if __name__ == "__main__":
    TEMPLATE.write_text(template(), encoding="utf-8")
    print(f"{TEMPLATE.relative_to(ROOT)}: {len(catalogue())} texts")

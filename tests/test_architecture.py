"""The arrows between the rooms, read from the import statements, and a few habits that hold everywhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ("generators", "tools", "agent", "evals", "ui")
"""From the bottom up: a layer may use any below it."""
HEAVY = {"torch", "diffusers", "transformers", "accelerate", "torchvision"}
NOUNS_MAY_USE = {"pydantic", "PIL"}
MOST_LINES = 500
LONG_BY_NATURE = {"generators/world/vocabulary.py"}  # tables of words


def modules(*rooms: str) -> list[Path]:
    found = [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]
    return [path for path in found if "__pycache__" not in path.parts]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.AST) -> Iterator[str]:
    """Every imported module's full dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def at_import(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run when the module is imported: not those inside functions or TYPE_CHECKING."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.stmt):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def wrong_arrows(name: str, source: str) -> set[str]:
    """The rooms that a module imports and may not."""
    room = name.split("/")[0]
    if room not in LAYERS:
        return set()
    allowed = {*LAYERS[: LAYERS.index(room) + 1]}
    used = {module.split(".")[0] for module in imported(ast.parse(source))}
    return (used & {*LAYERS, "app", "tests"}) - allowed


def heavy_at_import(source: str) -> set[str]:
    found: set[str] = set()
    for statement in at_import(ast.parse(source)):
        if isinstance(statement, ast.Import | ast.ImportFrom):
            found |= {module.split(".")[0] for module in imported(statement)} & HEAVY
    return found


def test_imports_point_down() -> None:
    """The arrows are app → ui → evals → agent → tools → generators."""
    found = {named(path): sorted(wrong_arrows(named(path), path.read_text())) for path in modules(*LAYERS)}
    assert not {name: wrong for name, wrong in found.items() if wrong}


def test_a_wrong_arrow_is_seen() -> None:
    assert wrong_arrows("agent/bad.py", "from ui.chat import page") == {"ui"}
    assert wrong_arrows("generators/bad.py", "def f():\n    import tools.api") == {"tools"}
    assert wrong_arrows("ui/good.py", "import evals.api, agent.api, tools.api, generators.api") == set()


def test_only_generators_know_torch() -> None:
    """What runs on torch lives in generators/, in a worker."""
    found = {named(path): sorted({module.split(".")[0] for module in imported(ast.parse(path.read_text()))} & HEAVY)
             for path in [*modules("agent", "tools", "ui", "evals"), ROOT / "app.py"]}
    assert not {name: used for name, used in found.items() if used}


def test_heavy_imports_wait_for_a_model() -> None:
    """They happen in the function that loads it."""
    found = {named(path): sorted(heavy_at_import(path.read_text())) for path in modules("generators")
             if "training" not in path.parts}
    assert not {name: used for name, used in found.items() if used}


def test_a_heavy_import_is_seen() -> None:
    assert heavy_at_import("if True:\n    import torch.nn") == {"torch"}
    assert heavy_at_import("class A:\n    from diffusers import X") == {"diffusers"}
    assert heavy_at_import("def load():\n    import torch") == set()


def test_nouns_are_pure() -> None:
    """The standard library, pydantic and Pillow only."""
    nouns = [path for path in modules(*LAYERS) if path.name == "api.py"]
    assert {path.parent.name for path in nouns} >= set(LAYERS)
    found = {named(path): {module.split(".")[0] for module in imported(ast.parse(path.read_text()))} for path in nouns}
    allowed = {*sys.stdlib_module_names, *NOUNS_MAY_USE, *LAYERS}
    assert not {name: sorted(used - allowed) for name, used in found.items() if used - allowed}


LOOK = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(" ".join(sorted({m.split(".")[0] for m in sys.modules} & {"torch", "diffusers", "transformers"})))
"""


def test_importing_everything_loads_no_torch() -> None:
    """In a fresh interpreter, as the page and the commands do it."""
    skipped = {"training", "__main__"}
    names = [named(p).removesuffix(".py").removesuffix("/__init__").replace("/", ".") for p in modules(*LAYERS)
             if not skipped & {*p.parts, p.stem} and "pack" not in p.parts]
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", LOOK, *names], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.strip() == "", f"importing our modules loaded {run.stdout.strip()}"


FORBIDDEN_CODE = {
    r"\btorch\.load\(": "weights are read with safetensors only",
    r"trust_remote_code\s*=\s*True": "no code of a model's repository is ever run",
    r"^\s*(import|from) (pickle|cPickle|dill|cloudpickle|joblib|marshal|shelve)\b": "nothing is unpickled",
    r"(?<![\w.])(eval|exec)\(": "no text is run as code",
    r"allow_pickle\s*=\s*True": "nothing is unpickled",
    r"shell\s*=\s*True": "no command goes through a shell",
}


def dangers(source: str) -> list[str]:
    """What a source does that none of ours may, each with the reason."""
    hits = {pattern: re.search(pattern, source, re.MULTILINE) for pattern in FORBIDDEN_CODE}
    return [f"{hit.group(0).strip()}: {FORBIDDEN_CODE[pattern]}" for pattern, hit in hits.items() if hit]


def test_no_dangerous_calls() -> None:
    found = {named(path): dangers(path.read_text()) for path in [*modules(*LAYERS), ROOT / "app.py"]}
    assert not {name: hits for name, hits in found.items() if hits}


@pytest.mark.parametrize("source", ["x = torch.load(path)", "import pickle", "eval(text)", "run(x, shell=True)",
                                    "from_pretrained(x, trust_remote_code = True)"])
def test_a_dangerous_call_is_seen(source: str) -> None:
    assert len(dangers(source)) == 1 and not dangers("model.eval()\nawait asyncio.create_subprocess_exec(x)")


def test_no_giant_file() -> None:
    """Split it by subject."""
    sizes = {named(path): path.read_text().count("\n") for path in [*modules(*LAYERS, "tests"), ROOT / "app.py"]}
    assert not {name: lines for name, lines in sizes.items() if lines > MOST_LINES and name not in LONG_BY_NATURE}


def tracked() -> list[Path]:
    """Files that git keeps or would keep; in an unpacked archive, where git knows nothing, all of them."""
    run = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True)
    if run.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in run.stdout.decode().split("\0") if name]


PLACES = re.compile(
    "|".join(("/wo" + "rk/", "/ro" + "ot/", "/tmp/ma" + "quette", "/opt/(py" + "pi|whe" + "els)",
              "index-u" + "rl", "find-li" + "nks", "py" + r"pi\.org", "download.pyto" + r"rch\.org")),
    re.IGNORECASE,
)


def test_nothing_names_a_machine_or_an_index() -> None:
    for path in tracked():
        if path.suffix in {".png", ".safetensors", ".ttf", ".ico", ".woff2"} or not path.is_file():
            continue
        hit = PLACES.search(path.read_text(errors="replace"))
        assert not hit, f"{named(path)} mentions {hit.group(0)!r}" if hit else ""


def test_weights_are_safetensors() -> None:
    wrong = [named(p) for p in tracked() if p.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".npy"}]
    assert not wrong, f"weights and data are safetensors, JSON or PNG, not {wrong}"


def test_the_lock_takes_any_build_of_torch() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert "torch==2.13.0" in lines
    assert not [line for line in lines if re.match(r"(nvidia-|triton)", line)]
    assert all(re.match(r"[a-z0-9-]+==\S+( ; .+)?$", line) for line in lines if not line.startswith("#"))


DISTRIBUTIONS = {"PIL": "pillow", "yaml": "pyyaml"}
OPTIONAL = {"pyarrow", "torchmetrics"}  # where one is missing, a sentence names it


def test_what_is_imported_is_declared() -> None:
    """Nothing is used that is there only because something else needs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    declared = {re.split(r"[<>=\[]", line)[0].replace("-", "_") for line in lines}
    trees = [ast.parse(path.read_text()) for path in [*modules(*LAYERS), ROOT / "app.py"]]
    used = {module.split(".")[0] for tree in trees for module in imported(tree)}
    foreign = {DISTRIBUTIONS.get(name, name) for name in used - set(sys.stdlib_module_names) - set(LAYERS)}
    assert foreign - declared - OPTIONAL == set()

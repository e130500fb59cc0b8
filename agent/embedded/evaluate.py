"""Holds the planner against `evals/data/utterances.jsonl`: right tool, right Brief, right arguments.

    python -m agent.embedded.evaluate [--split dev] [--verbose] [--out evals/results/utterances.json]

Every turn before the last counts as carried out perfectly; nothing is drawn.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from agent.embedded.simulate import Conversation, whole_world
from generators.shares import rounded
from tools.naming import colour_name, thing_name

DATA = Path(__file__).parents[2] / "evals" / "data" / "utterances.jsonl"
PARTS = ("tool", "arguments", "brief", "all")


def lines(path: Path = DATA) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def rehearse(line: dict[str, Any]) -> dict[str, Any]:
    """What the last turn leads to: tool (the last one that does something), its arguments, all calls, brief, reply."""
    talk = Conversation(world=None if line["model"] == "any" else whole_world())
    for turn in line["turns"][:-1]:
        talk.carry_out(talk.say(turn))
    since = time.thread_time()
    reply = talk.say(line["turns"][-1])
    seconds = time.thread_time() - since
    acting = [call for call in reply.calls if call.name not in ("write_brief", "layout_plan")]
    talk.carry_out(reply)
    return {
        "tool": acting[0].name if acting else None,
        "arguments": acting[0].arguments if acting else {},
        "calls": [call.arguments for call in acting],
        "brief": talk.brief or {},
        "reply": reply.text,
        "seconds": seconds,
    }


def score(line: dict[str, Any], got: dict[str, Any]) -> dict[str, bool | None]:
    """Each part right or wrong; None where the line says nothing about it."""
    wanted = line["tool"] if isinstance(line["tool"], list) else [line["tool"]]
    tool = got["tool"] in wanted
    calls = line.get("calls")
    arguments: bool | None = None
    if line["arguments"]:
        arguments = tool and _fits(line["arguments"], got["arguments"])
    elif calls:
        arguments = tool and _calls_fit(calls, got["calls"])
    brief = _brief_fits(line["brief"], got["brief"]) if line.get("brief") else None
    return {
        "tool": tool,
        "arguments": arguments,
        "brief": brief,
        "all": tool and arguments is not False and brief is not False,
    }


def _fits(wanted: dict[str, Any], got: dict[str, Any]) -> bool:
    return all(_value_fits(value, got.get(name)) for name, value in wanted.items())


def _value_fits(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, str):
        return isinstance(got, str) and set(_words(wanted)) <= set(_words(got))
    if isinstance(wanted, list):
        return isinstance(got, list) and sorted(wanted) == sorted(got)
    return wanted == got


def _words(text: str) -> list[str]:
    """Lower case, singular things: "trees" and "tree" are one word here."""
    return [thing_name(word) for word in text.lower().replace(",", " ").split() if word not in ("a", "an", "the")]


def _calls_fit(wanted: list[dict[str, Any]], got: list[dict[str, Any]]) -> bool:
    """Several equal additions in a row count as one."""
    merged: list[dict[str, Any]] = []
    for call in got:
        same = merged and all(
            merged[-1].get(k) == call.get(k) == v for k, v in (("operation", "add"), ("phrase", call.get("phrase")))
        )
        if not same:
            merged.append(call)
    return len(wanted) == len(merged) and all(map(_fits, wanted, merged))


def _brief_fits(wanted: dict[str, Any], got: dict[str, Any]) -> bool:
    for name, value in wanted.items():
        if name == "objects" and not _objects_fit(value, got.get("objects") or []):
            return False
        if name == "relations" and not _relations_fit(value, got):
            return False
        if name in ("avoid", "keep") and sorted(value) != sorted(got.get(name) or []):
            return False
        if name in ("background", "style", "text"):
            found = got.get(name)
            if (found or None) != (value or None) and str(found).lower() != str(value).lower():
                return False
    return True


def _objects_fit(wanted: list[dict[str, Any]], got: list[dict[str, Any]]) -> bool:
    left = list(got)
    for thing in wanted:
        match = next((g for g in left if _same(thing, g)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _same(wanted: dict[str, Any], got: dict[str, Any]) -> bool:
    colour = got.get("colour")
    return (
        thing_name(got["name"]) == wanted["name"]
        and got.get("count") == wanted["count"]
        and (colour_name(colour) if colour else None) == wanted["colour"]
        and all(got.get(k) == wanted[k] for k in ("size", "place") if k in wanted)
    )


def _relations_fit(wanted: list[list[str]], got: dict[str, Any]) -> bool:
    names = {thing["id"]: thing["name"] for thing in got.get("objects") or []}
    flip = {"left of": "right of", "right of": "left of", "above": "below", "below": "above", "next to": "next to"}
    found = set()
    for r in got.get("relations") or []:
        row = [names.get(r["subject"]), r["relation"], names.get(r["object"])]
        other = names.get(r["other"]) if r.get("other") else None
        found.add((*row, other) if r["relation"] == "between" else tuple(row))
        if r["relation"] in flip:
            found.add((row[2], flip[row[1]], row[0]))
    return all(tuple(relation) in found for relation in wanted)


def summary(split: str, verbose: bool) -> dict[str, Any]:
    chosen = [line for line in lines() if line["split"] == split]
    counts = {part: [0, 0] for part in PARTS}
    wrong, seconds = [], []
    for line in chosen:
        got = rehearse(line)
        result = score(line, got)
        seconds.append(got["seconds"])
        for part in PARTS:
            if result[part] is not None:
                counts[part][0] += bool(result[part])
                counts[part][1] += 1
        if not result["all"]:
            wrong.append(line["id"])
            if verbose:
                _show(line, got, result)
    shares = {
        part: {"right": r, "of": n, "share": round(r / n, 4) if n else None, "interval": rounded(r, n)}
        for part, (r, n) in counts.items()
    }
    return {
        "lines": len(chosen),
        **shares,
        "wrong": wrong,
        "cpu_milliseconds": {
            "mean": round(1000 * sum(seconds) / len(seconds), 2),
            "most": round(1000 * max(seconds), 2),
        },
    }


def _show(line: dict[str, Any], got: dict[str, Any], result: dict[str, Any]) -> None:
    failed = [part for part in PARTS[:3] if result[part] is False]
    print(f"{line['id']} {failed} {line['turns']} [{line['model']}]")
    print("   want", line["tool"], line["arguments"] or line.get("calls") or "", line.get("brief") or "")
    brief = {k: v for k, v in got["brief"].items() if v and k != "request"}
    print(
        "   got ",
        got["tool"],
        got["calls"] if line.get("calls") else got["arguments"],
        brief if "brief" in failed else "",
        got["reply"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=["dev", "held-out", "both"], default="both")
    parser.add_argument("--verbose", action="store_true", help="show the wrong lines")
    parser.add_argument("--out", type=Path, help="write the result as JSON")
    options = parser.parse_args()
    splits = ["dev", "held-out"] if options.split == "both" else [options.split]
    result = {"planner": "embedded", **{split: summary(split, options.verbose) for split in splits}}
    if options.out and options.out.is_file():
        before = json.loads(options.out.read_text(encoding="utf-8"))
        result |= {name: before[name] for name in ("blind", "notes") if name in before}
    text = json.dumps(result, indent=1)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

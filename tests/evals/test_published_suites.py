"""The suites read official files as they are: first lines of each in their published form, whole files where there are.

The excerpts are ours, in the formats of the published files.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from evals import benchmarks, registry
from evals.api import EvalError, Item, RunPlan
from evals.tasks import magicbrush

DPG = ("item_id,text,keywords,proposition_id,dependency,category_broad,category_detailed,tuple,"
       "question_natural_language\r\n"
       'barn0,"A red barn, on a hill. ",,1,0,entity,whole,entity - whole (barn),Is there a barn?\r\n'
       'barn0,"A red barn, on a hill. ",,2,1,attribute,color,"attribute - color (barn, red)",Is the barn red?\r\n'
       'barn0,"A red barn, on a hill. ",,3,"1, 2",relation,spatial,"relation - spatial (barn, hill, on)",'
       "Is the barn on a hill?\r\n"
       "dog7,A dog.,,1,0,entity,whole,entity - whole (dog),Is there a dog?\r\n")
KINDS = ("color", "shape", "texture", "spatial", "3d_spatial", "numeracy", "non_spatial", "complex")
EXCERPTS: dict[str, dict[str, str]] = {
    "geneval2": {"geneval2_data.jsonl": json.dumps({
        "prompt": "two metal toys", "atom_count": 3, "skills": ["count", "attribute"],
        "vqa_list": [["How many toys are in the image?", "two"], ["Are the toys metal?", "Yes"]]}) + "\n"},
    "t2i-compbench": {f"{kind}_val.txt": f"a {kind} thing\r\nanother {kind} thing\r\n" for kind in KINDS},
    "dpg-bench": {"dpg_bench.csv": DPG},
    "genai-bench": {
        "genai_image.json": json.dumps({"00000": {"id": "00000", "prompt": "A baker.", "prompt in Chinese": "",
                                                  "models": {"DALLE_3": [5, 5, 5]}},
                                        "00010": {"id": "00010", "prompt": "Three bakers.", "models": {}}}),
        "genai_skills.json": json.dumps({"basic": [0], "advanced": [10], "scene": [0, 10], "counting": [10]})},
    "drawbench": {"DrawBench.txt": "A red colored car.\tColors\nA panda making latte art.\tGary Marcus et al. \n"},
    "designbench": {"prompts_and_classes.json": json.dumps({"0": {
        "index": 0, "short_description": "A white cake. ", "long_description": "A white cake with berries.",
        "link": "https://example.org"}})},
    "imgedit": {"basic_edit.json": json.dumps({"1082": {"id": "animal/000342021.jpg", "prompt": "Smooth the shell.",
                                                        "edit_type": "adjust"}}), "prompts.json": "{}"},
}
TABLES: dict[str, list[dict[str, Any]]] = {
    "gedit-bench": [{"key": "7f0a", "task_type": "color_alter", "instruction": "Make it red. ",
                     "instruction_language": language, "Intersection_exist": True, "picture": "pictures/a.png"}
                    for language in ("en", "cn")],
    "emu-edit": [{"instruction": "Add a hat", "task": "add", "split": "test", "idx": 12, "hash": "9c",
                  "input_caption": "A man.", "output_caption": "A man with a hat.", "picture": "pictures/add-12.png"}],
    "mse-bench": [{"index": 3, "summary": "A dance", "context": ["Raise the arm.", "Turn round. "], "operation": [],
                   "description_source": "A girl", "description_target": ["A girl, an arm up", "A girl's back"],
                   "picture": "pictures/3.png"}],
}
BRUSH = {
    "edit_sessions.json": {"139": [{"input": "139-input.png", "mask": "139-mask1.png", "output": "139-output1.png",
                                    "instruction": "add a cat"},
                                   {"input": "139-output1.png", "mask": "139-mask2.png", "output": "139-output2.png",
                                    "instruction": "make it sleep"}],
                           "30": [{"input": "30-input.png", "mask": "30-mask1.png", "output": "30-output1.png",
                                   "instruction": "remove the car"}]},
    "local_descriptions.json": {"139": {"139-output1.png": "a cat", "139-output2.png": "a sleeping cat"},
                                "30": {"30-output1.png": "an empty street"}},
}
I2E = {
    "Counting": {"image": "a.jpg", "ori_exp": "Add a cat", "div_exp": "", "Evaluation": "How many cats?",
                 "Answer": "One", "type": "animal"},
    "StyleAlteration": {"image": "b.jpg", "ori_exp": "Paint it", "div_exp": "", "style": "an oil painting"},
    "RegionAccuracy": {"image": "c.jpg", "mask": "c.png", "ori_exp": "Make the bear brown", "div_exp": ""},
}


@pytest.fixture
def items(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Reads a suite from its excerpt."""
    table = json.loads(benchmarks.TABLE.read_text())
    excerpts = {**EXCERPTS, "i2ebench": {file: json.dumps({"1": I2E.get(file.split("/")[0], {
        "image": "d.png", "ori_exp": f"Remove it ({file})", "div_exp": "", "type": "global"})})
        for file in table["i2ebench"]["files"]}}
    excerpts |= {suite: {file: "" for file in table[suite].get("files", ())} for suite in TABLES}
    for suite, rows in TABLES.items():
        table[suite]["table"]["rows"] = len(rows)
        (tmp_path / suite).mkdir()
        (tmp_path / suite / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "magicbrush").mkdir()
    for name, value in BRUSH.items():
        (tmp_path / "magicbrush" / name).write_text(json.dumps(value))
    monkeypatch.setattr(magicbrush, "SESSIONS", 2)
    for suite, files in excerpts.items():
        if not files:
            continue
        assert set(files) == set(table[suite]["files"])
        for name, text in files.items():
            (tmp_path / suite / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / suite / name).write_bytes(text.encode())
            table[suite]["files"][name] = hashlib.sha256(text.encode()).hexdigest()
    monkeypatch.setattr(benchmarks, "TABLE", tmp_path / "benchmarks.json")
    benchmarks.TABLE.write_text(json.dumps(table))
    monkeypatch.setenv("MAQUETTE_BENCHMARKS", str(tmp_path))
    return lambda suite: registry.task(suite).items()


def test_geneval2(items: Any) -> None:
    (item,) = items("geneval2")
    assert (item.tag, item.turns) == ("03 atoms", ["two metal toys"])
    assert item.truth["questions"][0] == ["How many toys are in the image?", "two"]


def test_t2i_compbench_without_carriage_returns(items: Any) -> None:
    found = items("t2i-compbench")
    assert len(found) == 16 and {item.tag for item in found} == set(KINDS)
    assert found[0] == Item(id="color-000", tag="color", turns=["a color thing"])


def test_dpg_bench_with_all_its_questions_and_what_they_depend_on(items: Any) -> None:
    barn, dog = items("dpg-bench")
    assert barn.turns == ["A red barn, on a hill."] and dog.id == "dog7"
    assert [(q["id"], q["after"]) for q in barn.truth["questions"]] == [(1, []), (2, [1]), (3, [1, 2])]
    assert barn.truth["questions"][1]["category"] == "attribute - color"
    assert dog.truth["questions"][0]["text"] == "Is there a dog?"


def test_genai_bench_by_level_with_its_skills(items: Any) -> None:
    first, second = items("genai-bench")
    assert (first.tag, first.turns, first.truth) == ("basic", ["A baker."], {"skills": ["scene"]})
    assert (second.tag, second.truth) == ("advanced", {"skills": ["scene", "counting"]})


def test_drawbench_by_category(items: Any) -> None:
    assert [(item.turns[0], item.tag) for item in items("drawbench")] == [
        ("A red colored car.", "Colors"), ("A panda making latte art.", "Gary Marcus et al.")]


def test_designbench_asks_in_short_and_knows_the_whole(items: Any) -> None:
    (item,) = items("designbench")
    assert item.turns == ["A white cake."] and item.truth == {"description": "A white cake with berries."}


def test_imgedit_brings_its_picture(items: Any) -> None:
    (item,) = items("imgedit")
    assert (item.id, item.tag, item.brings) == ("1082", "adjust", "imgedit/animal/000342021.jpg")
    with pytest.raises(benchmarks.NotFetched, match=r"imgedit.*Benchmark\.tar"):
        benchmarks.picture(item.brings)


def test_i2ebench_knows_what_each_dimension_is_scored_by(items: Any) -> None:
    found = {item.tag: item for item in items("i2ebench")}
    assert len(found) == 16
    assert found["Counting"].truth == {"question": "How many cats?", "answer": "One"}
    assert found["Counting"].brings == "i2ebench/Counting/input/a.jpg"
    assert found["StyleAlteration"].truth == {"style": "an oil painting"}
    assert found["RegionAccuracy"].truth["except"] == "i2ebench/RegionAccuracy/mask/c.png"
    assert found["Lowlight"].truth == {"like": "i2ebench/Lowlight/gt/d.png"}


def test_gedit_bench_in_english_by_task(items: Any) -> None:
    (item,) = items("gedit-bench")
    assert (item.id, item.tag, item.turns) == ("7f0a", "color_alter", ["Make it red."])
    assert item.brings == "gedit-bench/pictures/a.png" and item.truth == {"intersection": True}


def test_emu_edit_by_kind_with_both_captions(items: Any) -> None:
    (item,) = items("emu-edit")
    assert (item.id, item.tag, item.brings) == ("add-12", "add", "emu-edit/pictures/add-12.png")
    assert item.truth == {"captions": ["A man.", "A man with a hat."]}


def test_mse_bench_is_one_conversation(items: Any) -> None:
    (item,) = items("mse-bench")
    assert (item.id, item.turns, item.brings) == ("003", ["Raise the arm.", "Turn round."], "mse-bench/pictures/3.png")


def test_magicbrush_turn_by_turn_and_as_a_session(items: Any) -> None:
    first, second, session, only = items("magicbrush")
    assert [item.id for item in (first, second, session, only)] == ["139-1", "139-2", "139", "30-1"]
    assert second.brings == "magicbrush/images/139/139-output1.png", "from where the turn before should have led"
    assert session.brings == first.brings == "magicbrush/images/139/139-input.png"
    assert session.turns == ["add a cat", "make it sleep"]
    assert session.truth == {"settings": ["multi-turn"], "like": "magicbrush/images/139/139-output2.png",
                             "caption": "a sleeping cat"}
    assert only.truth["settings"] == ["single-turn", "multi-turn"], "a session of one turn counts in both"


def test_a_table_with_other_rows_is_refused(items: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = json.loads(benchmarks.TABLE.read_text())
    known["emu-edit"]["table"]["rows"] = 3589
    benchmarks.TABLE.write_text(json.dumps(known))
    with pytest.raises(EvalError, match="holds 1 rows and not the 3589"):
        items("emu-edit")
    monkeypatch.setattr(magicbrush, "SESSIONS", 535)
    with pytest.raises(EvalError, match="holds 2 sessions and not the 535"):
        items("magicbrush")


def test_a_suite_that_everybody_gets_for_themselves_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAQUETTE_BENCHMARKS", raising=False)
    with pytest.raises(benchmarks.NotFetched, match=r"zip file with the password MagicBrush.*CC BY 4\.0.*put it into"):
        registry.task("magicbrush").items()
    with pytest.raises(EvalError, match="cannot be fetched by a command: the test set is a zip file"):
        benchmarks.fetch("magicbrush")


COUNTS = {"geneval2": 800, "t2i-compbench": 2400, "dpg-bench": 1065, "genai-bench": 1600, "drawbench": 200,
          "designbench": 30, "imgedit": 737, "i2ebench": 2218, "gedit-bench": 606, "emu-edit": 3589, "mse-bench": 100}


@pytest.mark.parametrize(("suite", "count"), COUNTS.items())
def test_the_published_files_are_whole(suite: str, count: int) -> None:
    try:
        found = registry.task(suite).items()
    except benchmarks.NotFetched as error:
        pytest.skip(str(error))
    assert len(found) == count


def test_a_suite_without_its_file_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAQUETTE_BENCHMARKS", raising=False)
    for suite in COUNTS:
        with pytest.raises(benchmarks.NotFetched, match=f"evals fetch {suite}"):
            registry.task(suite).items()


def test_a_picture_that_is_brought_decides_a_sample_and_none_changes_nothing() -> None:
    """Runs from before items could bring pictures go on where they were: their keys were made without the field."""
    plan = RunPlan(suite="s", suite_version=1, arms=["single"], generators=["g"])
    item = Item(id="x", tag="t", turns=["a dog"])
    assert "brings" not in item.decisive()
    brought = [item.model_copy(update={"brings": name}) for name in (None, "s/a.png", "s/b.png")]
    assert len({plan.key(one, 1, "single", "g") for one in brought}) == 3

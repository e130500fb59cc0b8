"""Commands carried out on a draft: what each changes in the Brief, and the edits that it takes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations, cycle, islice
from typing import Any

from agent.embedded.draft import Draft, Item, object_of
from agent.embedded.drawing import MOST, Trouble, check_categories, offers, plural_or_one
from agent.embedded.references import Ambiguous, Choice, Missing, described, find, options_for
from agent.embedded.replies import strange
from agent.embedded.syntax import Command, Compared, Description, NounPhrase
from agent.embedded.words import DIFFERENT
from generators.api import Box, World
from tools.api import SceneObject
from tools.caption import background_phrase
from tools.edit_plan import scaled
from tools.layout import OVERLAP
from tools.naming import listed, plural, thing_name
from tools.relations import covered

_MODEST = 1.5  # how much bigger something gets in a crowd
_EQUAL = 0.1  # how much two things may differ that are of one size
_TOOL_WORDS = ("add", "remove", "replace", "recolour", "resize", "move", "background", "restyle")


@dataclass
class Changes:
    """A draft, the edits so far (arguments of the tool), and what helps to settle what is open.

    `world` is None for a model that takes any words: then nothing is asked, and what is not understood is passed on.
    """

    draft: Draft
    world: World | None
    words: str = ""
    choice: Choice | None = None
    strict: bool = True
    calls: list[dict[str, Any]] = field(default_factory=list)
    redraw: bool = False
    notes: list[str] = field(default_factory=list)

    def carry_out(self, command: Command, words: str) -> None:
        """Raises `Trouble` where only the user can settle it; then the draft is not to be used."""
        self.words = words
        handler = getattr(self, "_" + command.operation.replace(" ", "_"))
        try:
            handler(command)
        except Ambiguous as error:
            raise Trouble("Which one do you mean?", options_for(error.items), "target") from None
        except Missing as error:
            if self.world is None:
                return self._call(command.operation if command.operation in _TOOL_WORDS else "other", [])
            raise Trouble(missing(error.what, self.draft)) from None
        self.draft.merge_equal()

    # --- helpers ---

    def _find(self, phrase: NounPhrase) -> list[Item]:
        return find(phrase, self.draft, self.choice, lenient=self.world is None)

    def _targets(self, command: Command) -> list[Item]:
        if not command.targets:
            return self._find(NounPhrase(pronoun="it", definite=True))
        found: dict[int, Item] = {}
        for phrase in command.targets:
            for item in self._find(phrase):
                found[id(item)] = item
        for phrase in command.spared:
            for item in self._find(phrase):
                found.pop(id(item), None)
        return list(found.values())

    def _call(self, operation: str, items: list[Item], phrase: str | None = None, **more: Any) -> None:
        ids = [item.id for item in items if item.seen and item.id]
        if self.world is not None and items and not ids and operation not in ("background", "restyle", "add"):
            self.redraw = True
        arguments: dict[str, Any] = {
            "instruction": self.words,
            "operation": operation,
            "targets": ids,
            "phrase": phrase,
            **more,
        }
        self.calls.append({name: value for name, value in arguments.items() if value not in (None, [])})

    def _check_name(self, phrase: NounPhrase) -> None:
        if self.world is None:
            return
        check_categories(Description(objects=[phrase]))
        if self.strict and phrase.name and thing_name(phrase.name) not in self.world.objects:
            thing = object_of(phrase, "new")
            raise Trouble(
                f"I have not learnt to draw {plural_or_one(thing)}. What shall it be instead?",
                offers([phrase.name], self.world),
                "objects",
            )
        if phrase.count is not None and not 0 < phrase.count <= MOST:
            raise Trouble(f"How many {plural(phrase.name or 'thing')} shall it be?", ["one", "two", "three"], "count")

    def _check_choice(self, value: str | None, choices: tuple[str, ...], slot: str, what: str) -> None:
        if self.strict and self.world is not None and value and value not in choices and choices:
            raise Trouble(f"I have not learnt {what.format(value)}. Which instead?", list(choices[:4]), slot)

    # --- looks ---

    def _recolour(self, command: Command) -> None:
        if command.like is not None:
            command.colour = self._find(command.like)[0].colour
            if command.colour is None:
                return self._other(command)
        if command.differing and self.world is not None:
            command.colours = self._differing(len(self._all_of(command)))
        if len(command.colours) > 1:
            return self._each_its_own(command)
        if self.world:
            self._check_choice(command.colour, self.world.colours, "colour", "to paint anything {}")
        items = self._targets(command)
        if command.colour is None:
            return self._unsaid(command, f"Which colour for {described(items)}?", "colour")
        self._painted(items, command.colour, command.size)

    def _differing(self, number: int) -> list[str]:
        """As many colours, no two alike as long as there are enough."""
        known = [colour for colour in DIFFERENT if not self.world or colour in self.world.colours]
        return list(islice(cycle(known), number)) if known else []

    def _swap_colours(self, command: Command) -> None:
        items = list({id(item): item for phrase in command.targets for item in self._find(phrase)}.values())
        if self.world is None:
            return self._call("recolour", items)
        plain = [item for item in items if item.colour is None]
        if len(items) != 2:
            raise Trouble("Which two shall swap their colours?")
        if plain:
            raise Trouble(f"I know no colour of {described(plain)} to swap. Name the colours instead: "
                          '"make the dog red and the cat blue".')
        first, second = items[0].colour, items[1].colour
        self._painted(items[:1], second)
        self._painted(items[1:], first)
        self.draft.focus = items

    def _unsaid(self, command: Command, question: str, slot: str) -> None:
        """`another colour`: which one, only the user can say."""
        if self.world is None or command.unknown:
            return self._other(command)
        choices = {"colour": self.world.colours, "background": self.world.backgrounds, "style": self.world.styles}
        raise Trouble(question, list(choices[slot][:4]), slot)

    def _each_its_own(self, command: Command) -> None:
        """`make them red, blue and green`: as they were named, or from left to right."""
        items = self._all_of(command)
        for colour in command.colours if self.world else ():
            self._check_choice(colour, self.world.colours if self.world else (), "colour", "to paint anything {}")
        if self.world is None:
            return self._call("recolour", items)
        if len(items) != len(command.colours):
            raise _which_colours(items, command.colours)
        for item, colour in zip(items, command.colours, strict=True):
            self._painted([item], colour)
        self.draft.focus = items

    def _all_of(self, command: Command) -> list[Item]:
        """The targets, where several are meant in any case."""
        if not command.targets or [phrase.pronoun for phrase in command.targets] == ["it"]:
            return list(self.draft.focus or self.draft.items)
        return self._targets(command)

    def _painted(self, items: list[Item], colour: str | None, size: str | None = None) -> None:
        for group in self.draft.apart(items):
            group.colour = colour
            if size:
                group.size = size  # type: ignore[assignment]
        for item in items:
            item.colour = colour
        self.draft.focus = items
        self._call("recolour", items, f"{colour} {name_of(items)}")

    def _resize(self, command: Command) -> None:
        items = self._targets(command)
        if command.compared and self.world is not None:
            return self._compared(items, command.compared)
        for group in self.draft.apart(items):
            group.size = command.size  # type: ignore[assignment]
        self.draft.focus = items
        self._call("resize", items, f"{command.size} {name_of(items)}" if command.size else None)

    def _compared(self, items: list[Item], compared: Compared) -> None:
        """Sizes by that of something else: boxes as large, where it was seen; the Brief has words for it only."""
        against = self._find(compared.to)[0] if compared.to else None
        if compared.to is None and compared.times == 1:
            against = self._ordinary(items)
        items = [item for item in items if item is not against and not _is_so(item, compared, against)]
        size = compared.size or (self.draft.size_of(against) if against else None)
        for group in self.draft.apart(items):
            group.size = size  # type: ignore[assignment]
        self.draft.focus = items
        for item in items:
            box = self._measured(item, compared, against)
            item.box = box or item.box
            self._call("resize", [item], f"{size} {item.name}" if size else item.name, box=list(box) if box else None)

    def _ordinary(self, items: list[Item]) -> Item:
        """The one whose size several shall have: one of no size in particular, else the biggest."""
        return max(items, key=lambda item: (self.draft.size_of(item) is None, item.box.area))

    def _measured(self, item: Item, compared: Compared, against: Item | None) -> Box | None:
        """Where a thing of that size goes, as far as there is room; None where nobody saw how large it is."""
        if not item.seen or (against and not against.seen):
            return None
        scene = [SceneObject(id=other.id, name=other.name, box=other.box) for other in self.draft.items if other.seen]
        thing = next(one for one in scene if one.id == item.id)
        times = compared.times * (_side(against.box) / _side(item.box) if against else 1.0)
        box = scaled(thing, times, scene, 0)
        crowded = any(covered(one.box, box) > OVERLAP for one in scene if one is not thing)
        return scaled(thing, min(times, _MODEST), scene, 0) if crowded else box

    def _background(self, command: Command) -> None:
        if self.world:
            self._check_choice(command.background, self.world.backgrounds, "background", "a background like {}")
        if command.background is None:
            return self._unsaid(command, "Which background shall it have?", "background")
        self.draft.brief.background = command.background
        self._call("background", [], command.background)

    def _restyle(self, command: Command) -> None:
        if command.style is None:
            return self._unsaid(command, "Which style shall it have?", "style")
        if self.world and command.style != "flat":
            self._check_choice(command.style, self.world.styles, "style", "the style {}")
        self.draft.brief.style = command.style
        self._call("restyle", [], command.style)

    # --- what is there ---

    def _remove(self, command: Command) -> None:
        if not command.targets and command.unknown:
            return self._other(command)
        ground = self.draft.brief.background
        if ground and command.targets and all(phrase.name == ground for phrase in command.targets):
            return self._background(Command("background", background="plain white"))
        if self._never_there(command):
            return
        items = self._targets(command)
        phrase = name_of(items)
        self.draft.drop(items)
        self._call("remove", items, phrase)

    def _never_there(self, command: Command) -> bool:
        """`no cats, please`, where there is none: it is to stay so."""
        names = [phrase.name for phrase in command.targets if phrase.quantity == "all" and phrase.name]
        absent = [name for name in names if not any(item.name == name for item in self.draft.items)]
        if not names or len(absent) < len(command.targets):
            return False
        avoid = self.draft.brief.avoid
        self.draft.brief.avoid = list(dict.fromkeys([*avoid, *absent]))
        return True

    def _only_keep(self, command: Command) -> None:
        kept = self._targets(command)
        gone = [item for item in self.draft.items if item not in kept]
        if gone:
            self._removed(gone)

    def _removed(self, gone: list[Item]) -> None:
        self.draft.drop(gone)
        self._call("remove", gone, name_of(gone))

    def _keep(self, command: Command) -> None:
        for phrase in command.targets:
            if phrase.name and phrase.name not in self.draft.brief.keep:
                self.draft.brief.keep.append(phrase.name)
        with suppress(Ambiguous, Missing):
            self.draft.focus = self._targets(command)  # so that "everything else" is the rest

    def _other(self, command: Command) -> None:
        if self.world is not None and command.targets and not command.unknown:
            what = described(self._targets(command)) or "it"
            raise Trouble(f'What is to become of {what}? Say, for example, "make it red" or "turn it into a bird".')
        if self.world is not None:
            raise Trouble(strange(" ".join(command.unknown) or self.words))
        try:
            items = self._targets(command) if command.targets else []
        except Missing:
            items = []
        self.draft.brief.unknown = list(dict.fromkeys([*self.draft.brief.unknown, *command.unknown]))
        self._call("other", items)


def _is_so(item: Item, compared: Compared, against: Item | None) -> bool:
    """Whether what shall be bigger (or smaller) than another is so already, as far as anybody saw."""
    if against is None or not (item.seen and against.seen):
        return False
    ratio = _side(item.box) / _side(against.box)
    if compared.to is None:
        return abs(ratio - 1) < _EQUAL
    if not compared.loose:
        return False
    return ratio >= compared.times if compared.times > 1 else ratio <= compared.times


def _side(box: Box) -> float:
    return max(box.width, box.height)


def _which_colours(items: list[Item], colours: list[str]) -> Trouble:
    """More or fewer colours than things: one colour for each, or one for all."""
    if len(items) < len(colours):
        choices = [listed(list(some)) for some in combinations(colours, len(items))]
    else:
        choices = [listed([colours[n % len(colours)] for n in range(len(items))]), *(f"all {c}" for c in colours)]
    what = described(items)
    return Trouble(f"Which colours, from left to right, for {what}?" if len(items) > 1 else f"Which colour for {what}?",
                   choices, "colour")


def name_of(items: list[Item]) -> str:
    kinds = list(dict.fromkeys(item.name for item in items))
    if len(kinds) == 1:
        return plural(kinds[0]) if len(items) > 1 else kinds[0]
    return " and ".join(kinds)


def missing(what: str, draft: Draft) -> str:
    """There is nothing of the kind; what there is instead."""
    there = [thing.phrase() for thing in draft.brief.objects]
    shows = f" It shows {', '.join(there)}." if there else ""
    if what == "new":
        return f"That is in the picture already.{shows}"
    article = "an" if what[:1] in "aeiou" else "a"
    return f"I see no such thing in the picture: {article} {what}.{shows}"


def ground_words(name: str) -> str:
    return background_phrase(name)

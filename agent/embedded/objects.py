"""The objects of a description: new ones, ones that were named before, "a red and a blue car", "one of them black"."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle, islice

from agent.embedded.comparing import SizeReader
from agent.embedded.syntax import Description, Link, NounPhrase, Relation
from agent.embedded.words import DIFFERENT

_SIDES = {"left": "left", "right": "right", "middle": "centre"}


class ObjectReader(SizeReader):
    """Reads objects into `made`; `current` is the number of the one last spoken of."""

    made: Description
    current: int
    fronted: str | None
    pending: Relation | str | None
    pending_at: tuple[int, int | None]
    wearer: int
    elliptic: list[NounPhrase]

    def _object(self, made: Description) -> bool:
        phrase = self.noun_phrase()
        if phrase is None and self._headless(made):
            return True
        phrase = phrase or self._bare(made)
        if phrase is None:
            return False
        if phrase.pronoun == "one of them" and not made.objects and phrase.count:
            made.counts.append(phrase.count)
            return True
        number = self._put(made, phrase, len(made.objects))
        if number is None:
            made.fillers.append("it")
            made.marks |= {"refers"} if phrase.pronoun == "it" and not made.objects else set()
        elif isinstance(self.pending, Relation):
            object_, other = self.pending_at
            made.links.append(Link(number, self.pending.name, object_, other))
            self.pending = None
        elif self.pending == "filled":
            made.links.append(Link(number, "inside", self.pending_at[0]))
            self.pending = None
        elif self.pending == "wearing":
            made.links.append(Link(number, "on", self.wearer))
            self.pending = None
        return True

    def _bare(self, made: Description) -> NounPhrase | None:
        """An unknown word without an article is a name where the sentence needs one."""
        if not self.peek().unknown or not self.peek().text:
            return None
        ahead = 2 if self.peek(1).unknown and self.peek(1).text else 1
        follows = self.peek(ahead)
        needed = (
            (follows.has("relation", "link", "place") and self.peek(ahead + 1).text)
            or made.marks & {"draw", "want"}
            or self.pending
            or (made.objects and self.peek(-1).has("joint", "link"))
        )
        return self.bare_unknown() if needed else None

    def _put(self, made: Description, phrase: NounPhrase, subject: int) -> int | None:
        """The number of the object that a phrase names: an earlier one where it points back, else a new one."""
        if phrase.pronoun:
            back = [i for i in range(len(made.objects)) if i != subject]
            found = back[-1] if back else (subject if 0 <= subject < len(made.objects) else None)
            return found
        if phrase.definite and phrase.name and not phrase.pick:
            same = [i for i, thing in enumerate(made.objects) if thing.name == phrase.name]
            if same:
                self.current = same[0]
                return same[0]
        if phrase.name is None:
            before = [thing for thing in made.objects if thing.name]
            if not before:
                made.fillers.append("one")
                made.colours += [phrase.colour] if phrase.colour else []
                made.sizes += [phrase.size] if phrase.size else []
                return None
            phrase.name, phrase.known, phrase.category = before[-1].name, before[-1].known, before[-1].category
        return self._new(made, phrase)

    def _new(self, made: Description, phrase: NounPhrase) -> int:
        for earlier in self.elliptic:
            earlier.name, earlier.known = phrase.name, phrase.known
            made.objects.append(earlier)
        self.elliptic = []
        if self.fronted and not phrase.place:
            phrase.place = self.fronted
        if phrase.style:
            made.style = made.style or phrase.style
        if phrase.said:
            made.assumed.append(f'"{phrase.said}" drawn as {phrase.name}')
        made.objects.append(phrase)
        number = self.current = len(made.objects) - 1
        self._listed_colours(made, phrase)
        return number

    def _headless(self, made: Description) -> bool:
        """`a red and a blue car`: an adjective that waits for its noun."""
        start = self.at
        phrase = NounPhrase(start=self.peek().start)
        self._determiners(phrase)
        token = self.peek()
        listed = phrase.article == "indef" or self._colour_list() or bool(self.elliptic)
        if token.has("colour") and self.peek(1).has("joint", "or") and listed:
            phrase.colour = self.next().get("colour")
            self.elliptic.append(phrase)
            return True
        self.at = start
        return False

    def _colour_list(self) -> bool:
        """`red and blue cars`: is there a noun after the colours?"""
        ahead = 0
        while self.peek(ahead).has("colour", "joint", "det"):
            ahead += 1
        return ahead > 1 and self.peek(ahead).has("noun") and self.peek(ahead).get("noun").plural

    def _split(self, made: Description) -> bool:
        """`two cats, one black and one white`, `one of them red`."""
        if not made.objects or (made.objects[-1].count or 2) < 2 or not self._share(0):
            return False
        whole = made.objects[-1]
        first = True
        while self._share(0) or (self.peek().has("joint") and self._share(1)):
            self.accept("joint")
            part = self._part_of(whole)
            part.count = part.count if first or not part.pronoun else (whole.count or 2) - 1
            if whole.count is not None and sum(p.count or 0 for p in self._parts(made, whole)) + (part.count or 1) > (
                whole.count
            ):
                break
            made.objects.append(part)
            first = False
        self._rest(made, whole)
        return True

    def _share(self, ahead: int) -> bool:
        """A number (or "the other", "the left one") and a colour: "one black", "one of them is black"."""
        if self.peek(ahead).get("det") == "def" and self.peek(ahead + 1).get("pick") in _SIDES:
            ahead += 1
        token = self.peek(ahead)
        some = token.get("pron") == "one of them" or token.get("quant") == "other" or token.get("pick") in _SIDES
        if not (some or token.has("number", "head")):
            return False
        ahead += 1
        while self.peek(ahead).has("skip", "be", "head", "det") and not self.peek(ahead).has("joint"):
            ahead += 1
        return self.peek(ahead).has("colour") and not self.peek(ahead + 1).has("noun", "head")

    def _part_of(self, whole: NounPhrase) -> NounPhrase:
        token = self.next()
        if self.peek().get("pick") in _SIDES:
            token = self.next()
        number = token.get("number") or 1
        while not self.peek().has("colour"):
            self.next()
        return NounPhrase(
            name=whole.name,
            known=whole.known,
            count=number,
            counted=True,
            size=whole.size,
            colour=self.next().get("colour"),
            place=_SIDES.get(token.get("pick"), whole.place),
            plural=number > 1,
        )

    def _parts(self, made: Description, whole: NounPhrase) -> list[NounPhrase]:
        index = next(i for i, thing in enumerate(made.objects) if thing is whole)
        return made.objects[index + 1 :]

    def _rest(self, made: Description, whole: NounPhrase) -> None:
        parts = self._parts(made, whole)
        used = sum(part.count or 0 for part in parts)
        index = next(i for i, thing in enumerate(made.objects) if thing is whole)
        if whole.count is not None and whole.count - used > 0:
            whole.count -= used
        elif whole.count is not None:
            for attribute in ("colour", "count", "place"):
                setattr(whole, attribute, getattr(parts[0], attribute))
            del made.objects[index + 1]

    # --- one colour for each ---

    def _listed_colours(self, made: Description, phrase: NounPhrase) -> None:
        """`three balls: red, green and blue`."""
        ahead, colours = 0, []
        while self.peek(ahead).has("joint", "colour", "det", "head") and self.peek(ahead).text:
            if self.peek(ahead).has("colour"):
                named = self.peek(ahead).has("noun") and self.peek(ahead - 1).has("det")
                if named or self.peek(ahead + 1).has("noun"):
                    return
                colours.append(self.peek(ahead).get("colour"))
            ahead += 1
        number = len(colours) if phrase.count is None and phrase.plural else phrase.count
        if len(colours) > 1 and number == len(colours) and self._one_of_each(made, colours):
            self.at += ahead

    def _more_colours(self, first: list[str]) -> list[str]:
        """`(red), blue and green`, where each of several things gets its own; [] where the colour stands alone."""
        found = list(first)
        while True:
            ahead = 0
            while self.peek(ahead).get("joint") in ("and", ",") or self.peek(ahead).text == "then":
                ahead += 1
            follows = self.peek(ahead + 1)
            ends = not follows.text or follows.has("joint", "mark", "skip", "place", "relation", "link")
            if not ahead or not self.peek(ahead).has("colour") or not ends:
                return found if len(found) > 1 else []
            self.at += ahead
            found.append(self.next().get("colour"))

    def _one_of_each(self, made: Description, colours: list[str]) -> bool:
        """`balloons in red, blue and green`, `a dog and a cat in red and blue`; False for more colours than things."""
        if not made.objects or made.objects[self.current].colour:
            return False
        single = [thing for thing in made.objects if thing.count == 1 and not thing.colour]
        if len(single) == len(made.objects) == len(colours):
            for thing, colour in zip(made.objects, colours, strict=True):
                thing.colour = colour
            return True
        whole = made.objects[self.current]
        some = whole.count is None and whole.counted
        total = len(colours) if whole.count is None else whole.count
        if total < len(colours):
            return False
        least, over = divmod(total, len(colours))
        shares = [None if some else least + (number < over) for number in range(len(colours))]
        parts = [replace(whole, colour=colour, count=share, plural=share != 1, counted=True)
                 for colour, share in zip(colours, shares, strict=True)]
        made.objects[self.current : self.current + 1] = parts[:1]
        made.objects += parts[1:]
        return True

    def _differing(self, made: Description) -> bool:
        """`in different colours`: of which things, shows at the end."""
        made.marks |= {"differing"} if (token := self.accept("differing")) else set()
        return token is not None

    def _all_different(self, made: Description) -> None:
        """A colour of its own for every single thing that has none."""
        plain = [number for number, thing in enumerate(made.objects) if thing.colour is None and not thing.category]
        plain = [number for number in plain if made.objects[number].count != 1] or plain
        default = 3 if len(plain) == 1 else 2
        colours = cycle(DIFFERENT)
        for number in plain:
            count = made.objects[number].count
            made.objects[number].count = count = default if count is None else count
            own = list(islice(colours, min(count, len(DIFFERENT))))
            self.current = number
            if len(own) == 1:
                made.objects[number].colour = own[0]
            elif own:
                self._one_of_each(made, own)

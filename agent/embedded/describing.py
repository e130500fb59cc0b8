"""Descriptions of pictures: objects, how they stand, background, style, what is written, what must not be there."""

from __future__ import annotations

from dataclasses import replace

from agent.embedded.objects import ObjectReader
from agent.embedded.syntax import Description, Link, NounPhrase, Relation
from agent.embedded.words import GROUND_ADJECTIVES, OPPOSITE_SIDE, mirrored

DEPTH = ("in front of", "behind", "in back of")
_LEFT_TO_RIGHT = ("from left to right", "left to right", "from the left to the right")
_CONTAINERS = ("bowl", "vase", "cup", "backpack", "suitcase", "handbag", "gift")
_PREPOSITIONS = ("in", "on", "at", "by", "near", "inside", "under", "over", "above", "into", "onto", "to", "within",
                 "next to", "beside", "below", "with", "across", "through", "from", "of")  # fmt: skip


class DescriptionReader(ObjectReader):
    """Reads as far as the description goes: to the end, or to where a new command begins."""

    def description(self, marks: set[str] | None = None) -> Description:
        made = Description(marks=set(marks or ()), start=self.peek().start)
        self.made = made
        self.fronted: str | None = None
        self.pending: Relation | str | None = None
        self.elliptic: list[NounPhrase] = []
        self.rejected: list[str] = []
        self.current = -1
        self.in_a_row = False
        while not self.done and not self._boundary():
            before = self.at
            self._part(made)
            self.at = max(self.at, before + 1)
        made.unknown += [phrase.colour or "one" for phrase in self.elliptic]
        if made.objects and not any(phrase.colour or phrase.size for phrase in made.objects):
            made.unknown += self.rejected
        if "differing" in made.marks:
            self._all_different(made)
        if self.in_a_row and not made.links:
            made.links = [Link(n, "left of", n + 1) for n in range(len(made.objects) - 1)]
        made.end = self.where()[1]
        return made

    def _boundary(self) -> bool:
        """Whether a command begins here: a verb, after a joint or by itself."""
        ahead = 0
        while self.peek(ahead).has("joint"):
            ahead += 1
        while self.peek(ahead).has("mark") and not self.peek(ahead).has("neg", "skip", "verb"):
            ahead += 1
        token = self.peek(ahead)
        started = bool(self.made.objects or self.made.says_something or self.made.unknown)
        return token.has("verb") and started and not token.has("noun", "link", "style", "skip")

    def _part(self, made: Description) -> None:
        for read in (
            self._joint,
            self._or,
            self._quote,
            self._seed,
            self._marks,
            self._frame,
            self._negation,
            self._split,
            self._audience,
            self._differing,
            self._colour_of,
            self._style,
            self._ground,
            self._relation,
            self._place,
            self._link,
            self._copula,
            self._count_of,
            self._compared,
            self._object,
            self._size_of,
            self._skip,
        ):
            if read(made):
                return
        token = self.next()
        (made.unknown if token.unknown or token.has("verb", "control") else made.fillers).append(token.text)

    # --- small words ---

    def _joint(self, made: Description) -> bool:
        token = self.accept("joint")
        if token and token.get("joint") == "and" and made.objects:
            made.marks.add("and")
        return token is not None

    def _or(self, made: Description) -> bool:
        """`a cat or a dog`, `a red or blue car`: one of both, which only the user can say."""
        if not (made.objects or self.elliptic) or not self.accept("or"):
            return False
        made.marks.add("or")
        return True

    def _marks(self, made: Description) -> bool:
        token = self.peek()
        if not token.has("mark") or (token.has("neg", "number", "quant") and not self.peek(1).has("joint")):
            return False
        made.marks |= self.marked()
        return True

    def _frame(self, made: Description) -> bool:
        """`a picture of`, `a stunning 512x512 photo of`: what is said of the picture itself is not in it."""
        ahead = 1 if self.peek().has("det") else 0
        while ahead < 6 and (token := self.peek(ahead)).text and not token.has("noun", "frame", "joint", "neg") and (
            token.unknown or token.has("vague", "praise", "size", "number", "skip", "pick")
        ):
            ahead += 1
        if ahead and self.peek(ahead).has("frame") and self.peek(ahead).text.endswith(" of"):
            self.at += ahead
        return bool(self.accept("frame"))

    def _skip(self, made: Description) -> bool:
        token = self.accept("skip", "empty", "to", "praise")
        self.in_a_row = self.in_a_row or bool(token and token.text in _LEFT_TO_RIGHT)
        if token and token.text == "of" and made.objects and made.objects[self.current].name in _CONTAINERS:
            self.pending, self.pending_at = "filled", (self.current, None)
        return token is not None

    def _audience(self, made: Description) -> bool:
        """`for my sister`, `for my grandma's birthday`: whom it is for is not in the picture."""
        if self.peek().text != "for" or not (self.peek(1).has("det", "pron") or self.peek(1).unknown):
            return False
        start = self.at
        self.next()
        whose = self.accept("det")
        if self.peek().has("noun") and not (whose and whose.get("det") == "poss"):
            self.at = start
            return False
        while self.peek().text and (
            self.peek().unknown or self.peek().has("noun", "function", "vague", "text", "pron", "possessive")
        ):
            made.fillers.append(self.next().text)
        return True

    def _seed(self, made: Description) -> bool:
        if self.peek().has("seed") and self.peek(1).has("number"):
            self.next()
            made.seed = self.next().get("number")
            return True
        return False

    def _quote(self, made: Description) -> bool:
        token = self.peek()
        if token.has("quote"):
            made.text = self.next().get("quote")
            return True
        if not token.has("text"):
            return False
        self.next()
        if not self.peek().has("quote"):
            made.text = self._rest_as_text()
        return True

    def _rest_as_text(self) -> str | None:
        words: list[str] = []
        while (
            not self.done
            and not self.peek().has("joint")
            and self.peek().text != "please"
            and not (words and self.peek().has("relation", "place"))
        ):
            words.append(self.next().text)
        return " ".join(words) or None

    # --- what is where ---

    def _negation(self, made: Description) -> bool:
        if not self.peek().has("neg"):
            return False
        token = self.next()
        if token.text == "negative prompt":
            return self._negative_prompt(made)
        made.marks |= {"not"} if token.text in ("no", "not", "not a") else set()
        if self.peek().get("whole") == "background":
            made.background = made.background or "plain white"
            return bool(self.next())
        phrase = self.noun_phrase()
        while phrase:
            made.avoid.append(phrase)
            start = self.at
            joint = self.accept_text("or", "and", "nor", ",")
            phrase = self.noun_phrase() if joint else None
            if phrase and phrase.article == "indef" and joint and joint.text in ("and", ","):
                self.at, phrase = start, None
        start = self.at
        self.accept("det")
        if not made.avoid and self.peek().has("ground"):
            made.avoid.append(NounPhrase(name=self.next().get("ground"), definite=True))
            return True
        self.at = start
        if not made.avoid and self.peek().has("colour", "size", "style"):
            self.rejected.append(f"not {self.next().text}")  # `not red, blue`: nothing of how it shall look
            return True
        if not made.avoid and self.peek().unknown and self.peek().text:
            word = self.next()
            made.avoid.append(NounPhrase(name=word.text, start=word.start, end=word.end))
        return True

    def _negative_prompt(self, made: Description) -> bool:
        """`Negative prompt: dog, blurry`, as image sites have it: all that follows is to be avoided."""
        while not self.done:
            phrase = self.noun_phrase() or self.bare_unknown()
            if phrase:
                made.avoid.append(phrase)
            else:
                self.next()
        return True

    def _style(self, made: Description) -> bool:
        token = self.peek()
        if not token.has("style") or (token.has("verb") and self.peek(1).has("det", "number")):
            return False
        style = self.next().get("style")
        made.style = made.style or style
        self.accept_text("of", "style", "picture", "version")
        return True

    def _ground(self, made: Description) -> bool:
        """`on a beach`, `at night`, `a forest`, `in a dark forest`, `mountains in the background`."""
        start = self.at
        preposition = self.accept_text(*_PREPOSITIONS) or self.accept("relation")
        self.accept("det")
        strange: list[str] = []
        while (self.peek().unknown and self.peek().text and len(strange) < 2) or (
            self.peek().has("colour", "size", "vague", "empty") and not self.peek().has("noun")
        ):
            strange.append(self.next().text)
        token = self.peek()
        if not token.has("ground") or self.peek(1).has("noun") or (token.has("noun") and not preposition):
            self.at = start
            return False
        self.next()
        self.accept_text("background", "backdrop", "ground", "scene", "landscape")
        self._grounded(made, token.get("ground"))
        made.unknown += [word for word in strange if word not in GROUND_ADJECTIVES]
        return True

    def _grounded(self, made: Description, ground: str) -> None:
        """There is one background; "the sky at night" is night."""
        if made.background in (None, "sky"):
            made.background = ground
        elif ground not in (made.background, "sky"):
            made.assumed.append(f"the background is {made.background}, not {ground}")

    def _place(self, made: Description) -> bool:
        token = self.peek()
        if not token.has("place", "bare place") or (token.has("bare place") and self.peek(1).has("noun", "head")):
            return False
        place = self.next().get("place") or token.get("bare place")
        if place == OPPOSITE_SIDE and self._across(made):
            return True
        begins = not made.objects or (self.fronted is not None and self.peek(-2).has("joint"))
        if begins and not self._ends_here():
            self.fronted = place
        elif made.objects:
            made.objects[self.current].place = place
        else:
            made.places.append(place)
        return True

    def _across(self, made: Description) -> bool:
        """`a cat on the left and a dog on the other side`."""
        sides = [thing.place for thing in made.objects[:-1] if thing.place]
        if sides and (place := mirrored(sides[-1])):
            made.objects[self.current].place = place
        return bool(sides)

    def _ends_here(self) -> bool:
        return self.done or all(t.has("joint", "mark", "skip") for t in self.tokens[self.at :])

    def _relation(self, made: Description) -> bool:
        token = self.peek()
        if token.has("relation it"):
            return self._relation_it(made)
        if not token.has("relation"):
            return False
        if token.text in ("in",) and self._in_colour(made):
            return True
        if self.peek(-1).get("joint") in ("and", "but") and made.links and made.links[-1].object == self.current:
            self.current = made.links[-1].subject  # `a cat left of a dog and above a tree`: still the cat
        start = self.at
        self.next()
        self.accept_text("of")
        name = self._named(token.get("relation"), made)
        right = self._targets(name)
        if not right:
            self.at = start
            return self._skip_word()
        self._linked(made, Relation(name, *right))
        return True

    def _skip_word(self) -> bool:
        self.next()
        return True

    def _named(self, name: str, made: Description) -> str:
        if name in (*DEPTH, OPPOSITE_SIDE):
            said = "on the other side of" if name == OPPOSITE_SIDE else name
            made.assumed.append(f'"{said}" drawn as "next to"')
            return "next to"
        return name

    def _in_colour(self, made: Description) -> bool:
        if not self.peek(1).has("colour") or (self.peek(2).has("noun", "ground") and not self.peek(2).has("joint")):
            return False
        self.next()
        start, colour = self.at, self.next().get("colour")
        if not self._one_of_each(made, self._more_colours([colour]) or [colour]):
            self.at = start + 1
            self._coloured(made, colour)
        return True

    def _targets(self, name: str) -> list[NounPhrase]:
        first = self.noun_phrase()
        if first and first.name is None and first.quantity in ("both", "all"):
            first = NounPhrase(pronoun="them", definite=True)  # `a hat on both`
        if first is None or name != "between":
            return [first] if first else []
        start = self.at
        second = self.noun_phrase() if self.accept_text("and") else None
        if second is None:
            self.at = start
        return [first, second] if second else [first]

    def _linked(self, made: Description, relation: Relation) -> None:
        """Ties the last object (or, where the relation stands in front, the next one) to what was named."""
        subject = self.current
        if relation.name == "between" and relation.object.pronoun == "them":
            return self._between_them(made, relation)
        object_ = self._put(made, relation.object, subject)
        other = self._put(made, relation.other, subject) if relation.other else None
        if relation.name == "between" and other is None:
            other = object_
        if subject < 0 or object_ is None:
            self._unbound(made, relation, object_, other)
        elif object_ == subject and relation.object.pronoun:
            made.relations.append(replace(relation, subject=subject))
        elif object_ != subject:
            made.links.append(Link(subject, relation.name, object_, other))

    def _between_them(self, made: Description, relation: Relation) -> None:
        """The two things named before it, several of one kind, or what the picture holds already."""
        subject = self.current
        if subject >= 2:
            made.links.append(Link(subject, "between", subject - 2, subject - 1))
        elif subject == 1 and (made.objects[0].count or 2) > 1:
            made.links.append(Link(subject, "between", 0, 0))
        else:
            made.relations.append(replace(relation, subject=subject if subject >= 0 else None))

    def _unbound(self, made: Description, relation: Relation, object_: int | None, other: int | None) -> None:
        if object_ is not None and not self._ends_here():
            self.pending = Relation(relation.name, relation.object, relation.other)
            self.pending_at = (object_, other)
        else:
            if object_ is not None and made.text is None:
                del made.objects[object_:]
                self.current = len(made.objects) - 1
            made.relations.append(relation)

    def _relation_it(self, made: Description) -> bool:
        token = self.next()
        if not made.objects:
            made.relations.append(Relation(token.get("relation it"), NounPhrase(pronoun="it", definite=True)))
            return True
        if self._ends_here() or (len(made.objects) > 1 and self.peek().has("joint")):
            if len(made.objects) > 1:
                made.links.append(Link(len(made.objects) - 1, token.get("relation it"), len(made.objects) - 2))
            else:
                made.relations.append(Relation(token.get("relation it"), NounPhrase(pronoun="it", definite=True)))
            return True
        self.pending = Relation(token.get("relation it"), made.objects[-1])
        self.pending_at = (len(made.objects) - 1, None)
        return True

    # --- what is said of objects that were named ---

    def _colour_of(self, made: Description) -> bool:
        """`both red`, `a cat and a dog, both purple`, `a dog, purple`."""
        token = self.peek()
        group = token.get("quant") if token.get("quant") in ("both", "all") else None
        ahead = 1 if group else 0
        while group and self.peek(ahead).has("skip", "be") and not self.peek(ahead).has("colour"):
            ahead += 1
        colour = self.peek(ahead)
        follows = self.peek(ahead + 1)
        if (
            not colour.has("colour")
            or (colour.has("noun") and not made.objects)
            or follows.has("noun", "head", "size")
            or (follows.unknown and follows.text)
            or (not group and (self._colour_list() or (self.elliptic and follows.has("joint"))))
        ):
            return False
        if follows.has("joint") and not group and made.objects and self._several_follow(ahead):
            return False
        self.at += ahead + 1
        if group and made.objects:
            for thing in made.objects[-2:] if group == "both" else made.objects:
                thing.colour = colour.get("colour")
        else:
            self._coloured(made, colour.get("colour"))
        return True

    def _several_follow(self, ahead: int) -> bool:
        return self.peek(ahead + 2).has("colour") and self.peek(ahead + 3).has("noun")

    def _coloured(self, made: Description, colour: str) -> None:
        if made.objects and made.objects[self.current].colour is None:
            made.objects[self.current].colour = colour
        else:
            made.colours.append(colour)

    def _compared(self, made: Description) -> bool:
        """`a cat bigger than a dog`; what it is held against is read as a thing of the picture."""
        start, compared = self.at, self._comparison()
        if compared is None or not made.objects:
            self.at = start
            return False
        made.objects[self.current].size = compared.size
        return True

    def _size_of(self, made: Description) -> bool:
        token = self.peek()
        if not token.has("size", "more"):
            return False
        self.next()
        if made.objects and not token.has("more"):
            made.objects[self.current].size = token.get("size")
        else:
            made.sizes.append(token.get("size") or token.get("more"))
        return True

    def _count_of(self, made: Description) -> bool:
        """A number that stands alone: "two", "just two of them"."""
        token = self.peek()
        ahead = 1
        while self.peek(ahead).has("skip", "mark", "pron", "be") or self.peek(ahead).text == "more":
            ahead += 1
        alone = self.peek(ahead).has("joint") or not self.peek(ahead).text
        more = token.get("quant") == "more"
        if (token.has("number") or more) and alone and not made.objects:
            made.marks |= {"also"} if more or self.peek(1).text == "more" else set()
            made.counts.append(self.next().get("number") or 1)
            self.accept_text("more")
            self.accept("pron")
            return True
        return False

    def _link(self, made: Description) -> bool:
        token = self.peek()
        if not token.has("link"):
            return False
        self.next()
        made.marks |= {"with"} if "refers" in made.marks else set()  # `can he have a hat`
        if token.get("link") == "with pair" and len(made.objects) > 1:
            made.links.append(Link(len(made.objects) - 2, "next to", len(made.objects) - 1))
        elif token.get("link") == "with pair" and not made.objects:
            made.relations.append(Relation("next to", NounPhrase(pronoun="them", definite=True)))
        elif token.get("link") == "wearing" and made.objects:
            self.pending, self.wearer = "wearing", self.current
        elif token.get("link") == "wearing":  # `he wears a hat`
            made.relations.append(Relation("on", NounPhrase(pronoun="it", definite=True)))
        made.marks |= {"has"} if len(made.objects) == 1 else set()
        return True

    def _copula(self, made: Description) -> bool:
        """`the dog is purple`: what follows is read on as being about the object just named."""
        return bool(made.objects and self.accept("be"))

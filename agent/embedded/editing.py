"""Commands carried out on a draft: adding and moving, on top of what `changing` does."""

from __future__ import annotations

import dataclasses

from agent.embedded.changing import Changes, name_of
from agent.embedded.draft import Item, object_of
from agent.embedded.drawing import MOST, Trouble, brief_of, check_either, scenery
from agent.embedded.references import Missing
from agent.embedded.syntax import Command, Description, NounPhrase, Relation
from agent.embedded.words import OPPOSITE_SIDE, mirrored
from generators.api import Box
from tools.api import OPPOSITE, BriefObject
from tools.layout import OVERLAP
from tools.naming import listed, plural, thing_name
from tools.relations import covered

_ORDER = ("", "another ", "a third ", "a fourth ", "a fifth ", "a sixth ")


class Edits(Changes):
    """Every kind of command; see `Changes`."""

    def _replace(self, command: Command) -> None:
        if not command.becomes:  # `instead of one dog make three`
            return self._count(command)
        new = command.becomes[0]
        items = self._items_to_replace(command, new)
        if self._same_thing(items, new, command):
            return
        if new.name is None:
            new.name = items[0].name
        self._check_name(new)
        groups = self.draft.apart(items)
        name = name_of(items)
        for group in groups:
            self._become(group, new)
        if new.counted and new.count not in (None, 1) and len(items) == 1:
            groups[0].count = new.count
        for item in items:
            item.name, item.colour = new.name, new.colour
        self.draft.focus = items
        self._call("replace", items, groups[0].phrase(count=False) if groups else name)
        if new.counted and new.article != "indef" and new.count and new.count > len(items) > 1:
            self._to_count(new.name, new.count, new.colour)

    def _items_to_replace(self, command: Command, new: NounPhrase) -> list[Item]:
        same = [item for item in self.draft.items if item.name == new.name]
        how_many = new.counted and new.article != "indef" and all(phrase.pronoun for phrase in command.targets)
        if command.targets and not (same and how_many):
            return self._targets(command)
        return same or self._targets(command)

    def _same_thing(self, items: list[Item], new: NounPhrase, command: Command) -> bool:
        """`make it three apples`, `make it a red dog`: a count or a colour, not another thing."""
        name = new.name or (items[0].name if items else None)
        if not items or {item.name for item in items} != {name}:
            return False
        if new.counted and new.article != "indef" and new.count is not None:
            self._looking_like(items, new)
            self._to_count(str(name), new.count, new.colour)
            return True
        if new.colour or new.size:
            part = Command("recolour" if new.colour else "resize", command.targets, colour=new.colour, size=new.size)
            (self._recolour if new.colour else self._resize)(part)
            return True
        return False

    def _looking_like(self, items: list[Item], new: NounPhrase) -> None:
        """`change two dogs to three purple dogs`: those that stay get the colour and the size that all shall have."""
        across = sorted(items, key=lambda i: i.box.centre)
        stay, gone = across[: new.count], across[new.count :]
        if gone and (new.colour or new.size):
            self._removed(gone)
        if new.colour and any(item.colour != new.colour for item in stay):
            self._painted(stay, new.colour)
        if new.size and any(self.draft.size_of(item) != new.size for item in stay):
            for group in self.draft.apart(stay):
                group.size = new.size  # type: ignore[assignment]
            self._call("resize", stay, f"{new.size} {name_of(stay)}")

    def _become(self, group: BriefObject, new: NounPhrase) -> None:
        """The line keeps its number, place and relations; it is about something else now."""
        fresh = object_of(new, self.draft.fresh_id(new.name or group.name))
        old = group.id
        for name in ("id", "name", "plural", "colour", "size", "attributes"):
            setattr(group, name, getattr(fresh, name))
        for relation in self.draft.brief.relations:
            for end in ("subject", "object", "other"):
                if getattr(relation, end) == old:
                    setattr(relation, end, group.id)
        for item in self.draft.items:
            item.group = group.id if item.group == old else item.group
        self.draft.brief.keep = [word for word in self.draft.brief.keep if word != old]

    def _count(self, command: Command) -> None:
        pointed = command.targets and not command.targets[0].pronoun
        items = self._targets(command) if pointed else self.draft.focus or self.draft.items
        if not items:
            raise Missing("thing")
        if command.count is None:
            fewer = ["one", "two", "three"][: max(1, len(items) - 1)]
            raise Trouble(f"How many {plural(items[0].name)} shall it be?", fewer, "count")
        self._to_count(items[0].name, command.count, None)

    def _to_count(self, name: str, wanted: int, colour: str | None) -> None:
        """More or fewer of what is there."""
        if self.world is not None and wanted > MOST:
            raise Trouble(f"{wanted} is more than I can draw. How many shall it be?", ["two", "three", "four"], "count")
        have = [item for item in self.draft.items if item.name == name and (colour is None or item.colour == colour)]
        groups = [g for g in self.draft.brief.objects if thing_name(g.name) == name]
        group = next((g for g in groups if colour is None or g.colour == colour), groups[0] if groups else None)
        if wanted < len(have):
            self._removed(sorted(have, key=lambda i: i.box.centre)[wanted:])
        elif wanted > len(have) and group is not None:
            group.count = min(1000, max(1, wanted - sum(g.count or 0 for g in groups if g is not group)))
            self._add_calls(group, wanted - len(have), None)
        elif group is not None and len(groups) == 1:
            group.count = min(1000, wanted)

    def _add(self, command: Command) -> None:
        said = command.description
        if said is None:
            return
        if said.background and not said.objects and not said.avoid:
            return self._background(Command("background", background=said.background))
        if said.text:
            self.draft.brief.text = said.text
            if self.world is None:
                self._call("add", [], f'the words "{said.text}"')
        if "missing" in said.marks:
            return self._overlooked(said)
        if any(relation.name == "on" and relation.object.pronoun == "them" for relation in said.relations):
            return self._on_each(said)
        if said.counts and not said.objects:  # `add another`, `add two more`
            said = dataclasses.replace(said, objects=[NounPhrase(count=said.counts[0], counted=True, more=True)])
        new = [(number, phrase) for number, phrase in enumerate(said.objects) if not self._there(phrase, number, said)]
        if not new and said.text:
            return
        groups: dict[int, BriefObject] = {}
        if self.world is not None:
            check_either(brief_of(said, self.words), said)
        for _, phrase in new:
            self._check_name(phrase)
            if phrase.place == OPPOSITE_SIDE and self.world is not None and self.draft.items:
                phrase.place = self._across((self.draft.focus or self.draft.items)[-1])
        for number, phrase in new:
            groups[number] = self._new_group(phrase)
        self._links(said, groups)
        if not new:
            raise Missing("new")
        scenery(self.draft.brief, _without_unknown(said))
        for number, phrase in new:
            self._add_calls(groups[number], 2 if phrase.count is None else phrase.count, said, number)
        self.draft.focus = [item for number, _ in new for item in self.draft.members(groups[number].id)][-8:]

    def _on_each(self, said: Description) -> None:
        """`put a hat on both`: one on each of them."""
        for item in list(self._find(NounPhrase(pronoun="them", definite=True))):  # which adding makes longer
            alike = [other for other in self.draft.items if other.name == item.name]
            number = sorted(alike, key=lambda other: other.box.centre[0]).index(item) + 1
            below = NounPhrase(name=item.name, known=True, definite=True, pick=("ordinal", number))
            objects = [dataclasses.replace(thing, count=1) for thing in said.objects]
            self._add(Command("add", description=Description(objects=objects, relations=[Relation("on", below)])))

    def _copy(self, command: Command) -> None:
        """`duplicate the dog`: one more that looks like it."""
        for item in self._targets(command):
            size = self.draft.size_of(item)
            like = NounPhrase(name=item.name, known=True, counted=True, colour=item.colour, size=size)
            self._add(Command("add", description=Description(objects=[like])))

    def _overlooked(self, said: Description) -> None:
        """`there is no dog`: the Brief wants it already, the picture lacks it."""
        for phrase in said.objects:
            group = next((g for g in self.draft.brief.objects if g.name == phrase.name), None)
            if group is None:
                self._check_name(phrase)
                group = self._new_group(phrase)
            self._add_calls(group, phrase.count or 1, said)

    def _there(self, phrase: NounPhrase, number: int, said: Description) -> bool:
        """A definite phrase that names what is in the picture already; also `dog` of `a cat next to dog`."""
        if phrase.pronoun:
            return True
        beside = phrase.bare and not phrase.plural and any(number in (link.object, link.other) for link in said.links)
        has = "with" in said.marks and number == 0 < len(said.objects) - 1 and phrase.bare  # `dog should have a hat`
        return (phrase.definite or beside or has) and any(item.name == phrase.name for item in self.draft.items)

    def _new_group(self, phrase: NounPhrase) -> BriefObject:
        if phrase.name is None and (self.draft.focus or self.draft.items):
            phrase.name = (self.draft.focus or self.draft.items)[-1].name
        if phrase.more and phrase.count is None:
            phrase.count = 2
        fresh = object_of(phrase, self.draft.fresh_id(phrase.name or "thing"))
        same = next(
            (
                g
                for g in self.draft.brief.objects
                if g.name == fresh.name
                and g.count is not None
                and (g.colour, g.size, g.place) == (fresh.colour, fresh.size, fresh.place)
            ),
            None,
        )
        if same is None or fresh.count is None:
            return self._with_items(self.draft.add_group(fresh), fresh.count or 2)
        same.count = min(1000, (same.count or 0) + fresh.count)
        return self._with_items(same, fresh.count)

    def _with_items(self, group: BriefObject, number: int) -> BriefObject:
        """Things not drawn yet, so that the next clause can speak of them."""
        for n in range(min(number, 40)):
            x = (n + 1) / (number + 1)
            self.draft.items.append(
                Item("", thing_name(group.name), group.colour, Box(x, 0.5, x, 0.5), group.id, False)
            )
        return group

    def _links(self, said: Description, groups: dict[int, BriefObject]) -> None:
        for link in said.links:
            subject, object_ = self._end(link.subject, said, groups), self._end(link.object, said, groups)
            other = self._end(link.other, said, groups) if link.other is not None else None
            if subject and object_ and subject != object_:
                self.draft.relate(subject, link.name, object_, other)
        for relation in said.relations:
            for number, group in groups.items():
                if relation.subject in (None, number):
                    self._relate(group, relation)

    def _end(self, number: int, said: Description, groups: dict[int, BriefObject]) -> str | None:
        if number in groups:
            return groups[number].id
        items = self._find(said.objects[number])
        return items[0].group or self.draft.apart(items[:1])[0].id

    def _add_calls(self, group: BriefObject, number: int, said: Description | None, index: int = 0) -> None:
        """One edit for each thing to add: small models add one at a time. A model of any words gets it in one."""
        phrase = group.phrase(count=False)
        if self.world is None:
            if not any(call["operation"] == "add" for call in self.calls):
                self._call("add", [], group.model_copy(update={"count": number}).phrase())
            return
        where = self._where(group)
        for n in range(min(number, len(_ORDER))):
            start = f"{_ORDER[n]}{phrase}" if n else group.model_copy(update={"count": 1}).phrase()
            self._call("add", [], phrase)
            self.calls[-1]["instruction"] = f"add {start}{where}"

    def _where(self, group: BriefObject) -> str:
        """Where it goes, in words that name things (and not "it")."""
        relation = next((r for r in self.draft.brief.relations if r.subject == group.id), None)
        if relation is not None:
            ends = dict.fromkeys(end for end in (relation.object, relation.other) if end)
            things = [thing for end in ends if (thing := self.draft.brief.named(end))]
            several = relation.relation == "between" and len(things) == 1
            names = [plural(thing.name) if several else thing.name for thing in things] or [relation.object]
            link = f"to the {relation.relation}" if relation.relation in ("left of", "right of") else relation.relation
            return f" {link} {listed([f'the {name}' for name in names])}"
        return f" at the {group.place}" if group.place else ""

    # --- moving ---

    def _move(self, command: Command) -> None:
        try:
            items = self._targets(command)
        except Missing:
            if command.description is None or not command.description.objects:
                raise
            for phrase in command.description.objects[:1]:
                phrase.definite, phrase.counted = False, True
            return self._add(Command("add", description=command.description))
        if not (command.place or command.relation):
            return self._unclear_move(command)
        if command.relation and command.relation.name == OPPOSITE_SIDE:
            command = dataclasses.replace(command, relation=self._beyond(items[0], command.relation))
        if command.place == OPPOSITE_SIDE and self.world is not None:
            return self._to_the_other_side(items)
        if command.relation and self._lacks(command.relation.object):
            return self._brought(items, command.relation)
        if command.relation and command.relation.object.pronoun == "them" and command.relation.name == "next to":
            items = self._one_to_the_other(items)
        groups = self.draft.apart(items)
        name = name_of(items)
        for group in groups:
            group.place = None if command.place == OPPOSITE_SIDE else command.place
            if command.relation:
                self._relate(group, command.relation)
            elif command.place:
                self._unrelated(group, command.place)
        self.draft.focus = items
        self._call("move", items, name)
        if self.world is not None:
            towards = f" to the {command.place}" if command.place else self._where(groups[0])
            self.calls[-1]["instruction"] = f"move the {name}{towards}"

    def _to_the_other_side(self, items: list[Item]) -> None:
        """Each to the mirrored place of its box, or near it where something else stands there."""
        for item in items:
            group = self.draft.apart([item])[0]
            place, box = self._across(item), item.box
            mirror = Box(1 - box.x1, box.y0, 1 - box.x0, box.y1)
            others = [other for other in self.draft.items if other.seen and other is not item]
            free = item.seen and not any(covered(other.box, mirror) > OVERLAP for other in others)
            self._unrelated(group, place)
            group.place = place
            self._call("move", [item], item.name, box=list(mirror) if free else None)
            self.calls[-1]["instruction"] = f"move the {item.name} to the {place}"
            item.box = mirror
        self.draft.focus = items

    def _beyond(self, item: Item, relation: Relation) -> Relation:
        """`on the other side of the dog`: right of it, for what stands left of it."""
        there = None if self._lacks(relation.object) else self._find(relation.object)[0]
        side = "next to" if there is None else "right of" if item.box.centre[0] < there.box.centre[0] else "left of"
        return dataclasses.replace(relation, name=side)

    def _across(self, item: Item) -> str:
        group = self.draft.group_of(item)
        said = mirrored(group.place) if group and group.place else None
        x = item.box.centre[0]
        if said is None and 0.45 < x < 0.55:
            raise Trouble(f"The {item.name} is in the middle. Where shall it go?", ["to the left", "to the right"],
                          "place")
        return said or ("right" if x < 0.5 else "left")

    def _lacks(self, phrase: NounPhrase) -> bool:
        return phrase.article == "indef" and phrase.known and not any(i.name == phrase.name for i in self.draft.items)

    def _brought(self, items: list[Item], relation: Relation) -> None:
        """`put the dog on a chair`, where there is none: it comes to the dog."""
        self._check_name(relation.object)
        group, new = self.draft.apart(items)[0], self._new_group(relation.object)
        self.draft.relate(group.id, relation.name, new.id)
        if self.world is not None and relation.name in ("on", "inside"):
            self.redraw = True
        self._add_calls(new, 1, None)
        if self.world is not None:
            side = OPPOSITE.get(relation.name, "next to")
            towards = f"to the {side}" if side in ("left of", "right of") else side
            self.calls[-1]["instruction"] = f"add {new.phrase()} {towards} the {group.name}"
        self.draft.focus = items

    def _one_to_the_other(self, items: list[Item]) -> list[Item]:
        """`closer together`: the first goes to what is left."""
        if len(items) < 2 or items[0].group == items[-1].group:
            raise Trouble("Which one shall go to which?")
        return items[:1]

    def _unclear_move(self, command: Command) -> None:
        if self.world is not None:
            raise Trouble("Where shall it go?", ["to the left", "to the right", "up", "down"], "place")
        self._other(command)

    def _relate(self, group: BriefObject, relation: Relation) -> None:
        if relation.name == "between" and relation.object.pronoun and relation.other is None:
            return self._between_them(group)
        others = self._find(relation.object)
        others = [item for item in others if item.group != group.id] or others
        target = others[0].group or self.draft.apart(others[:1])[0].id
        other = None
        if relation.other is not None:
            seconds = self._find(relation.other)
            other = seconds[0].group or self.draft.apart(seconds[:1])[0].id
        if target != group.id:
            self._unrelated(group, relation.name)
            self.draft.relate(group.id, relation.name, target, other)

    def _between_them(self, group: BriefObject) -> None:
        """`a ball between them`: the two lines that are there besides, or two things of one line."""
        others = [item for item in self.draft.items if item.group != group.id]
        ends = list(dict.fromkeys(item.group or self.draft.apart([item])[0].id for item in others))
        if not 0 < len(ends) <= 2 or len(others) < 2:
            raise Trouble("Between which two?")
        self._unrelated(group, "between")
        self.draft.relate(group.id, "between", ends[0], ends[-1])

    def _unrelated(self, group: BriefObject, towards: str) -> None:
        """What was said of its old place along this direction no longer holds."""
        word = towards.split()[0]
        across = {
            "left": ("left of", "right of"),
            "right": ("left of", "right of"),
            "top": ("above", "below"),
            "bottom": ("above", "below"),
            "above": ("above", "below", "on"),
            "below": ("above", "below", "on"),
        }
        stale = (*across.get(word, tuple(OPPOSITE)), "next to", "between", "inside", "on")
        self.draft.brief.relations = [
            r for r in self.draft.brief.relations if not (group.id in (r.subject, r.object) and r.relation in stale)
        ]

    def _swap(self, command: Command) -> None:
        """Two things change places; left and right, above and below change with them."""
        if len(command.targets) == 1:
            both = self._find(command.targets[0])
            if len(both) != 2:
                raise Trouble("Which two shall change places?")
            first, second = both[:1], both[1:]
        else:
            first, second = self._find(command.targets[0])[:1], self._find(command.targets[1])[:1]
        pair = {first[0].group, second[0].group}
        for relation in self.draft.brief.relations:
            if {relation.subject, relation.object} == pair:
                relation.relation = OPPOSITE.get(relation.relation, relation.relation)  # type: ignore[assignment]
        groups = [self.draft.group_of(item) for item in (*first, *second)]
        if groups[0] and groups[1]:
            groups[0].place, groups[1].place = groups[1].place, groups[0].place
        self._call("move", [*first, *second])
        if self.world is not None:
            self.calls[-1]["instruction"] = f"swap the {first[0].name} and the {second[0].name}"


def _without_unknown(said: Description) -> Description:
    return Description(
        background=said.background,
        style=said.style,
        text=said.text,
        avoid=said.avoid,
        assumed=said.assumed,
        unknown=said.unknown,
    )

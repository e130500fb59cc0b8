"""The picture as it stands and as it is to be: the Brief in the making, and the things that can be pointed at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.embedded.syntax import NounPhrase
from agent.embedded.words import OPPOSITE_SIDE
from generators.api import Box
from tools.api import Brief, BriefObject, BriefRelation, SceneObject
from tools.naming import plural, thing_name


@dataclass(eq=False)
class Item:
    """One thing of the picture. `group` is its line of the Brief, `id` its name in the scene ("" if not seen there)."""

    id: str
    name: str
    colour: str | None
    box: Box
    group: str | None = None
    seen: bool = True


@dataclass
class Draft:
    """A Brief that is being changed together with the items that it speaks of. `focus` is what "it" means."""

    brief: Brief
    items: list[Item] = field(default_factory=list)
    focus: list[Item] = field(default_factory=list)

    def group_of(self, item: Item) -> BriefObject | None:
        return self.brief.named(item.group) if item.group else None

    def members(self, group: str) -> list[Item]:
        return [item for item in self.items if item.group == group]

    def size_of(self, item: Item) -> str | None:
        group = self.group_of(item)
        return group.size if group else None

    # --- groups ---

    def fresh_id(self, name: str) -> str:
        taken = {thing.id for thing in self.brief.objects}
        number = 1
        while (name if number == 1 else f"{name}-{number}") in taken:
            number += 1
        return name if number == 1 else f"{name}-{number}"

    def add_group(self, thing: BriefObject) -> BriefObject:
        self.brief.objects.append(thing)
        return thing

    def apart(self, items: list[Item]) -> list[BriefObject]:
        """The groups that hold exactly these items, split off where a group holds others too."""
        found: list[BriefObject] = []
        for group_id in dict.fromkeys(item.group for item in items):
            chosen = [item for item in items if item.group == group_id]
            group = self.brief.named(group_id) if group_id else None
            found.append(self._adopt(chosen) if group is None else self._split(group, chosen))
        return found

    def _adopt(self, chosen: list[Item]) -> BriefObject:
        """Something seen that the Brief did not know."""
        first = chosen[0]
        group = self.add_group(new_object(self.fresh_id(first.name), first.name, len(chosen), colour=first.colour))
        for item in chosen:
            item.group = group.id
        return group

    def _split(self, group: BriefObject, chosen: list[Item]) -> BriefObject:
        members = self.members(group.id)
        total = len(members) if group.count is None else group.count
        if len(chosen) >= total:
            return group
        part = group.model_copy(deep=True, update={"id": self.fresh_id(group.name), "count": len(chosen)})
        group.count = total - len(chosen)
        self.brief.objects.insert(self.brief.objects.index(group) + 1, part)
        for item in chosen:
            item.group = part.id
        self._inherit(group.id, part.id)
        return part

    def _inherit(self, whole: str, part: str) -> None:
        """What was said of where all of them stand holds for each of them."""
        for relation in list(self.brief.relations):
            ends = {end: part for end in ("subject", "object", "other") if getattr(relation, end) == whole}
            if ends:
                self.brief.relations.append(relation.model_copy(update=ends))

    def drop(self, items: list[Item]) -> None:
        """Takes items out, with lines of the Brief that nothing is left of and relations to them."""
        for group in self.apart([item for item in items if item.group]):
            self.drop_group(group.id)
        gone = set(map(id, items))
        self.items = [item for item in self.items if id(item) not in gone]
        self.focus = [item for item in self.focus if id(item) not in gone]

    def drop_group(self, id: str) -> None:
        self.brief.objects = [thing for thing in self.brief.objects if thing.id != id]
        self.brief.relations = [r for r in self.brief.relations if id not in (r.subject, r.object, r.other)]

    def merge_equal(self) -> None:
        """Two lines that say the same of equal things become one."""
        kept: list[BriefObject] = []
        for thing in self.brief.objects:
            same = next(
                (
                    k
                    for k in kept
                    if _alike(k, thing)
                    and k.count is not None
                    and thing.count is not None
                    and self._related(k.id) == self._related(thing.id)
                ),
                None,
            )
            if same is None:
                kept.append(thing)
            else:
                self._join(same, thing)
        self.brief.objects = kept

    def _related(self, id: str) -> set[tuple[str, ...]]:
        return {
            tuple(str(v) if v != id else "·" for v in (r.subject, r.relation, r.object, r.other))
            for r in self.brief.relations
            if id in (r.subject, r.object, r.other)
        }

    def _join(self, same: BriefObject, thing: BriefObject) -> None:
        same.count = min(1000, (same.count or 0) + (thing.count or 0))
        for item in self.members(thing.id):
            item.group = same.id
        self.brief.relations = [r for r in self.brief.relations if thing.id not in (r.subject, r.object, r.other)]

    def relate(self, subject: str, relation: str, object: str, other: str | None = None) -> None:
        """Adds a relation in place of what was said of this pair (and, for a moved subject, of its place)."""
        pair = {subject, object}
        self.brief.relations = [r for r in self.brief.relations if {r.subject, r.object} != pair]
        self.brief.relations.append(
            BriefRelation.model_validate({"subject": subject, "relation": relation, "object": object, "other": other})
        )


def _alike(one: BriefObject, other: BriefObject) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("name", "colour", "size", "attributes", "place"))


def new_object(id: str, name: str, count: int | None, **more: object) -> BriefObject:
    several = plural(name)
    return BriefObject.model_validate(
        {"id": id, "name": name, "count": count, "plural": several if several != f"{name}s" else None, **more}
    )


def object_of(phrase: NounPhrase, id: str) -> BriefObject:
    """A line of the Brief from a noun phrase."""
    name = phrase.name or "thing"
    count = phrase.count if phrase.count is None else min(phrase.count, 1000)
    return new_object(
        id,
        name[:80],
        count,
        colour=phrase.colour,
        size=phrase.size,
        place=None if phrase.place == OPPOSITE_SIDE else phrase.place,
        attributes=phrase.attributes[:6],
    )


def draft_of(brief: Brief | None, scene: Iterable[SceneObject]) -> Draft:
    """The Brief and the scene held together: which thing that is seen is which line of the Brief."""
    things = sorted(scene, key=lambda s: s.box.centre)
    made = Draft(brief.model_copy(deep=True) if brief else Brief())
    made.items = [Item(s.id, thing_name(s.name), s.colour, s.box) for s in things]
    if made.brief.objects:
        _assign(made)
        _imagine(made)
    else:
        for item in list(made.items):
            same = next((g for g in made.brief.objects if (g.name, g.colour) == (item.name, item.colour)), None)
            if same is None:
                made.apart([item])
            else:
                item.group, same.count = same.id, (same.count or 0) + 1
    return made


def _assign(made: Draft) -> None:
    """First by name and colour, then by name alone, as many as the Brief wants of each; the rest are strays."""
    for strict in (True, False):
        for group in made.brief.objects:
            free = [
                i
                for i in made.items
                if i.group is None and i.name == thing_name(group.name) and (not strict or i.colour == group.colour)
            ]
            room = len(free) if group.count is None else group.count - len(made.members(group.id))
            for item in free[: max(0, room)]:
                item.group = group.id
                item.colour = group.colour if group.colour else item.colour


def _imagine(made: Draft) -> None:
    """What the Brief wants and nobody saw can still be spoken of."""
    for group in made.brief.objects:
        have = len(made.members(group.id))
        wanted = max(have, 2) if group.count is None else min(group.count, 40)
        for number in range(have, wanted):
            x = (number + 1) / (wanted + 1)
            made.items.append(
                Item(
                    "", thing_name(group.name), group.colour, Box(x - 0.01, 0.45, x + 0.01, 0.55), group.id, seen=False
                )
            )

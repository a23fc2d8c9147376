"""How far the card looks and reads like others: degrees, not merits."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache

from cardscope import tables
from cardscope.probes.question import Question, View
from cardscope.types import Finding, Found, RepositoryKind

# Looking a member up in its class costs more than the comparison it is for.
_FRONT_MATTER = Found.FRONT_MATTER
_HEADING = Found.HEADING
_BASE = RepositoryKind.BASE


@cache
def _standard_keys() -> frozenset[str]:
    return frozenset(tables.read_table("metadata")["fields"])


@cache
def _asked_keys() -> frozenset[str]:
    """Keys that every card is expected to fill; ``base_model`` by all but base models."""
    fields = tables.read_table("metadata")["fields"]
    return frozenset(key for key, row in fields.items() if row.get("asked")) | {"base_model"}


for _cached in (_standard_keys, _asked_keys):
    tables.on_overlay(_cached.cache_clear)


def metadata_keys_are_standard(view: View, ask: Question) -> Finding:
    """Share of the top-level keys that the Hub documents."""
    fields = view.fields
    if not fields:
        return ask.not_applicable
    known = len(_standard_keys().intersection(fields))
    value = known / len(fields)
    return view.graded(ask, value, "" if view.brief else f"{known} of {len(fields)} keys are standard")


def metadata_is_complete(view: View, ask: Question) -> Finding:
    """Share of the usual keys that are there; ``base_model`` is not expected of a base model."""
    fields = view.fields
    asked = _asked_keys()
    filled = 0
    for key in asked.intersection(fields):
        if fields[key]:
            filled += 1
    expected = len(asked)
    if view.facts.kind is _BASE:
        expected -= 1
        filled -= bool(fields.get("base_model"))
    return view.graded(ask, filled / expected, "" if view.brief else f"{filled} of {expected} usual keys are filled in")


def headings_are_recognised(view: View, ask: Question) -> Finding:
    """Share of the headings that carry a label by their wording; the title is not counted."""
    headings = view.headings[1:]
    if not headings:
        return ask.not_applicable
    known = 0
    for section in headings:
        for evidence in section.evidence:
            if evidence.how is _HEADING:
                known += 1
                break
    value = known / len(headings)
    return view.graded(ask, value, "" if view.brief else f"{known} of {len(headings)} headings have a known meaning")


def headings_are_the_templates(view: View, ask: Question) -> Finding:
    """Share of the headings worded exactly as a common template words them; the title is not counted."""
    headings = view.headings[1:]
    if not headings:
        return ask.not_applicable
    wordings = ask.known
    known = sum([section.heading.lower().rstrip(":") in wordings for section in headings])
    value = known / len(headings)
    return view.graded(ask, value, "" if view.brief else f"{known} of {len(headings)} headings are a template's")


def sections_in_template_order(view: View, ask: Question) -> Finding:
    """Longest run of labelled sections, gaps allowed, that follows the template's order, against all of them."""
    order = ask.order
    places: list[int] = []
    for section in view.headings:
        for label in section.labels:
            place = order.get(label)
            if place is not None:
                if not places or places[-1] != place:
                    places.append(place)
                break
    if len(places) < 3:
        return ask.not_applicable
    tails: list[int] = []
    for place in places:
        at = bisect_right(tails, place)
        tails[at : at + 1] = [place]
    value = len(tails) / len(places)
    return view.graded(ask, value, "" if view.brief else f"{len(tails)} of {len(places)} sections stand in order")


def sections_of_the_template(view: View, ask: Question) -> Finding:
    """Share of the template's main sections that stand in the card, filled in or not."""
    wanted = ask.order
    there = sum([label in wanted and found.how is not _FRONT_MATTER for label, found in view.standing])
    value = there / len(ask.labels)
    return view.graded(ask, value, "" if view.brief else f"{there} of {len(ask.labels)} main sections are there")


def words_from_a_template(view: View, ask: Question) -> Finding:
    """Share of the words that templates wrote, placeholders included."""
    if view.template_share is None:
        return ask.unknown
    if not view.words:
        return ask.not_applicable
    share = view.template_share
    return view.graded(ask, share, "" if view.brief else f"{round(share * 100)} % of the words are a template's")


def placeholders_left(view: View, ask: Question) -> Finding:
    """Share of the words that are placeholders."""
    if view.placeholder_share is None:
        return ask.unknown
    if not view.words:
        return ask.not_applicable
    share = view.placeholder_share
    return view.graded(ask, share, "" if view.brief else f"{round(share * 100)} % of the words are placeholders")


def generator_is_known(view: View, ask: Question) -> Finding:
    """At least one generator that is more than a hint."""
    for match in view.facts.generators:
        if match.reliability != "C":
            if view.brief:
                return ask.yes
            names = ", ".join(entry.id for entry in view.facts.generators)
            return view.yes(ask, f"written by {names}", value=match.id, spans=match.spans[:3])
    return view.no(ask, "no known tool")


CHECKS = {
    "metadata-keys-are-standard": metadata_keys_are_standard,
    "metadata-is-complete": metadata_is_complete,
    "headings-are-recognised": headings_are_recognised,
    "headings-are-the-templates": headings_are_the_templates,
    "sections-in-template-order": sections_in_template_order,
    "sections-of-the-template": sections_of_the_template,
    "words-from-a-template": words_from_a_template,
    "placeholders-left": placeholders_left,
    "generator-is-known": generator_is_known,
}

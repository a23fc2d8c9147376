"""How well kinship tells kept, edited, added and dropped sections apart, and finds the warnings that were lost.

Truth is planted: sections of real cards are kept, put into other clothes, moved, renamed, edited, dropped, and
sections of strangers are added; what was done is known. Thresholds were chosen on models whose hash is even; only odd
ones count here. The rival pairs sections by equal headings and calls a pair kept when its text is equal, which is what
`diff` by section does.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = ("cards/cards.parquet", "cards/lineage.parquet")
SEED = 4
CARDS = 240
PAIRS = 300
_SENTENCE = re.compile(r"(?<=[a-z)][.!?])\s+(?=[A-Z])")
_PROSE = re.compile(r"[A-Za-z][^|`<>{}\[\]#]*[.!?]\Z")
_RENAMED = {
    "limitations": "What to watch out for", "out_of_scope": "Please do not", "training_data": "Where data came from",
    "how_to_use": "Running it", "license": "Terms", "citation": "How to credit us", "results": "Numbers",
    "training_procedure": "How we trained", "intended_use": "What it is good for",
}  # fmt: skip
SAFETY = ("limitations", "out_of_scope", "bias", "recommendations", "license")


@dataclass
class Planted:
    """A parent and the child that was made of it, with what was done."""

    parent: Any
    child: Any
    truth: set[tuple[str, int | None, int | None]]  # change, first line in the child, first line in the parent
    judged: tuple[set[int], set[int]]  # first lines of judged sections, child and parent
    lost: dict[int, float]  # first line of a safety section of the parent -> share of its sentences removed
    safe: set[int]  # safety sections of the parent nothing was taken from
    share: float  # of the child's words, those that are from the parent


def is_tuning(model_id: str) -> bool:
    return int(hashlib.sha256(model_id.encode()).hexdigest(), 16) % 2 == 0


@functools.cache
def planted(shared: Path, tuning: bool = False) -> tuple[Planted, ...]:
    from cardscope import parse_card

    pool = _pool(shared, tuning)
    dice = random.Random(SEED)
    dice.shuffle(pool)
    found: list[Planted] = []
    parsed = [(name, parse_card(text, model_id=name)) for name, text in pool[: CARDS * 12]]
    warned = [entry for entry in parsed if any(set(section.labels) & set(SAFETY[:3]) for section in entry[1].sections)]
    rest = [entry for entry in parsed if entry not in warned]
    donors = [piece for _, card in parsed for piece in _pieces(card) if piece[2] >= 12]
    for some in (warned, rest):
        made = (_plant(name, card, donors, random.Random(f"{SEED}/{name}")) for name, card in some)
        found += itertools.islice((pair for pair in made if pair is not None), CARDS // 2)
    return tuple(found)


def _pool(shared: Path, tuning: bool) -> list[tuple[str, str]]:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"])
    size = pc.utf8_length(table["card"])
    table = table.filter(pc.and_(pc.greater(size, 2000), pc.less(size, 12000)))
    seen: dict[str, tuple[str, str]] = {}
    for name, text in zip(table["model_id"].to_pylist(), table["card"].to_pylist(), strict=True):
        if "/" in name and is_tuning(name) is tuning and "\r" not in text:
            seen.setdefault(name.partition("/")[0], (name, text))  # one card an owner, so that no family dominates
    return sorted(seen.values())


def _pieces(card: Any) -> list[tuple[Any, list[str], int]]:
    """Section, its lines without the heading, its words."""
    result = []
    for section in card.sections:
        first = section.span.first if section.level else section.span.first - 1
        lines = list(card.lines[first : section.span.last])
        shown = re.sub(r"<!--.*?(?:-->|\Z)", " ", "\n".join(lines), flags=re.DOTALL)
        result.append((section, lines, _count(shown)))
    return result


def _count(text: str) -> int:
    return len(re.findall(r"[^\W_]{2,}", text))


def _plant(name: str, card: Any, donors: Sequence[Any], dice: random.Random) -> Planted | None:
    from cardscope import parse_card

    pieces = _pieces(card)
    texts = [_flat(lines) for _, lines, words in pieces if words >= 8]
    if len(texts) < 4 or len(set(texts)) < len(texts) or "ore information needed" in card.text.lower():
        return None
    out: list[tuple[list[str], str | None, int | None]] = []
    truth, lost, safe = set(), {}, set()
    judged_parent: set[int] = set()
    foreign = 0
    for section, lines, words in pieces:
        place = section.span.first
        whole = list(card.lines[section.span.first - 1 : section.span.last])
        if words < 8 or not section.level:
            out.append((whole, None, None))
            continue
        judged_parent.add(place)
        change, made, share, strange = _edit(section, whole[0], lines, donors, dice)
        foreign += strange
        if set(section.labels) & set(SAFETY) and section.labels[0] in SAFETY:
            if share > 0:
                lost[place] = share
            else:
                safe.add(place)
        if change == "dropped":
            truth.add(("dropped", None, place))
        else:
            out.append((made, change, place))
        if dice.random() < 0.15:
            donor = dice.choice(donors)
            foreign += donor[2]
            out.append(([f"## {donor[0].heading or 'Extra'}", *donor[1]], "added", None))
    if dice.random() < 0.3:
        dice.shuffle(out)
    body, judged_child = ["---", f"base_model: {name}", "license: mit", "---", ""], set()
    for lines, change, place in out:
        first = len(body) + 1
        body += [*lines, ""]
        if change is not None:
            truth.add((change, first, place))
            judged_child.add(first)
    child = parse_card("\n".join(body), model_id="stranger/child-of-it")
    # A fence or comment that a section left open may swallow the next one: then nobody could find it there.
    headings = {section.span.first for section in child.sections}
    if not judged_child <= headings:
        return None
    total = sum(words for _, _, words in _pieces(child))
    return Planted(card, child, truth, (judged_child, judged_parent), lost, safe, max(0.0, 1 - foreign / max(1, total)))


def _edit(
    section: Any, heading: str, lines: list[str], donors: Sequence[Any], dice: random.Random
) -> tuple[str, list[str], float, int]:
    """What is done to a section: the change, the new lines with heading, the share of sentences lost, strange words."""
    chance = dice.random()
    if chance < 0.28:
        return "kept", [heading, *lines], 0.0, 0
    if chance < 0.42:
        return "kept", [heading, *_clothes(lines, dice)], 0.0, 0
    if chance < 0.52:
        label = section.labels[0] if section.labels else ""
        return "kept", [f"### {_RENAMED.get(label, 'Notes')}", *lines], 0.0, 0
    if chance < 0.62:
        return "dropped", [], 1.0, 0
    shortened = _shorten(lines, donors, dice)
    if shortened is not None:
        renamed = dice.random() < 0.15
        return "edited", ["### Notes" if renamed else heading, *shortened[0]], *shortened[1:]
    numbered = [index for index, line in enumerate(lines) if re.search(r"\d", line) and "http" not in line]
    if numbered:
        place = dice.choice(numbered)
        lines = list(lines)
        lines[place] = re.sub(r"\d", lambda match: str((int(match.group()) + 3) % 10), lines[place])
        lost = 1.0 if set(section.labels) & set(SAFETY) else 0.0
        return "edited", [heading, *lines], lost, _count(lines[place])
    return "kept", [heading, *lines], 0.0, 0


def _shorten(lines: list[str], donors: Sequence[Any], dice: random.Random) -> tuple[list[str], float, int] | None:
    """Some sentences, or some items of a list, away; in half of the cases a stranger's sentences in their place."""
    heavy = dice.random() < 0.4
    places = [index for index, line in enumerate(lines) if _PROSE.match(line.strip()) and len(line.split()) > 6]
    sentences = [(index, text) for index in places for text in _SENTENCE.split(lines[index].strip())]
    if len(sentences) >= 2 and _only_prose(lines, places):
        count = max(1, int(len(sentences) * (0.5 if heavy else 0.2)))
        gone = set(dice.sample(range(len(sentences)), min(count, len(sentences) - 1)))
        kept = [text for number, (_, text) in enumerate(sentences) if number not in gone]
        strange = 0
        if dice.random() < 0.5:
            words = " ".join(dice.choice(donors)[1])
            foreign = [text for text in _SENTENCE.split(words) if 6 < len(text.split()) < 40]
            kept[len(kept) // 2 : len(kept) // 2] = foreign[: len(gone)]
            strange = _count(" ".join(foreign[: len(gone)]))
        return ["", " ".join(kept), ""], len(gone) / len(sentences), strange
    items = [index for index, line in enumerate(lines) if line.startswith(("- ", "* ")) and len(line.split()) > 2]
    if len(items) >= 3 and all(not line.strip() or index in items for index, line in enumerate(lines)):
        gone = set(dice.sample(items, max(1, int(len(items) * (0.5 if heavy else 0.2)))))
        return [line for index, line in enumerate(lines) if index not in gone], len(gone) / len(items), 0
    return None


def _only_prose(lines: Sequence[str], places: Sequence[int]) -> bool:
    return all(not line.strip() or index in places for index, line in enumerate(lines))


def _clothes(lines: list[str], dice: random.Random) -> list[str]:
    """The same words: paragraphs wrapped elsewhere, other bullets, emphasis; code and tables stay."""
    made, fenced = [], False
    for line in lines:
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if not fenced and _PROSE.match(line.strip()) and not line.startswith((" ", "\t")):
            words = line.split(" ")
            cut = dice.randint(3, 12)
            if len(words) > cut + 3:
                following = words[cut]
                if following[:1].isalpha():
                    made += [" ".join(words[:cut]), " ".join([f"**{following}**", *words[cut + 1 :]])]
                    continue
        made.append("* " + line[2:] if line.startswith("- ") and not fenced else line)
    return made


def _flat(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split()).lower()


# --- the two ways to judge -------------------------------------------------------------------------------------------

Verdict = tuple[set[tuple[str, int | None, int | None]], dict[int, float], float]


@functools.cache
def _embedder() -> Any:
    from cardscope.plugins import load

    return load("embedder", "static")()


def by_kinship(pair: Planted) -> Verdict:
    from cardscope.similarity import measure_kinship

    result = measure_kinship(pair.child, pair.parent, _embedder())
    rows = {
        (str(row.change), row.child.first if row.child else None, row.parent.first if row.parent else None)
        for row in result.sections
    }
    return rows, {text.parent.first: text.share for text in result.dropped}, result.inherited_share


def by_headings(pair: Planted) -> Verdict:
    rows: set[tuple[str, int | None, int | None]] = set()
    waiting: dict[str, list[tuple[Any, list[str], int]]] = {}
    dropped: dict[int, float] = {}
    for piece in _pieces(pair.parent):
        waiting.setdefault(piece[0].heading.lower(), []).append(piece)
    for section, lines, _ in _pieces(pair.child):
        others = waiting.get(section.heading.lower())
        if others:
            other = others.pop(0)
            same = _flat(lines) == _flat(other[1])
            rows.add(("kept" if same else "edited", section.span.first, other[0].span.first))
            if not same and set(other[0].labels) & set(SAFETY):
                theirs = _SENTENCE.split(_flat(other[1]))
                missing = [text for text in theirs if text not in _flat(lines)]
                if missing:
                    dropped[other[0].span.first] = len(missing) / len(theirs)
        else:
            rows.add(("added", section.span.first, None))
    for section, _, _ in (piece for pieces in waiting.values() for piece in pieces):
        rows.add(("dropped", None, section.span.first))
        if set(section.labels) & set(SAFETY):
            dropped[section.span.first] = 1.0
    return rows, dropped, _line_share(pair.child, pair.parent)


def _counts(pair: Planted, verdict: Verdict) -> dict[str, Any]:
    """True positives, false positives, false negatives by class, over the sections that were judged."""
    rows, dropped, share = verdict
    mine = {
        row for row in rows
        if (row[1] in pair.judged[0] if row[1] is not None else row[2] in pair.judged[1])
    }  # fmt: skip
    counts: dict[str, Any] = {"share_error": abs(share - pair.share)}
    for change in ("kept", "edited", "added", "dropped"):
        want, have = ({row for row in side if row[0] == change} for side in (pair.truth, mine))
        counts[change] = (len(want & have), len(have - want), len(want - have))
    want_lost = set(pair.lost)
    have_lost = set(dropped) & (want_lost | pair.safe)
    counts["warning"] = (len(want_lost & have_lost), len(have_lost - want_lost), len(want_lost - have_lost))
    return counts


def _f1(total: tuple[int, int, int]) -> float:
    hits, wrong, missed = total
    return 2 * hits / (2 * hits + wrong + missed) if hits else 0.0


def _summaries(counts: Sequence[dict[str, Any]]) -> dict[str, float]:
    total = {
        key: tuple(sum(entry[key][place] for entry in counts) for place in range(3))
        for key in ("kept", "edited", "added", "dropped", "warning")
    }
    scores = {f"sections_{key}_f1": _f1(total[key]) for key in ("kept", "edited", "added", "dropped")}
    scores["sections_macro_f1"] = sum(scores.values()) / 4
    hits, wrong, missed = total["warning"]
    scores["dropped_warning_recall"] = hits / max(1, hits + missed)
    scores["dropped_warning_precision"] = hits / max(1, hits + wrong)
    scores["inherited_share_error"] = sum(entry["share_error"] for entry in counts) / len(counts)
    return scores


def _interval(
    items: Sequence[Any], measure: Callable[[Sequence[Any]], dict[str, float]]
) -> dict[str, tuple[float, float]]:
    dice = random.Random(SEED)
    samples = [measure(dice.choices(items, k=len(items))) for _ in range(300)]
    return {
        key: (sorted(sample[key] for sample in samples)[7], sorted(sample[key] for sample in samples)[292])
        for key in samples[0]
    }


# --- true parents against strangers ----------------------------------------------------------------------------------


@functools.cache
def families(shared: Path) -> tuple[tuple[Any, Any, Any], ...]:
    """Child, its parent, and a card that is the parent of another child."""
    import pyarrow.parquet as pq

    from cardscope import parse_card

    lineage = pq.read_table(shared / "cards" / "lineage.parquet", columns=["child", "parent"]).to_pylist()
    links = {(row["child"], row["parent"]) for row in lineage if row["child"] and row["parent"]}
    wanted = {name for link in links for name in link}
    table = pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"])
    cards = {
        name: text
        for name, text in zip(table["model_id"].to_pylist(), table["card"].to_pylist(), strict=True)
        if name in wanted and 600 < len(text) < 15_000
    }
    dice = random.Random(SEED)
    both = sorted(link for link in links if link[0] in cards and link[1] in cards and not is_tuning(link[0]))
    dice.shuffle(both)
    by_parent: dict[str, tuple[str, str]] = {}
    for link in both:
        by_parent.setdefault(link[1], link)
    chosen = list(by_parent.values())[:PAIRS]
    strangers = chosen[1:] + chosen[:1]
    read = functools.cache(lambda name: parse_card(cards[name], model_id=name))
    return tuple(
        (read(child), read(parent), read(other[1])) for (child, parent), other in zip(chosen, strangers, strict=True)
    )


def _line_share(child: Any, other: Any) -> float:
    lines = [line for line in child.lines[child.body.first - 1 :] if line.strip()] if child.body else []
    theirs = set(other.lines)
    return sum(line in theirs for line in lines) / len(lines) if lines else 0.0


def _auc(rows: Sequence[tuple[float, float]]) -> float:
    """The chance that a true parent's number is above a stranger's, ties counted half."""
    wins = sum((true > false) + 0.5 * (true == false) for true, _ in rows for _, false in rows)
    return wins / len(rows) ** 2


def _family_rows(shared: Path) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    from cardscope.similarity import measure_kinship

    rows = []
    for child, parent, stranger in families(shared):
        true, false = (measure_kinship(child, other, _embedder()) for other in (parent, stranger))
        rows.append((
            (true.similarity.get("body", 0.0), false.similarity.get("body", 0.0)),
            (_line_share(child, parent), _line_share(child, stranger)),
        ))  # fmt: skip
    return rows


def evaluate(shared: Path) -> dict[str, Any]:
    pairs = planted(shared)
    ours = [_counts(pair, by_kinship(pair)) for pair in pairs]
    rival = _summaries([_counts(pair, by_headings(pair)) for pair in pairs])
    low_high = _interval(ours, _summaries)
    result: dict[str, Any] = {
        key: {
            "value": value,
            "low": low_high[key][0],
            "high": low_high[key][1],
            "baseline": rival[key],
            "tolerance": 0.01,
        }
        for key, value in _summaries(ours).items()
    }
    result["inherited_share_error"]["better"] = "low"
    rows = _family_rows(shared)
    interval = _interval(rows, lambda some: {"auc": _auc([row[0] for row in some])})["auc"]
    result["body_similarity_auc"] = {
        "value": _auc([row[0] for row in rows]), "low": interval[0], "high": interval[1],
        "baseline": _auc([row[1] for row in rows]), "tolerance": 0.01,
    }  # fmt: skip
    return result


def details(shared: Path) -> dict[str, Any]:
    pairs = planted(shared)
    truth = [row[0] for pair in pairs for row in pair.truth]
    return {
        "cards": len(pairs),
        "planted": {change: truth.count(change) for change in sorted(set(truth))},
        "warnings_lost": sum(len(pair.lost) for pair in pairs),
        "warnings_kept": sum(len(pair.safe) for pair in pairs),
        "families": len(families(shared)),
        "embedder": _embedder().name,
        "baseline": "sections: equal headings; families: share of equal lines",
    }

"""Fills ``cardscope/tables/boilerplate.toml``: hashes of lines that tools write, never the lines themselves.

``python corpora/boilerplate.py ../shared`` reads the cards that tools wrote on made-up arguments (``generated/``) and
the real cards (``cards/cards.parquet``); ``--check`` only says whether the shipped table is what it would write.

A line counts as a tool's when it stands in the lines that `detect_generators` gives to the tool and

- in real cards: in at least 8 % of them (5 % where there are more than 400) and with at least 3 owners; where one
  account writes nearly all of a tool's cards (a quantiser's house style), in a quarter of its cards;
- in generated cards: anywhere, unless it holds an invented name or sentence; for templates that people fill in, in
  every card of one version of the template, since there the invented text stands between the fixed lines.

A line whose end is a slot counts by its start (letters before a colon, or the first letters of the line) where the
same start has many ends. Configurations in YAML are the author's and never counted.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from cardscope.parsing import parse_card
from cardscope.templates.lines import hash_of, keys, rows_as_reported, starts_of
from cardscope.templates.rows import LAYERS
from cardscope.templates.signatures import detect_generators
from cardscope.types import Card, GeneratorMatch

TABLE = Path(__file__).parent.parent / "cardscope" / "tables" / "boilerplate.toml"
#: Names and openings that the generated cards were made up with.
INVENTED = re.compile(
    r"acme-nlp|riverlab|jdoe|Kestrel42|openfjord|kestrel|court|rulings|llama-3\.1-8b-legal|distilbert-imdb|riverlab"
    r"|film reviews|summarise|speech recogniser|vision transformer so that|West Frisian|notes-|pets",
)
#: Where a tool fills something in, as a rule.
SLOT = re.compile(r"[\d\[\"'`{]|: (?=\S)|\*\*:? (?=\S)")
SHARE, SHARE_OF_MANY, MANY, OWNERS = 0.08, 0.05, 400, 3
#: A tool that one account alone uses, four cards in five, is that account: there its cards are counted, not owners.
HOUSE, HOUSE_SHARE, HOUSE_CARDS = 0.8, 0.25, 4
#: A real card that could be counted but would only cost time: enough of each tool is enough.
MOST_CARDS = 1500


class Counts:
    """What was seen of one tool: cards and owners by line."""

    def __init__(self) -> None:
        self.cards = 0
        self.owners: Counter[str] = Counter()
        self.whole: dict[bytes, Counter[str]] = defaultdict(Counter)
        self.starts: dict[bytes, Counter[str]] = defaultdict(Counter)
        self.ends: dict[bytes, set[bytes]] = defaultdict(set)

    def add(self, owner: str, lines: Iterable[tuple[str, bytes]]) -> None:
        """Counts each line and start of a card once."""
        self.cards += 1
        self.owners[owner] += 1
        whole, starts = set(), {}
        for line, key in lines:
            whole.add(key)
            for start in starts_of(line, key):
                starts[start] = key
        for key in whole:
            self.whole[key][owner] += 1
        for start, key in starts.items():
            self.starts[start][owner] += 1
            if len(self.ends[start]) < 50:
                self.ends[start].add(key)


def lines_of(card: Card, match: GeneratorMatch) -> Iterator[tuple[str, bytes]]:
    """The lines a tool wrote that have letters, without configurations in YAML."""
    yaml = False
    assert card.body is not None
    for span in match.spans:
        for number in range(max(span.first, card.body.first), min(span.last, card.body.last) + 1):
            line = card.lines[number - 1]
            if line.lstrip().startswith("```"):
                yaml = line.lstrip().startswith(("```yaml", "```yml"))
            elif yaml:
                continue
            key = keys(line)[0]
            if key:
                yield line, key


def _fills(identity: str) -> bool:
    return LAYERS[rows_as_reported()[identity].order[0]] != "template"


def from_generated(shared: Path, keep: Iterable[str] | None = None) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """Hashes by row from the cards that tools wrote; ``keep`` limits the files, for an honest split."""
    whole: dict[str, set[int]] = defaultdict(set)
    starts: dict[str, set[int]] = defaultdict(set)
    versions: dict[tuple[str, str], list[set[bytes]]] = defaultdict(list)
    wanted = None if keep is None else set(keep)
    for row in map(json.loads, (shared / "generated" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()):
        if wanted is not None and row["file"] not in wanted:
            continue
        card = parse_card((shared / "generated" / row["file"]).read_bytes())
        if card.body is None:
            continue
        for match in detect_generators(card):
            identity = rows_as_reported()[match.id].id
            found = list(lines_of(card, match))
            if not _fills(identity):
                versions[identity, row["tool"] + row["version"]].append({key for _, key in found})
                continue
            for line, key in found:
                _count_fixed(line, key, whole[identity], starts[identity])
    for (identity, _), cards in versions.items():
        if len(cards) > 1:
            whole[identity].update(hash_of(key) for key in set.intersection(*cards))
    return whole, starts


def _count_fixed(line: str, key: bytes, whole: set[int], starts: set[int]) -> None:
    invented = INVENTED.search(line)
    if not invented:
        whole.add(hash_of(key))
    slot = invented or SLOT.search(line)
    if slot is None:
        return
    before = len(keys(line[: slot.start()])[0])
    starts.update(hash_of(start) for start in starts_of(line, key) if before >= len(start.rstrip(b":")))


def from_real(shared: Path) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """Hashes by row from real cards."""
    import pyarrow.parquet as pq

    table = pq.read_table(shared / "cards" / "cards.parquet", columns=["model_id", "card"])
    counts: dict[str, Counts] = defaultdict(Counts)
    seen: set[int] = set()
    for model, text in zip(table["model_id"].to_pylist(), table["card"].to_pylist(), strict=True):
        card = parse_card(text)
        if card.body is None or (digest := hash(card.text)) in seen:
            continue
        seen.add(digest)
        for match in detect_generators(card):
            tally = counts[rows_as_reported()[match.id].id]
            # One of a template's headings in the wrong card would make a whole family of copies its boilerplate.
            sure = match.reliability == "A" or (match.reliability == "B" and _fills(match.id))
            if tally.cards < MOST_CARDS and sure:
                tally.add(model.partition("/")[0], lines_of(card, match))
    whole: dict[str, set[int]] = {}
    starts: dict[str, set[int]] = {}
    for identity, tally in counts.items():
        whole[identity], starts[identity] = _frequent(tally, fills=_fills(identity))
    return whole, starts


def _frequent(tally: Counts, *, fills: bool) -> tuple[set[int], set[int]]:
    """Hashes of what stands in enough of a tool's cards, and of starts with many ends where the tool fills slots."""
    house = max(tally.owners.values(), default=0) > HOUSE * tally.cards
    if house:
        needed, least = 1, max(HOUSE_CARDS, tally.cards * HOUSE_SHARE)
    else:
        needed = OWNERS
        least = max(OWNERS, tally.cards * (SHARE_OF_MANY if tally.cards > MANY and fills else SHARE))

    def often(owners: Counter[str], times: float) -> bool:
        return len(owners) >= needed and owners.total() >= times

    lines = {key for key, owners in tally.whole.items() if often(owners, least)}
    starts = {
        start
        for start, owners in tally.starts.items()
        if fills and often(owners, least if house else 2 * least) and len(tally.ends[start] - lines) >= OWNERS
    }
    return {hash_of(key) for key in lines}, {hash_of(start) for start in starts}


def merged(parts: Iterable[dict[str, set[int]]]) -> dict[str, set[int]]:
    """Union by row."""
    total: dict[str, set[int]] = defaultdict(set)
    for part in parts:
        for identity, hashes in part.items():
            total[identity] |= hashes
    return total


def render(whole: dict[str, set[int]], starts: dict[str, set[int]]) -> str:
    """The table as TOML, six hashes a line."""
    out = [
        "# Hashes of lines that tools write; made by corpora/boilerplate.py, never by hand.",
        "",
        "[table]",
        'version = "2"',
        'source = "lines of ../shared/generated and of real cards matched to a generator"',
        'retrieved = "2026-11-24"',
    ]
    for head, cells in (("whole", whole), ("starts", starts)):
        out += ["", f"[{head}]"]
        for identity in sorted(cells):
            if hashes := sorted(f"{number:016x}" for number in cells[identity]):
                rows = [" ".join(hashes[at : at + 6]) for at in range(0, len(hashes), 6)]
                out.append(f'{identity} = """\n' + "\n".join(rows) + '"""')
    return "\n".join(out) + "\n"


def main() -> int:
    """Exit code 1 when ``--check`` finds another table than the shipped one."""
    parser = argparse.ArgumentParser(description="hashes of the lines that tools write")
    parser.add_argument("shared", type=Path)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    pairs = [from_generated(given.shared), from_real(given.shared)]
    text = render(merged(pair[0] for pair in pairs), merged(pair[1] for pair in pairs))
    if given.check:
        return int(not TABLE.exists() or TABLE.read_text(encoding="utf-8") != text)
    TABLE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(text)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

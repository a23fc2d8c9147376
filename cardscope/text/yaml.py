"""YAML of strangers to values of JSON's kinds, in bounded time and memory; never raises on content.

Two readers, because neither alone will do (rates for a mean front matter of 290 bytes on one core):

* `ryaml` (Rust, 36,000 to 64,000 a second) reads YAML 1.2: ``no`` stays text, dates stay text, ``1e-5`` is a number. It
  stops alias bombs and deep nesting by itself, but refuses a block with a duplicate key, which real cards have and
  the Hub's client reads (the last one counts).
* PyYAML's C loader (8,000 to 15,000 a second) with resolvers that give the same values as ryaml takes over when
  ryaml refuses. Alone it would be killed by an alias bomb, so its events are counted before anything is built.

Before both stands `read_flat` for blocks of words alone, which most are: 300,000 a second.

The two build on the same C scanner, whose time is quadratic in open brackets and whose readers copy what an alias
names; `_too_costly` bounds both from a count of characters, before any reader starts.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any, cast

from cardscope.types import Problem, Value

#: Characters; the longest front matter of 32,849 real cards has 700,000.
_MOST_CHARACTERS = 4_000_000
#: Flow brackets: at this many all nested ones cost 0.1 s, and ten times as many cost seconds.
_MOST_BRACKETS = 20_000
#: Marks that may each make a node of some 200 bytes.
_MOST_NODES = 200_000
#: Aliases times characters, when there is something an alias could name: what copying could cost at worst.
_MOST_COPIES = 500_000
_MOST_ALIASES = 200
#: ryaml's own limit is 128.
_MOST_DEPTH = 100
#: The lenient reader is the slow one, and real blocks it has to read are short.
_LENIENT_CHARACTERS = 100_000
_LENIENT_BRACKETS = 2_000

_ANCHOR = re.compile(r"(?:^|[\s\[,{])&\w", re.MULTILINE)
_ALIAS = re.compile(r"(?:^|[\s\[,{])\*\w", re.MULTILINE)
_TAB_INDENT = re.compile(r"^ *\t", re.MULTILINE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_DUPLICATE = re.compile(r'\Aduplicate entry with key "([^"\n]{1,200})"')
_AT_LINE = re.compile(r"at line (\d+)")

#: A word that every reader of YAML takes for text, but for `_NOT_TEXT`: it begins with a letter, no colon ends it, and
#: nothing in it has a meaning of its own. Each line can be read in one way only, so that matching is linear.
_WORD = r"[A-Za-z][A-Za-z0-9_./+-]*(?::[A-Za-z0-9_./+-]+)*"
_FLAT_KEY = r"[A-Za-z][A-Za-z0-9_-]*"
_PAIR = rf"{_FLAT_KEY}: (?:{_WORD}|\[\])"
_FLAT_ENTRY = re.compile(
    rf"({_FLAT_KEY}):(?: ({_WORD})|((?:\n- {_WORD})+|(?:\n  - {_WORD})+)|((?:\n- {_PAIR}(?:\n  {_PAIR})*)+))(?:\n|\Z)"
)
_NOT_TEXT = frozenset({"null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"})
_FLAT_CHARACTERS = 1_000


class Refused(Exception):
    """A block that is not read, with the problem that says why and the line of the block (1-based) or ``None``."""

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(code, message)
        self.line = line


def read_flat(text: str) -> dict[str, Value] | None:
    r"""What `load_yaml` gives for a block in which nothing but words stand, one a key or one a line of its list.

    Returns:
        A word, a list of one for each line that follows the key's, or a list of mappings with a line for each key (a
        model index without results, most often); ``None`` when anything else stands in the block, a key stands twice,
        or it is empty, long or broken: such a block is not read here.

    >>> read_flat("license: mit\ntags:\n- a\n- b"), read_flat("license: [mit]")
    ({'license': 'mit', 'tags': ['a', 'b']}, None)
    """
    fields: dict[str, Value] = {}
    at, end = 0, len(text)
    if end > _FLAT_CHARACTERS:
        return None
    while at < end:
        entry = _FLAT_ENTRY.match(text, at)
        if entry is None:
            return None
        key, word, items, rows = entry.groups()
        if key in fields or key in _NOT_TEXT:
            return None
        if word is not None:
            if word in _NOT_TEXT:
                return None
            fields[key] = word
        elif rows is not None:
            if (table := _flat_rows(rows)) is None:
                return None
            fields[key] = table
        else:
            words: list[str] = items.split()[1::2]  # after each dash
            if not _NOT_TEXT.isdisjoint(words):
                return None
            fields[key] = cast("Value", words)
        at = entry.end()
    return fields or None


def _flat_rows(rows: str) -> list[Value] | None:
    r"""Mappings of words, or of nothing (``[]``), as the pattern found them; ``None`` where YAML would not see words.

    >>> _flat_rows("\n- name: a\n  results: []\n- name: b")
    [{'name': 'a', 'results': []}, {'name': 'b'}]
    """
    found: list[Value] = []
    for row in rows.split("\n- ")[1:]:
        mapping: dict[str, Value] = {}
        for pair in row.split("\n  "):
            key, _, word = pair.partition(": ")
            if key in mapping or key in _NOT_TEXT or word in _NOT_TEXT:
                return None
            mapping[key] = [] if word == "[]" else word
        found.append(mapping)
    return found


def load_yaml(text: str) -> tuple[Value, tuple[tuple[Problem, int | None], ...]]:
    r"""The value of one YAML document, and what was odd about it with the line of the block where that is known.

    Raises:
        Refused: The block is broken, or would cost too much to read.

    >>> load_yaml("language: no\nlr: 1e-5\ndate: 2024-05-01")[0]
    {'language': 'no', 'lr': 1e-05, 'date': '2024-05-01'}
    """
    import ryaml

    _too_costly(text)
    odd: list[tuple[Problem, int | None]] = []
    try:
        value = ryaml.loads(text)
    except RecursionError as error:
        raise Refused("yaml-too-deep", "the YAML is nested too deeply to be read") from error
    except (ValueError, TypeError) as error:
        reason = str(error)
        if "repetition limit" in reason:
            raise Refused("yaml-alias-bomb", "aliases of the YAML multiply without end") from error
        if "recursion limit" in reason:
            raise Refused("yaml-too-deep", "the YAML is nested too deeply to be read") from error
        value = _load_leniently(text, reason, odd)
    if _is_plain(value):
        return value, tuple(odd)
    seen: set[str] = set()
    value = _plain(value, seen)
    odd += [(problem, None) for code, problem in _PLAIN_PROBLEMS.items() if code in seen]
    return value, tuple(odd)


def _too_costly(text: str) -> None:
    if len(text) < 2_000 and "&" not in text:
        return
    if len(text) > _MOST_CHARACTERS:
        raise Refused("front-matter-too-large", f"the YAML is longer than {_MOST_CHARACTERS:,} characters")
    brackets = text.count("[") + text.count("{")
    if brackets > _MOST_BRACKETS:
        raise Refused("front-matter-too-large", f"the YAML has more than {_MOST_BRACKETS:,} brackets")
    if brackets + text.count(",") + text.count("- ") + text.count("? ") + text.count("\n") > _MOST_NODES:
        raise Refused("front-matter-too-large", f"the YAML has more than {_MOST_NODES:,} nodes")
    if "&" in text and _ANCHOR.search(text):
        aliases = sum(1 for _ in _ALIAS.finditer(text))
        if aliases > _MOST_ALIASES or aliases * len(text) > _MOST_COPIES:
            raise Refused("yaml-alias-bomb", "the YAML has more aliases than can safely be followed")


def _load_leniently(text: str, reason: str, odd: list[tuple[Problem, int | None]]) -> Any:  # noqa: ANN401
    """What PyYAML makes of a block that ryaml refused; a duplicate key is named, the last one counts."""
    import yaml

    found = _AT_LINE.search(reason)
    line = int(found[1]) if found else None
    brackets = text.count("[") + text.count("{")
    if len(text) > _LENIENT_CHARACTERS or brackets > _LENIENT_BRACKETS:
        raise Refused("yaml-error", "the YAML is broken, and too large for a lenient reader", line)
    try:
        _count_events(text)
        value = yaml.load(text, Loader=_loader())  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else line
        if _TAB_INDENT.search(text):
            raise Refused("yaml-tabs", "the YAML is indented with tabs, which YAML does not allow", line) from error
        raise Refused("yaml-error", f"the YAML cannot be read ({_cause(error)})", line) from error
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise Refused("yaml-error", f"the YAML cannot be read ({type(error).__name__})", line) from error
    if "duplicate entry" in reason:
        line = line or _second_line(text, reason)
        odd.append((Problem("yaml-duplicate-key", "a key stands twice in one mapping; the last one counts"), line))
    return value


def _second_line(text: str, reason: str) -> int | None:
    """The line on which a top-level key stands for the second time; ryaml names the key there and no line."""
    named = _DUPLICATE.search(reason)
    if named is None:
        return None
    plain, seen = named[1], 0
    for number, line in enumerate(_LINE_END.split(text), 1):
        if line.partition(":")[0].rstrip().strip("\"'") == plain and ":" in line:
            seen += 1
            if seen == 2:
                return number
    return None


def _cause(error: Exception) -> str:
    """The parser's own words without its quotations of the card."""
    return str(getattr(error, "problem", None) or type(error).__name__).split("'")[0].split('"')[0].strip()[:80]


def _count_events(text: str) -> None:
    """Refuses what would be too deep or grow too large once it is built; works on events, so nothing is built yet."""
    import yaml

    depth = aliases = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MOST_DEPTH:
                raise Refused("yaml-too-deep", "the YAML is nested too deeply to be read")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if aliases > 8:
                raise Refused("yaml-alias-bomb", "aliases in broken YAML are not followed")


@cache
def _loader() -> Any:  # noqa: ANN401 - a class made when yaml is first needed
    """PyYAML's safe C loader that resolves plain scalars as ryaml does: YAML 1.2 core, leading zeros stay text."""
    import yaml

    class Loader(yaml.CSafeLoader):  # type: ignore[misc, unused-ignore]
        yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's way

        def flatten_mapping(self, node: Any) -> None:  # noqa: ANN401
            """YAML 1.2 has no merge key: ``<<`` stays a key."""

    def resolve(tag: str, pattern: str, first: str) -> None:
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})\Z"), list(first))

    resolve("bool", "true|True|TRUE|false|False|FALSE", "tTfF")
    resolve("null", "~|null|Null|NULL|", "~nN")
    Loader.yaml_implicit_resolvers[""] = [("tag:yaml.org,2002:null", re.compile(r"\Z"))]
    resolve("int", r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+|0b[01]+", "-+0123456789")
    resolve(
        "float",
        r"[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    )

    def construct_int(loader: Any, node: Any) -> int:  # noqa: ANN401
        written = loader.construct_scalar(node).replace("_", "")
        return int(written, 0 if written[:2].lower() in {"0o", "0x", "0b"} else 10)

    Loader.add_constructor("tag:yaml.org,2002:int", construct_int)
    return Loader


_PLAIN_PROBLEMS = {
    "yaml-key-not-text": Problem("yaml-key-not-text", "a key is not text; it is kept as text"),
    "yaml-not-finite": Problem("yaml-not-finite", "a number is not finite, which JSON cannot hold"),
    "yaml-value-not-plain": Problem(
        "yaml-value-not-plain", "a value is of a kind JSON does not have; it is kept as text"
    ),
}


_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def _is_plain(value: Any) -> bool:  # noqa: ANN401 - whatever a YAML reader makes
    """Whether a value is of JSON's kinds throughout, which nearly all are: seen in half the time of copying it."""
    kind = type(value)
    if kind is dict:
        for key, inner in value.items():
            if type(key) is not str or (type(inner) not in _AS_THEY_ARE and not _is_plain(inner)):
                return False
        return True
    if kind is list:
        return all(type(inner) in _AS_THEY_ARE or _is_plain(inner) for inner in value)
    return kind in _AS_THEY_ARE or (kind is float and math.isfinite(value))


def _plain(value: Any, seen: set[str]) -> Value:  # noqa: ANN401 - whatever a YAML reader makes
    """The same value out of JSON's kinds alone; ``seen`` collects what had to be changed. Depth is bounded above."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return cast("Value", value)
    if kind is dict:
        result: dict[str, Value] = {}
        for key, inner in value.items():
            if type(key) is not str:
                seen.add("yaml-key-not-text")
                key = _key(key)
            result[key] = inner if type(inner) in _AS_THEY_ARE else _plain(inner, seen)
        return result
    if kind is list:
        return [inner if type(inner) in _AS_THEY_ARE else _plain(inner, seen) for inner in value]
    if kind is float:
        if not math.isfinite(value):
            seen.add("yaml-not-finite")
        return cast("Value", value)
    seen.add("yaml-value-not-plain")
    if isinstance(value, (set, tuple)):
        return [_plain(inner, seen) for inner in value]
    return str(value)


def _key(key: Any) -> str:  # noqa: ANN401
    """A key that is no text, as YAML would write it."""
    if key is None:
        return "null"
    return str(key).lower() if isinstance(key, bool) else str(key)

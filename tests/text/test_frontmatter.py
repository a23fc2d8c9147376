from __future__ import annotations

import logging
import math
import os
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardscope.text.decode import decode
from cardscope.text.frontmatter import _flat_key_lines, _key_lines, find_block, read_front_matter
from cardscope.text.yaml import load_yaml, read_flat
from cardscope.types import FrontMatter, FrontMatterState, Span


def read(text: str) -> FrontMatter:
    return read_front_matter(decode(text))[0]


def codes(text: str) -> list[str]:
    return [problem.code for problem in read(text).problems]


def block(yaml: str) -> FrontMatter:
    return read(f"---\n{yaml}\n---\n# Title\n")


# --- where it stands ------------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(["---", "--", "\r\n", "\r", "\n", " ", "\t", "a: b", "\x0b", "-", "\u2003"]), max_size=14)
)
def test_the_block_is_the_one_the_hub_client_finds(parts):
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    text = "".join(parts)
    theirs = REGEX_YAML_BLOCK.search(text)
    expected = None if theirs is None else (theirs.start(2), theirs.end(2), theirs.end())
    assert find_block(text) == expected


def test_our_copy_of_the_client_s_pattern_is_still_the_client_s():
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    assert REGEX_YAML_BLOCK.pattern == r"^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))"


def test_span_and_lines_of_keys_count_the_readme_s_lines():
    front = read("---\nlicense: mit\ntags:\n- a\n# note\n- b\n\n'quoted key': x\n---\n\n# Title\n")
    assert front.state is FrontMatterState.PRESENT
    assert front.span == Span(1, 9)
    assert front.lines == {"license": Span(2, 2), "tags": Span(3, 6), "quoted key": Span(8, 8)}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_body_begins_after_the_closing_dashes(end):
    text = end.join(["---", "license: mit", "---  ", "# Title"])
    front, body = read_front_matter(decode(text))
    assert text[body:] == "# Title"
    assert front.span == Span(1, 3)


# --- near misses ----------------------------------------------------------------------------------------------------

PRESENT, EMPTY, ABSENT, MALFORMED = FrontMatterState


@pytest.mark.parametrize(
    ("text", "state", "expected"),
    [
        ("# Title\n", ABSENT, []),
        ("", ABSENT, []),
        ("a\n\n---\n\nb\n\n---\n", ABSENT, []),
        ("\n\n---\nlicense: mit\n---\n", PRESENT, ["front-matter-after-blank"]),
        ("  ---\n  license: mit\n---\n", PRESENT, ["front-matter-indented"]),
        ("  ---\n  license: mit\n  ---\n", MALFORMED, ["front-matter-indented"]),
        ("# T\n---\nlicense: mit\n---\n", MALFORMED, ["front-matter-after-text"]),
        ("# T\r---\rlicense: mit\r---\r", MALFORMED, ["front-matter-after-text"]),
        ("---\nlicense: mit\n\n# T\n", MALFORMED, ["front-matter-not-closed"]),
        ("---\rlicense: mit\r---\r\r# T\r", MALFORMED, ["front-matter-not-closed"]),
        ("----\nlicense: mit\n---\n", MALFORMED, ["front-matter-dashes"]),
        ("--- \nlicense: mit\n---\n", MALFORMED, ["front-matter-dashes"]),
        ("license: mit\ntags: [a]\n---\n", MALFORMED, ["front-matter-not-opened"]),
        ("---\n---\n# T\n", EMPTY, ["front-matter-empty"]),
        ("---\n---\nlicense: mit\n---\n", PRESENT, ["front-matter-empty"]),
        ("---\n\n---\n# T\n", EMPTY, ["front-matter-empty"]),
        ("---\r\n---\r\n# T\r\n", EMPTY, ["front-matter-empty"]),
        ("---\n{}\n---\n# T\n", EMPTY, ["front-matter-empty-mapping"]),
        ("---\n- a\n- b\n---\n", MALFORMED, ["front-matter-not-a-mapping"]),
        ("---\njust words\n---\n", MALFORMED, ["front-matter-not-a-mapping"]),
        ("---\na: 1\n---\n\n---\nlicense: mit\n---\n", PRESENT, ["front-matter-twice"]),
        ("---\na: 1\n---\nText\n\n---\nlicense: mit\n---\n", PRESENT, ["front-matter-again-later"]),
        ("---\na: 1\na: 2\n---\n", PRESENT, ["yaml-duplicate-key"]),
        ("---\na:\n\t- b\n---\n", MALFORMED, ["yaml-tabs"]),
        ("---\na: [b\n---\n", MALFORMED, ["yaml-error"]),
        ("---\nlicence: mit\n---\n", PRESENT, ["licence-key"]),
        ("---\na: &x {b: 1}\nc:\n  d: 2\n<<: *x\n---\n", PRESENT, ["yaml-merge-key"]),
        ("---\n1: a\n---\n", PRESENT, ["yaml-key-not-text"]),
        ("---\na: .nan\n---\n", PRESENT, ["yaml-not-finite"]),
    ],
)
def test_near_misses_have_names(text, state, expected):
    front = read(text)
    assert [problem.code for problem in front.problems] == expected
    assert front.state is state
    assert bool(front.fields) is (state is PRESENT)
    for problem in front.problems:
        for span in problem.spans:
            assert 1 <= span.first <= span.last <= max(1, len(decode(text).lines))


_WORDS = ["mit", "a", "no", "y", "a:b", "x-1", "A_9", "b/c.d", "a+b", "h://x.y/z", "inf", "e5", "en"]
_ODD = ["true", "Null", "FALSE", "1", "1e5", "~", "a:", "a: b", "a #b", "'a'", "[a]", "&a", "*a", "é", "<<", ".nan", ""]
_WORD = st.one_of(st.sampled_from(_WORDS), st.sampled_from(_WORDS), st.sampled_from(_WORDS), st.sampled_from(_ODD))
_LIST = st.tuples(st.sampled_from(["\n- ", "\n  - ", "\n  - ", "\n    - "]), st.lists(_WORD, min_size=1, max_size=3))
_PAIR = st.tuples(_WORD, st.one_of(_WORD, st.just("[]"))).map(": ".join)
_ROW = st.tuples(st.sampled_from(["\n- ", "\n- ", "\n  - "]), st.lists(_PAIR, min_size=1, max_size=3))
_FIELD = st.one_of(
    _WORD.map(" {}".format),
    _LIST.map(lambda part: "".join(part[0] + word for word in part[1])),
    st.lists(_ROW.map(lambda part: part[0] + "\n  ".join(part[1])), min_size=1, max_size=3).map("".join),
)
_LINE_END = st.sampled_from(["\n", "\n", "\n", "\n", "\n", "\n\n", " \n", "\r\n", "\n  "])


@settings(max_examples=2500, deadline=None)
@given(st.lists(st.tuples(_WORD, _FIELD, _LINE_END).map(lambda part: f"{part[0]}:{part[1]}{part[2]}"), max_size=4))
def test_the_quick_reader_of_flat_blocks_says_what_the_full_one_says_or_nothing(entries):
    yaml = "".join(entries).removesuffix("\n")
    fields = read_flat(yaml)
    if fields is None:
        return
    assert (fields, ()) == load_yaml(yaml)
    lines = ["---", *yaml.split("\n"), "---"]
    where = _flat_key_lines(fields, 2)
    assert list(where.items()) == list(_key_lines(fields, lines, Span(1, len(lines))).items())


@pytest.mark.parametrize(
    ("yaml", "fields"),
    [
        ("license: mit", {"license": "mit"}),
        ("tags:\n- a\n- b:c\nlanguage: no\n", {"tags": ["a", "b:c"], "language": "no"}),
        ("tags:\n  - a\nbase_model: b/c-1.0", {"tags": ["a"], "base_model": "b/c-1.0"}),
        (
            "model-index:\n- name: a\n  results: []\n- b: c\nlicense: mit",
            {"model-index": [{"name": "a", "results": []}, {"b": "c"}], "license": "mit"},
        ),
        *[(yaml, None) for yaml in ("a:\n- b: c\n  b: d", "a:\n- b: null", "a:\n- true: b", "a:\n- b: c\n - d: e")],
        *[
            (yaml, None)
            for yaml in ("", "a: true", "null: a", "a:\n- Null", "a: b\na: c", "a: b c", "a:", "a:\n- b\n - c")
        ],
        *[(yaml, None) for yaml in ("a: 1", "a: 'b'", "a: b\r\nc: d", "a: b:", "- a", "a: b\n  c", "a: " + "b" * 2000)],
    ],
)
def test_flat_blocks_are_words_and_lists_of_words_or_of_mappings_of_words(yaml, fields):
    assert read_flat(yaml) == fields


def test_the_line_of_an_error_is_the_readme_s():
    (problem,) = read("\n---\nlicense: mit\ntags: @x\n---\n").problems[1:]
    assert problem.code == "yaml-error"
    assert problem.spans == (Span(4, 4),)


# --- what values come out -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("twice", ["", "\nz: 1\nz: 2"], ids=["strict reader", "lenient reader"])
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("2024-05-01", "2024-05-01"),
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("1e-5", 1e-5),
        ("2E3", 2000.0),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-7", -7),
        ("+7", 7),
        ("0o17", 15),
        ("0x1f", 31),
        ("1_000", "1_000"),
        ("0123", "0123"),
        ("0123.5", 123.5),
        ("-01e2", -100.0),
        ("1.2.3", "1.2.3"),
        (".inf", math.inf),
        ("'5'", "5"),
        ("[en, no]", ["en", "no"]),
        ("{no: 1}", {"no": 1}),
        ("=", "="),
        ("<<", "<<"),
        ("!!python/name:os.system x", "x"),
    ],
)
def test_scalars_are_those_of_yaml_1_2_with_either_reader(written, value, twice):
    front = block(f"a: {written}{twice}")
    if "python" in written and twice:
        assert front.state is FrontMatterState.MALFORMED
        return
    assert front.fields["a"] == value
    assert type(front.fields["a"]) is type(value)


def test_the_last_of_two_equal_keys_counts_and_is_the_one_whose_lines_are_given():
    front = block("license: mit\ntags: [a]\nlicense: apache-2.0")
    assert front.fields == {"license": "apache-2.0", "tags": ["a"]}
    assert front.lines["license"] == Span(4, 4)


BOMB = 'a: &a ["x","x","x","x","x","x","x","x","x"]\n' + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("yaml", "code"),
    [
        (BOMB, "yaml-alias-bomb"),
        (BOMB + "z: 1\nz: 2", "yaml-alias-bomb"),
        ('a: &a "' + "x" * 500_000 + '"\nb: [' + "*a," * 100_000 + "]", "yaml-alias-bomb"),
        ("a: " + "[" * 10_000, "yaml-too-deep"),
        ("a: " + "[" * 10_000 + "]" * 10_000, "yaml-too-deep"),
        ("- " * 10_000, "yaml-too-deep"),
        ("".join(" " * depth + "a:\n" for depth in range(1_000)), "yaml-too-deep"),
        ("a: " + "{b: " * 250_000, "front-matter-too-large"),
        ("[" * 1_000_000, "front-matter-too-large"),
        ("? " * 500_000, "front-matter-too-large"),
        ("[" + "a," * 500_000 + "]", "front-matter-too-large"),
        ("z: 1\nz: 2\n" + "key: [a]\n" * 200_000, "front-matter-too-large"),
    ],
    ids=range(12),
)
def test_what_would_explode_is_refused_with_a_name(yaml, code):
    front = block(yaml)
    assert [problem.code for problem in front.problems] == [code]
    assert front.state is FrontMatterState.MALFORMED


def test_a_few_aliases_are_followed():
    front = block("a: &x [1, 2]\nb: *x\nc: '**bold** R&D'")
    assert front.fields == {"a": [1, 2], "b": [1, 2], "c": "**bold** R&D"}
    assert front.problems == ()


def test_a_megabyte_of_honest_results_is_read():
    results = "".join(
        f"  - task:\n      type: t\n    metrics:\n    - type: acc\n      value: 0.{i}\n" for i in range(15_000)
    )
    front = block("model-index:\n- name: x\n  results:\n" + results)
    assert front.state is FrontMatterState.PRESENT
    assert len(front.fields["model-index"][0]["results"]) == 15_000


# --- parity with the Hub's own client -------------------------------------------------------------------------------

#: YAML 1.1 against 1.2, the only ways in which a value may differ: words for booleans, numbers and dates.
_BENT = re.compile(
    r"(?:y|yes|no|n|on|off)|[-+]?[0-9_]+(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"
    r"|[-+]?[0-9][0-9_]*|[-+]?[0-9.]+[eE][-+]?[0-9]+|=",
    re.IGNORECASE | re.DOTALL,
)


def differences(ours, theirs, path=""):
    if type(ours) is type(theirs) and (ours == theirs or ours != ours):
        return
    if isinstance(ours, dict) and isinstance(theirs, dict) and len(ours) == len(theirs):
        for (key, mine), (other, value) in zip(ours.items(), theirs.items(), strict=True):
            if key != str(other) and not _BENT.fullmatch(key):
                yield path, "key"
            yield from differences(mine, value, f"{path}/{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for mine, value in zip(ours, theirs, strict=True):
            yield from differences(mine, value, f"{path}[]")
    elif not (isinstance(ours, str) and _BENT.fullmatch(ours)) and not (
        isinstance(ours, float) and theirs == str(ours)
    ):
        yield path, f"{type(theirs).__name__} became {type(ours).__name__}"


@pytest.mark.shared
def test_every_real_card_that_the_client_reads_gives_the_same_values(shared):
    """On all 32,849: 100 values differ, each the language code ``no``, which YAML 1.1 reads as false."""
    import pyarrow.parquet as pq
    import yaml
    from huggingface_hub.repocard import REGEX_YAML_BLOCK

    texts = pq.read_table(shared / "cards" / "cards.parquet", columns=["card"])["card"].to_pylist()
    if not os.environ.get("CARDSCOPE_FULL"):
        texts = random.Random(2).sample(texts, 3_000)
    wrong = {}
    for index, text in enumerate(texts):
        match = REGEX_YAML_BLOCK.search(text)
        front, body = read_front_matter(decode(text))
        assert body == (match.end() if match else 0)
        if match is None:
            assert not front.fields
            continue
        try:
            # What RepoCard does; the C loader is the same grammar and constructors, and faster.
            theirs = yaml.load(match[2], Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, ValueError):
            continue
        if isinstance(theirs, dict) and (found := list(differences(dict(front.fields), theirs))):
            wrong[index] = found[:3]
    assert wrong == {}


@pytest.mark.shared
def test_what_the_client_s_card_object_says_is_what_we_say(shared):
    """`ModelCardData` drops empty values and reshapes ``model-index``; every other field must be the same."""
    import pyarrow.parquet as pq
    from huggingface_hub import ModelCard

    logging.disable(logging.WARNING)
    texts = pq.read_table(shared / "cards" / "cards.parquet", columns=["card"])["card"].to_pylist()
    compared = 0
    try:
        for text in random.Random(3).sample(texts, 400):
            try:
                theirs = ModelCard(text, ignore_metadata_errors=True).data.to_dict()
            except Exception:
                continue
            ours = read(text).fields
            for key, value in theirs.items():
                if key in {"model-index", "model_name", "eval_results"}:
                    continue
                mine = ours[key]
                if key == "tags" and isinstance(mine, list):
                    mine = list(dict.fromkeys(mine))  # the client drops repeated tags
                if key == "tags" and isinstance(mine, str):
                    mine = [mine]  # and makes a list of one
                assert not list(differences(mine, value)), key
                compared += 1
    finally:
        logging.disable(logging.NOTSET)
    assert compared > 1_000


@pytest.mark.shared
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("front-matter-after-blanks", "front-matter-after-blank"),
        ("front-matter-after-text", "front-matter-after-text"),
        ("front-matter-not-closed", "front-matter-not-closed|front-matter-indented"),
        ("front-matter-not-a-mapping", "front-matter-not-a-mapping"),
        ("front-matter-empty", "front-matter-empty|front-matter-empty-mapping"),
        ("front-matter-twice", "front-matter-twice|front-matter-again-later"),
        ("front-matter-later-again", "front-matter-twice|front-matter-again-later"),
        ("licence-misspelt-key", "licence-key"),
        ("yaml-error", "yaml-error|yaml-tabs|yaml-too-deep|yaml-duplicate-key"),
        ("newlines-lone-cr", "lone-carriage-return"),
        ("control-characters", "control-character|nul-character"),
    ],
)
def test_the_specimens_are_recognised(shared, kind, expected):
    files = sorted((shared / "cards" / "specimens").glob(f"{kind}__*.md"))
    assert files
    for file in files:
        decoded = decode(file.read_bytes())
        found = {problem.code for problem in (*read_front_matter(decoded)[0].problems, *decoded.problems)}
        assert found & set(expected.split("|")), (file.name, found)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("# Owl\n\n---\nmodel_creator: me\nlicense: mit\n---\nIt sees.\n", Span(3, 6)),
        ("# Owl\n\n---\nowners:\n- me\n- you\nlicense: mit\n---\nIt sees.\n", Span(3, 8)),
        ("It sees.\r\n\r\n---\r\nmade: 2024\r\ntags: [owl]\r\n---\r\n", Span(3, 6)),
    ],
)
def test_block_after_a_title_is_known_by_any_of_its_first_keys(text: str, span: Span) -> None:
    front, _ = read_front_matter(decode(text))
    assert front.state is FrontMatterState.MALFORMED
    assert [(problem.code, problem.spans) for problem in front.problems] == [("front-matter-after-text", (span,))]


@pytest.mark.parametrize(
    "text",
    [
        "# Owl\n\n---\nIt sees at night.\nlicense: mit\n---\n",
        "# Owl\n\n---\n\n## License\n\nlicense: mit\n\n---\n",
        "# Owl\n\n---\nwings: two\nfeet: two\n---\n",
        "# Owl\n\n---\n" + "wing: one\n" * 40 + "license: mit\n---\n",
    ],
)
def test_two_rules_with_text_between_are_no_front_matter(text: str) -> None:
    assert read_front_matter(decode(text))[0].state is FrontMatterState.ABSENT


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\nlicense: mit\ntags:\n- a\nlicense: apache-2.0\n---\n", 5),
        ("---\r\nlicense: mit\r\n'license': other\r\nx: 1\r\n---\r\n", 3),
        ("---\na: 1\nb:\n  c: 1\n  c: 2\n---\n", 4),
    ],
)
def test_duplicate_key_points_at_its_line(text: str, line: int) -> None:
    front, _ = read_front_matter(decode(text))
    assert [(problem.code, problem.spans) for problem in front.problems] == [
        ("yaml-duplicate-key", (Span(line, line),))
    ]


def test_leading_zeros_stay_text() -> None:
    """YAML 1.2's core schema makes 17 of 017; both readers keep what the author wrote, since it may be a name."""
    front, _ = read_front_matter(decode("---\nseed: 017\nquoted: '017'\nlicense: mit\nlicense: mit\n---\n"))
    assert front.fields["seed"] == front.fields["quoted"] == "017"
    front, _ = read_front_matter(decode("---\nseed: 017\nquoted: '017'\n---\n"))
    assert front.fields["seed"] == front.fields["quoted"] == "017"

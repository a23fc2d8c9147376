"""A simulated hub is what its table asks for, the same every time, and its truth is true of its cards."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from cardscope.cli.main import COMMANDS
from cardscope.cli.simulate import command
from cardscope.corpus.simulate import simulate
from cardscope.corpus.simulate.cards import AUTHORED, INHERITED, PLACEHOLDER, TEMPLATE, CardWriter
from cardscope.corpus.simulate.families import depths, make_families, roots
from cardscope.corpus.simulate.profile import RELATIONS, load_profile, profiles
from cardscope.corpus.simulate.traits import columns, make_traits
from cardscope.corpus.simulate.words import mixed, owner_name
from cardscope.corpus.store import CARDS, Corpus, text_id
from cardscope.corpus.writer import CorpusWriter
from cardscope.errors import InvalidCorpus, InvalidTable
from cardscope.parsing import parse_card
from cardscope.templates.attribution import attribute
from cardscope.templates.signatures import detect_generators
from cardscope.types import Author

N = 4000


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated") / "hub"
    simulate(path, N, 5, workers=1)
    return path


@pytest.fixture(scope="module")
def texts(hub: Path) -> dict[str, bytes]:
    corpus = Corpus(hub)
    found = {}
    for shard in corpus.shards():
        held = {row["text_id"]: row["content"] for batch in corpus.texts(shard) for row in batch.to_pylist()}
        cards = corpus.cards(shard, ["model_id", "text_id"]).to_pylist()
        found.update({row["model_id"]: held[row["text_id"]] for row in cards})
    return found


@pytest.fixture(scope="module")
def truth(hub: Path) -> list[dict]:
    return pq.read_table(hub / "truth" / "models.parquet").to_pylist()


def writer(n: int, seed: int, profile: str = "default") -> CardWriter:
    chosen = load_profile(profile)
    families = make_families(chosen, n, seed)
    return CardWriter(chosen, columns(make_traits(chosen, families, seed)), families.others, seed)


# --- the same every time ---------------------------------------------------------------------------------------------


def test_any_number_of_workers_makes_the_same_corpus(hub: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "again", N, 5, workers=2)
    ours, theirs = (Corpus(path).manifest.parts for path in (hub, tmp_path / "again"))
    assert ours == theirs
    assert Corpus(hub).digest == Corpus(tmp_path / "again").digest
    for name in ("models.parquet", "truth.json"):
        assert (hub / "truth" / name).read_bytes() == (tmp_path / "again" / "truth" / name).read_bytes()


def test_another_seed_makes_another_hub(hub: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "other", N, 6, workers=1)
    assert Corpus(hub).digest != Corpus(tmp_path / "other").digest


def test_a_card_needs_no_other_card_to_be_written() -> None:
    first, second = writer(1500, 3), writer(1500, 3)
    forward = [first.write(number).content for number in range(1500)]
    backward = [second.write(number).content for number in reversed(range(1500))]
    assert forward == backward[::-1]


# --- what was asked for ----------------------------------------------------------------------------------------------


def test_counts_add_up_and_every_model_has_a_card_and_a_truth(hub: Path, texts: dict, truth: list) -> None:
    counts = Corpus(hub).manifest.counts
    assert counts["cards"] == counts["offered"] == len(texts) == len(truth) == N
    assert counts["rejects"] == counts["repeated"] == 0
    assert {row["model_id"] for row in truth} == set(texts)
    assert counts["texts"] == len(set(texts.values()))
    assert [row["size"] for row in truth] == [len(texts[row["model_id"]]) for row in truth]


def test_relations_come_in_the_paper_s_shares(hub: Path) -> None:
    found = json.loads((hub / "truth" / "truth.json").read_text())["relations"]
    for name, share in found.items():
        # Quotas are exact; copies of other cards, a sixth of all, move them a little.
        assert share["planted"] == pytest.approx(share["asked"], abs=0.015), name


def test_families_have_the_paper_s_shape() -> None:
    """At 100,000 models: the biggest families, who has children, and how deep it goes (methods.md 3)."""
    profile = load_profile("paper")
    families = make_families(profile, 100_000, 1)
    parent, relation = families.parent, families.relation
    assert (parent < np.arange(len(parent))).all()
    assert (parent[relation > 0] >= 0).all()
    assert (parent[relation == 0] == -1).all()
    merge = RELATIONS.index("merge")
    tree = np.sort(np.bincount(roots(np.where(relation == merge, np.int32(-1), parent))))[::-1]
    asked = [
        star["size"] / profile.values["families"]["of"] * len(parent) for star in profile.values["families"]["stars"]
    ]
    assert tree[0] == pytest.approx(asked[0], rel=0.15)
    assert tree[:10].sum() == pytest.approx(sum(asked), rel=0.2)
    fertile = np.zeros(len(parent), bool)
    fertile[parent[(relation > 0) & (relation != merge)]] = True
    for name, share, width in (("finetune", 0.0794, 0.015), ("quantized", 0.0095, 0.005), ("adapter", 0.0019, 0.0015)):
        assert fertile[relation == RELATIONS.index(name)].mean() == pytest.approx(share, abs=width), name
    assert np.array_equal(depths(parent), families.depth)
    assert 3 <= families.depth.max() <= 30
    others = families.others
    assert (relation[others[:, 0]] == merge).all()
    assert (others[:, 1] < others[:, 0]).all()


def test_traits_change_at_the_paper_s_rates() -> None:
    profile = load_profile("paper")
    families = make_families(profile, 100_000, 2)
    hub = make_traits(profile, families, 2)
    child = (hub.relation == RELATIONS.index("finetune")) & (hub.source == np.arange(len(hub)))
    for name, rate in (("license", 0.1976), ("language", 0.2419), ("task", 0.4106)):
        trait = getattr(hub, name)
        above = np.where(child, trait[np.maximum(hub.parent, 0)], 0)
        both = (above > 0) & (trait > 0) & child
        assert (trait[both] != above[both]).mean() == pytest.approx(rate, abs=0.02), name


def test_adoption_follows_the_curves() -> None:
    """Planted shares of tools over 100,000 models lie on the curves, at each month as far as its size allows."""
    profile = load_profile("default")
    families = make_families(profile, 100_000, 3)
    hub = make_traits(profile, families, 3)
    assert np.allclose(profile.adoption.sum(axis=2), 1.0)
    assert (profile.adoption >= 0).all()
    for month in range(12, len(profile.months), 6):
        mine = hub.month == month
        asked = profile.adoption[hub.relation[mine], month].mean(axis=0)
        planted = np.bincount(hub.tool[mine], minlength=len(asked)) / mine.sum()
        assert np.abs(planted - asked).max() < 0.05, profile.months[month]


def test_faults_and_copies_come_at_the_asked_rates(hub: Path) -> None:
    found = json.loads((hub / "truth" / "truth.json").read_text())
    for name in ("absent", "blank", "unclosed", "no_yaml", "empty"):
        asked, planted = found["faults"][name].values()
        assert abs(planted - asked) < 4 * (asked / N) ** 0.5 + 0.002, name
    for name in ("duplicates", "near_duplicates"):
        assert found[name]["planted"] == pytest.approx(found[name]["asked"], abs=0.02)
    assert found["mean_bytes"] == pytest.approx(3400, rel=0.2)
    assert sum(found["word_shares"].values()) == pytest.approx(1.0, abs=1e-4)


# --- the truth is true of the cards ----------------------------------------------------------------------------------


def test_copies_repeat_their_source(texts: dict, truth: list) -> None:
    exact = [row for row in truth if row["duplicate_of"]]
    near = [row for row in truth if row["near_duplicate_of"]]
    assert len(exact) > 200
    assert all(texts[row["model_id"]] == texts[row["duplicate_of"]] for row in exact)
    assert len(near) > 100
    for row in near:
        ours, theirs = texts[row["model_id"]].split(b"\n"), texts[row["near_duplicate_of"]].split(b"\n")
        assert ours != theirs
        assert ours[: len(theirs) - 1] == theirs[:-1]


def test_what_a_child_took_over_stands_in_its_parent_s_card_and_what_it_dropped_does_not(
    texts: dict, truth: list
) -> None:
    headings = {
        "limitations": b"## Known limitations\n\n",
        "out_of_scope": b"## Out of scope\n\n",
        "license": b"## License terms\n\n",
    }
    rows = {row["model_id"]: row for row in truth}
    inherited = dropped = 0
    for row in truth:
        if row["parent"] is None:
            assert row["dropped"] == []
            assert row["words_inherited"] == 0
            continue
        ours, theirs = texts[row["model_id"]], texts[row["parent"]]
        for label in row["dropped"]:
            if heading := headings.get(label):
                first = theirs.partition(heading)[2].partition(b"\n")[0]
                assert len(first) > 40
                assert first not in ours
                dropped += 1
        if row["lines_inherited"]:
            inherited += 1
            shared = set(ours.split(b"\n")) & set(theirs.split(b"\n"))
            assert sum(bool(line.strip()) for line in shared) >= row["lines_inherited"]
            assert set(row["sections"]) & set(rows[row["parent"]]["sections"])
    assert inherited > 20
    assert dropped > 100


@pytest.mark.parametrize("profile", profiles())
def test_every_tool_writes_lines_that_are_known_to_be_its(profile: str) -> None:
    """The lines in the table are the tools' in the eyes of the signatures and of the boilerplate, each of them."""
    made = writer(6000, 9, profile)
    seen = set()
    for number in range(6000):
        tool = int(made.hub["tool"][number])
        if not tool or tool in seen or made.hub["fault"][number] or made.hub["source"][number] != number:
            continue
        seen.add(tool)
        lines, hands = made.body(number, made.parents(number))
        card = parse_card(made.write(number).content)
        found = detect_generators(card)
        assert found[0].id == made.profile.tools[tool - 1]["id"]
        given = {
            line: span.author
            for span in attribute(card, found).spans
            for line in range(span.span.first, span.span.last + 1)
        }
        assert card.body is not None
        start = card.lines.index(next(line for line in lines if line), card.body.first - 1)
        names = {
            TEMPLATE: Author.TEMPLATE, PLACEHOLDER: Author.PLACEHOLDER, AUTHORED: Author.AUTHORED,
            INHERITED: Author.AUTHORED,
        }  # fmt: skip
        for at, (line, hand) in enumerate(zip(lines, hands, strict=True)):
            if line.strip("`|*#>_~-+=: ") and start + at + 1 in given:
                assert given[start + at + 1] is names[hand], (found[0].id, line)
    assert len(seen) == len(made.profile.tools)


def test_names_are_unique_and_ids_the_hub_would_take() -> None:
    made = writer(3000, 4)
    names = [made.name(number) for number in range(3000)]
    assert len(set(names)) == 3000
    assert all(name.count("/") == 1 and len(name) < 96 for name in names)
    assert len({owner_name(number) for number in range(100_000)}) == 100_000
    assert len({mixed(1, number, purpose) for number in range(1000) for purpose in range(10)}) == 10_000


# --- at the door -----------------------------------------------------------------------------------------------------


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("mine")
    with pytest.raises(InvalidCorpus, match="is not empty"):
        simulate(tmp_path, 100, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["note"]


def test_an_unknown_profile_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidTable, match="nowhere"):
        simulate(tmp_path / "hub", 100, 1, profile="nowhere")
    assert not (tmp_path / "hub").exists()


def test_the_command_says_what_it_made(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, [str(tmp_path / "hub"), "--models", "300", "--workers", "1"])
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "300 cards" in result.stderr
    assert (tmp_path / "hub" / "truth" / "models.parquet").exists()
    quiet = CliRunner().invoke(command, [str(tmp_path / "b"), "--models", "300", "--workers", "1", "-q"])
    assert (quiet.exit_code, quiet.output) == (0, "")
    assert (command.help or "").splitlines()[0] == COMMANDS["simulate"][1]


# --- the fast way in -------------------------------------------------------------------------------------------------


def test_a_batch_is_stored_as_one_card_at_a_time_would_be(tmp_path: Path) -> None:
    rows = [
        {"model_id": f"o/m{number // 2}", "revision": f"r{number // 2}", "tags": ["a"], "source": "test"}
        for number in range(40)
    ]
    contents = [b"# one\n" if number < 20 else f"# {number}\n".encode() for number in range(40)]
    with CorpusWriter(tmp_path / "slow", shards=4) as slow:
        taken = sum(slow.add(row, content) for row, content in zip(rows, contents, strict=True))
    table = pa.table(
        [
            pa.array([text_id(content) for content in contents] if field.name == "text_id" else
                     [row.get(field.name) for row in rows], field.type)
            for field in CARDS
        ],
        schema=CARDS,
    )  # fmt: skip
    with CorpusWriter(tmp_path / "fast", shards=4) as fast:
        assert fast.add_batch(table, contents) == taken == 30
        assert fast.add_batch(table, contents) == 0
    assert fast.manifest.parts == slow.manifest.parts
    counts = fast.manifest.counts
    assert (counts["offered"], counts["repeated"], counts["cards"]) == (80, 50, 30)

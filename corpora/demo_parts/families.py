"""The families: which model was made of which, under what licence, and in what look its card appears."""

# ruff: noqa: E501 - a table is read by its columns, and a card's line is as long as its tool writes it

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo_parts import wording
from demo_parts.looks import LOOKS
from demo_parts.record import Dice, Model, front_matter
from demo_parts.wording import Topic

HAND = Path(__file__).with_name("hand")


@dataclass(frozen=True)
class Line:
    """One model of a family; the card is written by hand, or by a look.

    Attributes:
        parents: Ids; the relation holds for all of them.
        license: ``None`` leaves the field out; ``{"license": "other", ...}`` sets several.
        stated: Whether the card names its parents in the front matter (tags name them anyway).
    """

    model_id: str
    parents: tuple[str, ...] = ()
    relation: str = ""
    look: str = "written"
    license: Any = None
    created: str = ""
    stated: bool = True
    extra: dict[str, Any] = field(default_factory=dict)
    hub: dict[str, Any] = field(default_factory=dict)


B, BI = "polar-institute/borealis-7b", "polar-institute/borealis-7b-instruct"
F, L = "quietforge/fjord-7b-chat", "saltmarsh-ai/ledger-7b-chat"
C, CI = "harborlight/cobalt-8b", "harborlight/cobalt-8b-instruct"
Q, QI = "openburrow/quill-1b", "openburrow/quill-1b-instruct"
G, GI = "lichen-works/gneiss-2b", "lichen-works/gneiss-2b-it"
T, H, M, S = (
    "meadow-research/thistle-base",
    "estuary-speech/heron-small",
    "atelier-nord/marble-xl",
    "dunelab/sandpiper-vit",
)
TIDE = {"license": "other", "license_name": "tidewater-community-1.0", "license_link": "LICENSE"}
FLAGSHIP = L

#: Family by family: root first, a parent always before its children.
FAMILIES: tuple[tuple[Topic, str, tuple[Line, ...]], ...] = (
    (wording.CHAT, "no sv da fi is en", (
        Line(B, look="hand", license="cc-by-nc-4.0", created="2022-11-14", hub={"downloads": 48120, "likes": 212}),
        Line(BI, (B,), "finetune", "hand", "cc-by-nc-4.0", "2023-03-02", hub={"downloads": 91350, "likes": 344}),
        Line(F, (BI,), "finetune", "hand", "apache-2.0", "2024-02-20", hub={"downloads": 15804, "likes": 97}),
        Line(L, (F,), "finetune", "hand", "apache-2.0", "2025-04-11", extra={"datasets": ["saltmarsh-ai/bookkeeping-chats"], "tags": ["generated_from_trainer", "axolotl"], "library_name": "transformers"}, hub={"downloads": 6240, "likes": 31}),
        Line("gristmill/ledger-7b-chat-GGUF", (L,), "quantized", "gguf", "apache-2.0", "2025-04-13", hub={"downloads": 12904, "likes": 14}),
        Line("kernelpress/ledger-7b-chat-imatrix-GGUF", (L,), "quantized", "imatrix", "mit", "2025-04-15", hub={"downloads": 3411, "likes": 3}),
        Line("mlx-haven/ledger-7b-chat-4bit", (L,), "quantized", "mlx", "apache-2.0", "2025-04-16", hub={"downloads": 690, "likes": 0}),
        Line("saltmarsh-ai/ledger-7b-vat-lora", (L,), "adapter", "peft", None, "2025-05-02"),
        Line("tallowmind/ledger-tern-7b", (L, "quietforge/tern-7b-story"), "merge", "mergekit", "apache-2.0", "2025-06-01"),
        Line("quietforge/tern-7b-story", (F,), "finetune", "unsloth", None, "2024-05-09"),
        Line("quietforge/tern-7b-story-v2", ("quietforge/tern-7b-story",), "finetune", "trl", "mit", "2024-08-21"),
        Line("polar-institute/borealis-7b-long", (B,), "finetune", "written", "apache-2.0", "2023-06-30"),
        Line("gristmill/borealis-7b-GGUF", (B,), "quantized", "gguf", "cc-by-nc-4.0", "2023-09-18"),
        Line("gristmill/borealis-7b-instruct-GGUF", (BI,), "quantized", "gguf", "llama2", "2023-09-19"),
        Line("kernelpress/fjord-7b-chat-GGUF", (F,), "quantized", "imatrix", "apache-2.0", "2024-02-28"),
        Line("runestone/borealis-saga-lora", (B,), "adapter", "peft", "mit", "2023-11-25"),
        Line("runestone/borealis-saga", (B,), "finetune", "trainer", "cc-by-nc-sa-4.0", "2023-12-12"),
    )),
    (wording.CHAT, "en", (
        Line(C, look="hand", license="llama3.1", created="2024-04-18", hub={"gated": "manual", "downloads": 730412, "likes": 2210}),
        Line(CI, (C,), "finetune", "written", "llama3.1", "2024-04-18", hub={"gated": "manual", "downloads": 1204877, "likes": 3120}),
        Line("brackwater/cobalt-8b-freed", (CI,), "finetune", "written", "mit", "2024-06-03"),
        Line("brackwater/cobalt-8b-freed-v2", ("brackwater/cobalt-8b-freed",), "finetune", "trl", "mit", "2024-09-07"),
        Line("mistkeeper/cobalt-8b-lantern", ("brackwater/cobalt-8b-freed-v2",), "finetune", "unsloth", None, "2024-11-19"),
        Line("kernelpress/cobalt-8b-lantern-GGUF", ("mistkeeper/cobalt-8b-lantern",), "quantized", "imatrix", "apache-2.0", "2024-11-21"),
        Line("mistkeeper/Llama-cobalt-8b-notes", (CI,), "finetune", "written", "llama3.1", "2024-07-15"),
        Line("tallowmind/cobalt-8b-research", (C,), "finetune", "written", "cc-by-nc-4.0", "2024-10-01"),
        Line("tallowmind/cobalt-8b-gemmed", (CI,), "finetune", "trainer", "gemma", "2024-10-11"),
        Line("tallowmind/cobalt-8b-poet-lora", (CI,), "adapter", "peft", "apache-2.0", "2024-12-01"),
        Line("gristmill/cobalt-8b-instruct-GGUF", (CI,), "quantized", "gguf", "llama3.1", "2024-05-01"),
        Line("mlx-haven/cobalt-8b-instruct-8bit", (CI,), "quantized", "mlx", "llama3.1", "2024-05-20"),
        Line("harborlight/cobalt-8b-guard", (C,), "finetune", "written", "apache-2.0", "2024-08-02"),
        Line("brackwater/cobalt-tern", (CI, "quietforge/tern-7b-story"), "merge", "mergekit", "cc-by-nc-4.0", "2024-12-24"),
    )),
    (wording.CODE, "en", (
        Line(Q, look="written", license="gpl-3.0", created="2023-05-05"),
        Line(QI, (Q,), "finetune", "written", "gpl-3.0", "2023-07-01"),
        Line("sprigsoft/quill-review", (QI,), "finetune", "trainer", "mit", "2023-10-10"),
        Line("sprigsoft/quill-review-agpl", (QI,), "finetune", "trainer", "agpl-3.0", "2023-10-12"),
        Line("sprigsoft/quill-fortran-lora", (Q,), "adapter", "peft", "apache-2.0", "2024-01-08"),
        Line("gristmill/quill-1b-instruct-GGUF", (QI,), "quantized", "gguf", "gpl-3.0", "2023-09-01"),
        Line("tallowmind/quill-cobalt-frank", (QI, CI), "merge", "mergekit", None, "2024-09-30"),
        Line("tallowmind/quill-cobalt-frank-2", (QI, CI, "sprigsoft/quill-review"), "merge", "mergekit", ["mit", "gpl-3.0"], "2024-10-02"),
        Line("oxbow/quill-trace", (Q,), "finetune", "autotrain", "mpl-2.0", "2024-03-03"),
    )),
    (wording.CHAT, "en", (
        Line(G, look="hand", license="gemma", created="2024-02-21", hub={"gated": "auto", "downloads": 220981, "likes": 840}),
        Line(GI, (G,), "finetune", "written", "gemma", "2024-02-21"),
        Line("smallhours/gneiss-2b-diary", (GI,), "finetune", "unsloth", None, "2024-06-17"),
        Line("smallhours/gneiss-2b-diary-lora", (GI,), "adapter", "peft", "mit", "2024-06-18"),
        Line("smallhours/gneiss-2b-diary-merged", ("smallhours/gneiss-2b-diary-lora",), "finetune", "template", "mit", "2024-06-19"),
        Line("mlx-haven/gneiss-2b-it-4bit", (GI,), "quantized", "mlx", "gemma", "2024-03-01"),
        Line("gristmill/gneiss-2b-it-GGUF", (GI,), "quantized", "gguf", None, "2024-03-02"),
        Line("lowtide/tide-3b", look="written", license=TIDE, created="2024-01-15"),
        Line("lowtide/tide-3b-chat", ("lowtide/tide-3b",), "finetune", "trl", TIDE, "2024-03-20"),
        Line("smallhours/tide-3b-recipes", ("lowtide/tide-3b-chat",), "finetune", "unsloth", None, "2024-07-04"),
        Line("smallhours/tide-3b-bare-other", ("lowtide/tide-3b",), "finetune", "trainer", "other", "2024-07-05"),
        Line("tallowmind/tide-gneiss", (GI, "lowtide/tide-3b-chat"), "merge", "mergekit", {"license": "other", "license_name": "mixed"}, "2024-08-08"),
    )),
    (wording.IMAGE, "en", (
        Line(M, look="written", license="creativeml-openrail-m", created="2022-10-20", hub={"downloads": 310022, "likes": 1502}),
        Line("atelier-nord/marble-xl-inpaint", (M,), "finetune", "written", "creativeml-openrail-m", "2022-12-05"),
        Line("inkpot/marble-woodcut-lora", (M,), "adapter", "lora-image", "apache-2.0", "2023-08-08"),
        Line("inkpot/marble-watercolour-lora", (M,), "adapter", "lora-image", "creativeml-openrail-m", "2023-08-19"),
        Line("inkpot/marble-maps", (M,), "finetune", "written", "openrail++", "2023-02-14"),
        Line("inkpot/marble-maps-free", ("inkpot/marble-maps",), "finetune", "written", "cc0-1.0", "2023-05-14"),
        Line("gallerist/marble-portraits", (M,), "finetune", "written", "cc-by-nc-nd-4.0", "2023-04-01"),
        Line("gallerist/marble-portraits-q8", ("gallerist/marble-portraits",), "quantized", "written", "cc-by-nc-nd-4.0", "2023-11-01"),
        Line("inkpot/portraits-remix", ("gallerist/marble-portraits",), "finetune", "template", "mit", "2024-02-02"),
    )),
    (wording.VECTORS, "en de", (
        Line(T, look="hand", license="apache-2.0", created="2022-06-09", extra={"tags": ["fill-mask"], "library_name": "transformers"}, hub={"downloads": 88123, "likes": 130}),
        Line("meadow-research/thistle-sentence", (T,), "finetune", "sentence-transformers", "apache-2.0", "2022-09-09"),
        Line("clerkship/thistle-headnotes", ("meadow-research/thistle-sentence",), "finetune", "sentence-transformers", "mit", "2024-07-23"),
        Line("clerkship/thistle-drawers", ("meadow-research/thistle-sentence",), "finetune", "setfit", "apache-2.0", "2024-03-17"),
        Line("clerkship/thistle-drawers-onnx", ("clerkship/thistle-drawers",), "quantized", "written", None, "2024-03-20"),
        Line("clerkship/thistle-headnotes-v2", ("clerkship/thistle-headnotes",), "finetune", "sentence-transformers", "cc-by-nc-4.0", "2024-12-12"),
        Line("clerkship/thistle-headnotes-v3", ("clerkship/thistle-headnotes-v2",), "finetune", "sentence-transformers", "apache-2.0", "2025-03-04"),
    )),
    (wording.SPEECH, "en es fr", (
        Line(H, look="hand", license="cc-by-4.0", created="2023-01-30", extra={"tags": ["audio"], "library_name": "transformers"}, hub={"downloads": 40100, "likes": 77}),
        Line("townhall/heron-councils", (H,), "finetune", "written", "cc-by-4.0", "2023-07-12"),
        Line("townhall/heron-councils-phone", ("townhall/heron-councils",), "finetune", "trainer", "wtfpl", "2023-10-02"),
        Line("townhall/heron-councils-int8", ("townhall/heron-councils",), "quantized", "written", "cc-by-sa-4.0", "2023-12-02"),
    )),
    (wording.VISION, "", (
        Line(S, look="written", license="cc-by-sa-4.0", created="2022-05-17"),
        Line("wardenry/sandpiper-night", (S,), "finetune", "trainer", "mit", "2023-03-28"),
        Line("wardenry/sandpiper-nests", ("wardenry/sandpiper-night",), "finetune", "trainer", "mit", "2023-06-28"),
        Line("wardenry/sandpiper-gulls", (S,), "finetune", "autotrain", "gpl-3.0", "2024-04-04"),
        Line("wardenry/sandpiper-gulls-tiny", ("wardenry/sandpiper-gulls",), "", "template", None, "2024-05-04"),
    )),
)  # fmt: skip

_OWNERS = (
    "pebblepath",
    "ninefold",
    "driftnet",
    "copperjay",
    "halflight",
    "mossbank",
    "overwinter",
    "plainsong",
    "rookery-ml",
    "tindersmith",
)
_WORDS = ("amber", "birch", "cinder", "delta", "ember", "fable", "grove", "hazel", "iris", "juniper", "kelp", "lark", "maple", "nettle", "onyx", "plover")  # fmt: skip
#: look, relation, share of the crowd
_CROWD = (("trainer", "finetune", 24), ("unsloth", "finetune", 10), ("trl", "finetune", 8), ("peft", "adapter", 12),
          ("gguf", "quantized", 8), ("imatrix", "quantized", 5), ("mlx", "quantized", 4), ("template", "finetune", 8),
          ("mergekit", "merge", 6), ("written", "finetune", 8), ("autotrain", "finetune", 3))  # fmt: skip
_CHATS = (BI, F, CI, QI, GI, "lowtide/tide-3b-chat", "brackwater/cobalt-8b-freed", "quietforge/tern-7b-story")
_ENCODERS = (T, T, H, S)


def named(seed: int) -> Iterable[Model]:
    """The models of the table above."""
    for topic, languages, lines in FAMILIES:
        for line in lines:
            yield _model(line, topic, languages.split(), Dice(seed, line.model_id))


def crowd(seed: int) -> Iterable[Model]:
    """The many: made in an afternoon from something popular, most of them with the card their tool wrote."""
    dice = Dice(seed, "crowd")
    taken: set[str] = set()
    for look, relation, count in _CROWD:
        for _ in range(count):
            parents = tuple(dice.sample(_CHATS, dice.randint(2, 4) if relation == "merge" else 1))
            topic = wording.CODE if QI in parents else wording.CHAT
            if look in ("trainer", "autotrain") and dice.random() < 0.7:
                parents = (dice.choice(_ENCODERS),)
                topic = {T: wording.VECTORS, H: wording.SPEECH, S: wording.VISION}[parents[0]]
            stem = parents[0].rpartition("/")[2]
            suffix = {"gguf": "-GGUF", "imatrix": "-i1-GGUF", "mlx": "-mlx", "peft": "-lora"}.get(look, "")
            name = f"{dice.choice(_OWNERS)}/{stem}-{dice.choice(_WORDS)}{suffix}"
            if name in taken:
                name += f"-{len(taken)}"
            taken.add(name)
            license_ = dice.choice((None, "mit", "apache-2.0", "apache-2.0", "cc-by-nc-4.0", "llama3.1", "openrail"))
            day = f"{dice.choice((2024, 2025))}-{dice.randint(1, 5):02d}-{dice.randint(1, 28):02d}"
            line = Line(name, parents, relation, look, license_, day, stated=dice.random() < 0.85)
            yield _model(line, topic, [], Dice(seed, name))
    for number in range(10):
        line = Line(
            f"{dice.choice(_OWNERS)}/agent-{dice.choice(_WORDS)}-{number}",
            (),
            "",
            "agent",
            None,
            f"2023-{number + 1:02d}-09",
        )
        yield _model(line, wording.AGENT, [], Dice(seed, line.model_id))


def _model(line: Line, topic: Topic, languages: list[str], dice: Dice) -> Model:
    fields: dict[str, Any] = {"language": languages} if languages and line.look != "trainer" else {}
    if line.license is not None:
        fields |= line.license if isinstance(line.license, dict) else {"license": line.license}
    if line.parents and line.stated:
        fields["base_model"] = list(line.parents) if len(line.parents) > 1 else line.parents[0]
        if line.relation == "quantized" and dice.random() < 0.5:
            fields["base_model_relation"] = "quantized"
    if line.look in ("hand", "written"):
        fields["pipeline_tag"] = topic.task
    if line.look == "hand":
        body = "\n" + (HAND / f"{line.model_id.rpartition('/')[2]}.md").read_text(encoding="utf-8")
    else:
        body = LOOKS[line.look](line.model_id, line.parents[0] if line.parents else "", topic, dice, fields)
    fields |= line.extra
    created = datetime.fromisoformat(line.created).replace(
        tzinfo=UTC, hour=dice.randint(0, 23), minute=dice.randint(0, 59)
    )
    return Model(
        line.model_id,
        front_matter(fields) + body,
        created,
        tuple((parent, line.relation) for parent in line.parents),
        tuple(fields.get("tags", ())),
        topic.task,
        fields.get("library_name"),
        gated=line.hub.get("gated"),
        modified=dice.after(created),
        downloads=line.hub.get("downloads", int(10 ** dice.uniform(0.5, 3.6))),
        likes=line.hub.get("likes", dice.choice((0, 0, 0, 1, 2, 5, 9))),
        fields=fields,
    )

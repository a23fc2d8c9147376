"""The shipped encoder: what NumPy reads is what Sentence Transformers reads, in every script, alone or in a crowd."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cardscope.embedders import load_embedder
from cardscope.embedders.static import LONGEST_RUN, StaticEmbedder, WordTable, normalize
from cardscope.errors import UsageError
from cardscope.shipped import shipped

TEXTS = [
    "This model was fine-tuned on a private data set of 4,000 letters.",
    "## Limitations\nThe model may invent names. Do not use it for medical advice.",
    "本模型由公司内部数据训练，仅供研究使用，可能产生不准确的内容。",
    "このモデルは日本語の会話データで学習されました。商用利用はできません。",
    "이 모델은 한국어 뉴스로 학습되었으며 오류가 있을 수 있습니다.",
    "Эта модель обучена на новостях и может ошибаться.",
    "تم تدريب هذا النموذج على نصوص عربية وقد يخطئ.",
    "Το μοντέλο εκπαιδεύτηκε σε ελληνικά κείμενα ΟΔΟΣ.",
    "โมเดลนี้ฝึกด้วยข้อมูลภาษาไทย",
    "यह मॉडल हिन्दी समाचारों पर प्रशिक्षित है",
    "מודל זה אומן על טקסטים בעברית",
    "Ce modèle a été entraîné sur des données françaises ; naïveté, œuvre, ﬁn.",
    '| metric | value |\n|:---|---|\n| accuracy | 0.91 % |\n```python\nx = load("a/b")\n```',
    "qxzvorpalflumberyjack7 " + "z" * 500,
    "İstanbul ǅ ẞ Ｆｕｌｌ ｶﾞｶﾞ ½ ① ℌ 𝐛𝐨𝐥𝐝 \u1c89 \ua7cb \u32ff \U0001f16c",
    "a\u0301\u0323 e\u0323\u0301 \u0f71\u0f72 \u1100\u1161\u11a8",
]


@pytest.fixture(scope="module")
def encoder() -> StaticEmbedder:
    return StaticEmbedder()


def test_rows_have_length_one_and_texts_without_words_none(encoder: StaticEmbedder) -> None:
    vectors = encoder.encode([*TEXTS, "", "  \n", "🙂 — …"])
    assert vectors.shape == (len(TEXTS) + 3, encoder.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[: len(TEXTS)], axis=1), 1.0, atol=3e-6)
    assert not vectors[len(TEXTS) :].any()
    assert encoder.encode([]).shape == (0, encoder.dimensions)


def test_a_vector_depends_on_its_text_alone(encoder: StaticEmbedder) -> None:
    crowd = encoder.encode(TEXTS * 3)
    for number, text in enumerate(TEXTS):
        alone = StaticEmbedder().encode([text])[0] if number < 3 else encoder.encode([text])[0]
        assert crowd[number].tobytes() == alone.tobytes()
        assert crowd[number + len(TEXTS)].tobytes() == alone.tobytes()


def test_reversed_order_gives_the_same_bits(encoder: StaticEmbedder) -> None:
    assert encoder.encode(TEXTS[::-1])[::-1].tobytes() == encoder.encode(TEXTS).tobytes()


@pytest.mark.neural
def test_sentence_transformers_gives_the_same_vectors(encoder: StaticEmbedder) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers", reason="needs the extra neural")
    model = sentence_transformers.SentenceTransformer(str(shipped("models/card-encoder")), device="cpu")
    theirs = model.encode([*TEXTS, "", "🙂"], convert_to_numpy=True)
    np.testing.assert_allclose(encoder.encode([*TEXTS, "", "🙂"]), theirs, atol=1e-6)


def test_every_character_is_read_as_tokenizers_reads_it() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    theirs = tokenizers.Tokenizer.from_file(str(shipped("models/card-encoder") / "tokenizer.json"))
    entries = theirs.get_vocab()
    table = WordTable(entries)
    characters = [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
    texts = ["x" + "y\x00".join(characters[i : i + 500]) for i in range(0, len(characters), 500)]
    for text, found in zip(texts, theirs.encode_batch(texts, add_special_tokens=False), strict=True):
        assert table.find(text) == found.ids


@pytest.mark.shared
def test_real_cards_are_read_as_tokenizers_reads_them(shared: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    import pyarrow.parquet as pq

    cards = [
        card[:20_000]
        for card in pq.read_table(shared / "cards" / "cards.parquet", columns=["card"])["card"].to_pylist()
    ]
    odd = [card for card in cards if not card.isascii()]
    sample = odd[::8] + cards[::40]
    assert len(sample) > 1000
    theirs = tokenizers.Tokenizer.from_file(str(shipped("models/card-encoder") / "tokenizer.json"))
    table = WordTable(theirs.get_vocab())
    for text, found in zip(sample, theirs.encode_batch(sample, add_special_tokens=False), strict=True):
        assert table.find(text) == found.ids


def test_loads_and_encodes_without_heavy_libraries() -> None:
    code = (
        "import sys\n"
        "from cardscope.embedders.static import StaticEmbedder\n"
        "assert StaticEmbedder().encode(['a model']).any()\n"
        "heavy = {'torch', 'sentence_transformers', 'transformers', 'tokenizers', 'sklearn', 'scipy', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("sentence", "same", "other"),
    [
        ("模型训练数据来自新闻", "训练数据：新闻语料", "许可证：仅限非商业用途"),
        ("モデルの学習データはニュースです", "ニュースの学習データ", "ライセンスは非商用です"),
        ("모델은 뉴스 데이터로 학습되었습니다", "학습 데이터는 뉴스입니다", "라이선스는 비상업적 용도입니다"),
        ("модель обучена на новостях", "обучение модели: новости", "лицензия только для исследований"),
        ("تم تدريب النموذج على الأخبار", "تدريب نموذج الأخبار", "الرخصة غير تجارية"),
        ("zorbulated quuxification benchmark", "quuxification zorbulated twice", "frobnicator wibblewobble licence"),
    ],
)
def test_other_scripts_and_rare_words_have_neighbours(
    encoder: StaticEmbedder, sentence: str, same: str, other: str
) -> None:
    first, near, far = encoder.encode([sentence, same, other])
    assert first @ near > first @ far + 0.1
    assert first @ far < 0.95


def test_a_rare_word_is_cut_the_longest_piece_first() -> None:
    table = WordTable({"[UNK]": 0, "a": 1, "ab": 2, "##c": 3, "##cd": 4, "##d": 5, "whole": 6})
    assert table.find("whole abcd abc") == [6, 2, 4, 2, 3]
    assert table.find("abx a") == [0, 1]


def test_plain_letters_are_found_as_by_the_expression(encoder: StaticEmbedder) -> None:
    table = encoder._words
    draw = random.Random(4)
    letters = "aB9 _|:-`](%@=$\\\n\t\x1f\x01\r"
    for _ in range(3000):
        text = "".join(draw.choices(letters, k=draw.randrange(30))) + "X" * draw.choice((0, 0, 31, 32, 33, 65))
        # A letter outside ASCII on the line sends it through the expression; it gives a row of its own at the end.
        lines = [line + " 漢" for line in text.split("\n")]
        last = table.find("漢")
        expected = [row for line in lines for row in table.find(line)[: -len(last)]]
        assert table.find(text) == expected, repr(text)


def test_parts_are_what_their_lines_are_alone(encoder: StaticEmbedder) -> None:
    pieces = [[(number % 3 > 0, text) for number, text in enumerate(TEXTS[:count])] for count in range(len(TEXTS))]
    pieces.append([(True, "word " * 2000), (False, "other\n" * 700), (True, "words")])
    whole, marked = encoder.encode_parts(pieces)
    alone = encoder.encode(["\n".join(text for _, text in entry) for entry in pieces])
    np.testing.assert_allclose(whole, alone, atol=1e-5)  # the marked words are added first
    for number, entry in enumerate(pieces):
        assert whole[number].tobytes() == encoder.encode_parts([entry])[0].tobytes()  # whatever stands beside it
    own = ["\n".join(text for mark, text in entry if mark) for entry in pieces]
    np.testing.assert_allclose(marked, encoder.encode(own), atol=1e-6)  # the pieces of a rare word are added first


def test_parts_are_found_as_by_themselves_whatever_stands_in_them(encoder: StaticEmbedder) -> None:
    draw = random.Random(7)
    letters = "aB9 _|:-`](%@=$\\\n\t\x01\x0b\x1c\x85\xa0\u2028漢éß\u0301\ud800"
    for separated in (False, True):  # with the character that is put between pieces, and without
        some = letters if separated else letters.replace("\x01", "")
        texts = ["", " ", "\n", "word"] + ["".join(draw.choices(some, k=draw.randrange(40))) for _ in range(700)]
        whole, marked = encoder.encode_parts([[(True, text), (False, "")] for text in texts])
        np.testing.assert_allclose(whole, encoder.encode(texts), atol=1e-6)
        assert whole.tobytes() == marked.tobytes()


def test_no_texts_have_no_vectors(encoder: StaticEmbedder) -> None:
    whole, marked = encoder.encode_parts([])
    assert whole.shape == marked.shape == (0, encoder.dimensions)
    assert not encoder.encode_parts([[], [(True, "")]])[0].any()


def test_accents_width_and_case_do_not_matter() -> None:
    assert normalize("Modèle ＭＯＤＥＬＥ") == "modele modele"
    assert normalize("ΟΔΟΣ") == normalize("οδος")


def test_no_text_makes_the_search_for_pieces_long(encoder: StaticEmbedder) -> None:
    rows = WordTable({"[UNK]": 0, "x": 1, "##x": 2}).find("x" * 1000)
    assert rows.count(1) == -(-1000 // LONGEST_RUN)
    assert np.isfinite(encoder.encode(["q" * 1_000_000, "漢" * 100_000, "\u0301" * 100_000])).all()


def test_the_name_holds_a_digest_of_the_weights(encoder: StaticEmbedder) -> None:
    assert encoder.name.startswith("card-encoder@")
    assert len(encoder.name.split("@")[1]) == 12
    assert load_embedder("static").name == encoder.name


def test_a_folder_without_an_encoder_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="static encoder"):
        StaticEmbedder(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UsageError, match="static encoder"):
        StaticEmbedder(tmp_path)


def test_what_ships_is_small() -> None:
    folder = shipped("models/card-encoder")
    assert sum(file.stat().st_size for file in folder.rglob("*") if "__pycache__" not in file.parts) <= 10_000_000

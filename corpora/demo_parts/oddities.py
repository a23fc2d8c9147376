"""What goes wrong on a real hub, once each: broken metadata, bad links, hostile text, cards that cannot be read."""

# ruff: noqa: E501 - a table is read by its columns, and a card's line is as long as its tool writes it

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from demo_parts.record import Dice, Model

BASE = "polar-institute/borealis-7b"
_BIDI = chr(0x202E)

#: id, card, parents with relation, further facts
CARDS: tuple[tuple[str, str, tuple[tuple[str, str], ...], dict[str, Any]], ...] = (
    ("oddbin/yaml-broken", "---\nlicense: mit\ntags: [one, two\nlanguage: : en\n---\n\n# Kestrel\n\nThe list above never closes.\n", (), {}),
    ("oddbin/licence-key", f"---\nlicence: apache-2.0\nbase_model: {BASE}\n---\n\n# Oat\n\nThe licence stands under its British name.\n", ((BASE, "finetune"),), {}),
    ("oddbin/not-closed", f"---\nlicense: mit\nbase_model: {BASE}\n\n# Rye\n\nNobody closed the block above.\n", (), {}),
    ("oddbin/after-title", "# Barley\n\n---\nlicense: mit\n---\n\nThe metadata comes too late.\n", (), {}),
    ("oddbin/after-blank", "\n\n---\nlicense: mit\n---\n\n# Millet\n\nTwo empty lines hide the metadata.\n", (), {}),
    ("oddbin/twice", "---\nlicense: mit\n---\n---\nlicense: apache-2.0\ntags:\n- two\n---\n\n# Spelt\n\nTwo blocks, two licences.\n", (), {}),
    ("oddbin/duplicate-key", "---\nlicense: mit\ntags:\n- a\nlicense: gpl-3.0\n---\n\n# Emmer\n", (), {}),
    ("oddbin/tabs", "---\nlicense: mit\ntags:\n\t- tabbed\n---\n\n# Teff\n", (), {}),
    ("oddbin/braces", "---\n{}\n---\n\n# Sorghum\n\nRendered without data.\n", (), {}),
    ("oddbin/scalar", "---\njust a sentence\n---\n\n# Durum\n", (), {}),
    ("oddbin/norway", "---\nlanguage: no\nlicense: mit\nversion: 1.20\ndate: 2024-02-30\n---\n\n# Havre\n\nEn modell for norsk.\n", (), {}),
    ("oddbin/crlf", "---\r\nlicense: mit\r\nlanguage: en\r\n---\r\n\r\n# Maize\r\n\r\n## Limitations\r\n\r\nEvery line ends twice.\r\n", (), {}),
    ("oddbin/lone-cr", "---\nlicense: mit\n---\n# Fonio\r## Uses\rOld machines ended lines this way.\r", (), {}),
    ("oddbin/bom", "\ufeff---\nlicense: mit\n---\n\n# Farro\n", (), {}),
    ("oddbin/hostile", "---\nlicense: mit\ntitle: \"[bold red]owned[/bold red]\"\n---\n\n# \x1b[31mRed\x1b[0m [red]alert[/red] [link=https://evil.example]x[/link]\n\n"
     f"\x1b]0;new title\x07 \x1b[2J\x00\x08\x7f {_BIDI}drawkcab\n\n<script>alert('card')</script>\n<img src=x onerror=alert(1)>\n\n## Limitations\n\n[/] ]]] [[blink]] \x9b31m {{{{ 7 * 7 }}}}\n\n" + "a" * 3000 + "\n", (), {}),
    ("oddbin/deep-quotes", "---\nlicense: mit\n---\n\n# Nest\n\n" + ">" * 200 + " deep\n\n" + "* " * 60 + "item\n\n" + "[" * 400 + "\n", (), {}),
    ("oddbin/empty-readme", "", (), {}),
    ("oddbin/only-metadata", f"---\nlicense: openrail\nbase_model: {BASE}\n---\n", ((BASE, ""),), {}),
    ("oddbin/self-link", "---\nlicense: mit\nbase_model: oddbin/self-link\n---\n\n# Ouroboros\n", (("oddbin/self-link", "finetune"),), {}),
    ("oddbin/cycle-a", "---\nlicense: mit\nbase_model: oddbin/cycle-b\n---\n\n# Hen\n\nMade of the egg.\n", (("oddbin/cycle-b", "finetune"),), {}),
    ("oddbin/cycle-b", "---\nlicense: mit\nbase_model: oddbin/cycle-a\n---\n\n# Egg\n\nMade of the hen.\n", (("oddbin/cycle-a", "finetune"),), {}),
    ("oddbin/dead-link", "---\nlicense: mit\nbase_model: polar-institute/borealis-13b\n---\n\n# Orphan\n", (("polar-institute/borealis-13b", "finetune"),), {}),
    ("oddbin/dead-namespace", "---\nlicense: mit\nbase_model: nobody-ever/borealis-7b\n---\n\n# Foundling\n", (), {}),
    ("oddbin/bare-name", "---\nlicense: mit\nbase_model: borealis-7b\n---\n\n# Bare\n\nThe owner was left out.\n", (), {}),
    ("oddbin/local-path", "---\nlicense: mit\nbase_model: ./outputs/checkpoint-1200\n---\n\n# Local\n", (), {}),
    ("oddbin/local-path-2", "---\nbase_model: /mnt/training/fjord/merged_16bit\n---\n\n# Uploaded  model\n\n- **Finetuned from model :** /mnt/training/fjord/merged_16bit\n", (), {}),
    ("oddbin/url-parent", f"---\nlicense: mit\nbase_model: https://huggingface.co/{BASE}\n---\n\n# Url\n", ((BASE, "finetune"),), {}),
    ("oddbin/list-with-hole", f"---\nlicense:\n- mit\n- cc-by-nc-4.0\nbase_model:\n- {BASE}\n-\n---\n\n# Hole\n", ((BASE, "merge"),), {}),
    ("oddbin/prose-parent", f"# Murmur\n\nThis model is a fine-tuned version of [{BASE}](https://huggingface.co/{BASE}). There is no metadata.\n", (), {}),
    ("oddbin/template-twice", "---\nlicense: mit\n---\n\n# Model Card for {MODEL_NAME}\n\n## Uses\n\n[More Information Needed]\n\n## Uses\n\n[More Information Needed]\n", (), {}),
    ("oddbin/fenced-headings", "---\nlicense: mit\n---\n\n# Fence\n\n```bash\n# not a heading\n## nor this\n```\n\n~~~\n# Limitations\nnone here\n~~~\n\n    # indented, not a heading either\n\nSetext\n------\n\n**Out-of-scope use**\n\nNot for tests of patience.\n", (), {}),
    ("oddbin/html-card", "---\nlicense: mit\n---\n\n<h1 align=\"center\">Gable</h1>\n\n<details><summary>Limitations</summary>\n\nIt only knows roofs.\n\n</details>\n\n<!-- ## Hidden\nnot shown -->\n", (), {}),
    ("oddbin/renamed-now", "---\nlicense: cc-by-4.0\n---\n\n# Wren\n\nThis repository moved from its first owner. Summaries of weather reports.\n\n## Limitations\n\nFog is always called mist.\n", (), {"renamed_from": ("oddhut/wren-small", "wren-small")}),
    ("oddbin/child-of-old-name", "---\nlicense: cc-by-4.0\nbase_model: oddhut/wren-small\n---\n\n# Wren chick\n\nStill names its parent by the old name.\n", (("oddhut/wren-small", "finetune"),), {}),
    ("oddbin/child-of-gated", "---\nlicense: apache-2.0\nbase_model: harborlight/cobalt-70b\n---\n\n# Splinter\n\nIts parent cannot be read without a token.\n", (("harborlight/cobalt-70b", "finetune"),), {}),
    ("oddbin/child-of-removed", "---\nlicense: apache-2.0\nbase_model: brackwater/withdrawn-7b\n---\n\n# Remainder\n\nIts parent is gone.\n", (("brackwater/withdrawn-7b", "finetune"),), {}),
    ("oddbin/quant-copies-base", f"---\nlicense: cc-by-nc-4.0\nbase_model: {BASE}\nquantized_by: oddbin\n---\n\n# Copy\n\nFiles in eight bits. The original card follows.\n\n@BASE@", ((BASE, "quantized"),), {}),
    ("yuhe-lab/heliu-1b-chat", "---\nlanguage: zh\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n\n# 河流 1B 对话模型\n\n## 模型介绍\n\n河流是一个用于问答的小型中文模型，由虚构的雨河实验室训练。\n\n## 使用方法\n\n把问题直接交给模型即可。\n\n## 训练数据\n\n两百万段经过筛选的对话。\n\n## 局限性\n\n模型会编造日期。模型不了解二〇二四年以后的事情。请勿用于医疗建议。\n\n## 许可证\n\nApache-2.0\n", (), {}),
    ("kumo-kenkyu/kasumi-base", "---\nlanguage: ja\nlicense: mit\n---\n\n# 霞ベースモデル\n\n## モデルの概要\n\n短い俳句を書くための小さな言語モデルです。\n\n## 使い方\n\n季語を一つ渡してください。\n\n## 学習データ\n\n著作権の切れた句集を使いました。\n\n## 制限事項\n\n十七音を超えることがあります。事実の確認には使えません。\n\n## ライセンス\n\nMIT\n", (), {}),
    ("namu-ai/solbang-2b", "---\nlanguage: ko\nlicense: cc-by-nc-4.0\n---\n\n# 솔방 2B\n\n## 모델 설명\n\n도서관 안내를 위한 한국어 모델입니다.\n\n## 사용 방법\n\n질문을 한 문장으로 입력하세요.\n\n## 학습 데이터\n\n안내 대화 삼만 건.\n\n## 한계\n\n책의 위치를 자주 틀립니다. 법률 상담에 쓰지 마세요.\n\n## 라이선스\n\ncc-by-nc-4.0\n", (), {}),
    ("rechka/bereza-small", "---\nlanguage: ru\nlicense: apache-2.0\n---\n\n# Берёза\n\n## Описание модели\n\nНебольшая модель для кратких пересказов новостей.\n\n## Использование\n\nПередайте модели текст длиной до тысячи слов.\n\n## Данные для обучения\n\nТридцать тысяч статей с согласия редакций.\n\n## Ограничения\n\nМодель путает фамилии. Она не годится для юридических решений.\n\n## Лицензия\n\nApache-2.0\n", (), {}),
    ("arroyo-lab/jilguero-es", "---\nlanguage: es\nlicense: cc-by-4.0\n---\n\n# Jilguero\n\n## Descripción del modelo\n\nClasifica quejas de vecinos por barrio.\n\n## Cómo usar\n\nBasta con pasarle una frase.\n\n## Datos de entrenamiento\n\nOcho mil cartas anónimas.\n\n## Limitaciones\n\nNo entiende la ironía. No debe usarse para sancionar a nadie.\n\n## Licencia\n\ncc-by-4.0\n", (), {}),
    ("ruisseau/mesange-fr", f"---\nlanguage: fr\nlicense: mit\nbase_model: {BASE}\n---\n\n# Mésange\n\n## Description du modèle\n\nUn petit modèle qui résume des délibérations.\n\n## Utilisation\n\nDonnez-lui une page à la fois.\n\n## Données d'entraînement\n\nQuatre mille comptes rendus publics.\n\n## Limites\n\nIl confond les dates et les votes. À ne pas employer pour une décision de justice.\n\n## Licence\n\nMIT\n", ((BASE, "finetune"),), {}),
    ("bachlauf/zeisig-de", "---\nlanguage: de\nlicense: apache-2.0\nbase_model: meadow-research/thistle-base\n---\n\n# Zeisig\n\n## Modellbeschreibung\n\nZeisig ordnet Leserbriefe nach Themen.\n\n## Verwendung\n\nEin Brief je Aufruf.\n\n## Trainingsdaten\n\nFünftausend Briefe aus drei Zeitungen, mit Zustimmung.\n\n## Einschränkungen\n\nMundart wird schlecht erkannt. Nicht für Entscheidungen über Menschen gedacht.\n\n## Lizenz\n\nApache-2.0\n", (("meadow-research/thistle-base", "finetune"),), {}),
    ("ribeira/sabia-pt", "---\nlanguage: pt\nlicense: mit\n---\n\n# Sabiá da ribeira\n\n## Descrição do modelo\n\nResponde perguntas sobre horários de barcos.\n\n## Como usar\n\nEnvie uma pergunta curta.\n\n## Dados de treinamento\n\nDoze mil perguntas escritas por voluntários.\n\n## Limitações\n\nErra os horários de feriados. Não serve para emergências.\n\n## Licença\n\nMIT\n", (), {}),
)  # fmt: skip

#: id, state, tags: models without a readable card
UNREADABLE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("harborlight/cobalt-70b", "gated", ("transformers", "license:llama3.1", "region:us")),
    ("lichen-works/gneiss-9b", "gated", ("transformers", "license:gemma", "base_model:lichen-works/gneiss-2b", "region:us")),
    ("saltmarsh-ai/ledger-13b-internal", "private", ("transformers", "base_model:saltmarsh-ai/ledger-7b-chat", "base_model:finetune:saltmarsh-ai/ledger-7b-chat")),
    ("brackwater/withdrawn-7b", "removed", ()),
    ("inkpot/taken-down-lora", "removed", ()),
    ("pebblepath/checkpoint-dump", "no-readme", ("safetensors", "region:us")),
    ("ninefold/weights-only-fjord", "no-readme", ("safetensors", "base_model:quietforge/fjord-7b-chat", "base_model:finetune:quietforge/fjord-7b-chat", "region:us")),
    ("mossbank/just-a-lora", "no-readme", ("peft", "base_model:harborlight/cobalt-8b-instruct", "base_model:adapter:harborlight/cobalt-8b-instruct", "region:us")),
)  # fmt: skip


def oddities(seed: int, base_card: str) -> Iterable[Model]:
    """Readable cards that are odd; ``base_card`` is copied whole into the one that copies its parent."""
    for number, (name, card, parents, facts) in enumerate(CARDS):
        dice = Dice(seed, name)
        created = datetime(2022 + number % 4, 1 + number % 6, 1 + number % 27, number % 24, tzinfo=UTC)
        if created < datetime(2022, 4, 1, tzinfo=UTC):
            created = created.replace(month=7)
        text = card.replace("@BASE@", base_card.partition("\n---\n")[2].lstrip())
        yield Model(
            name,
            text,
            created,
            parents,
            downloads=dice.randint(0, 90),
            likes=dice.randint(0, 3),
            modified=dice.after(created),
            **facts,
        )


def unreadable(seed: int) -> Iterable[Model]:
    """Models of which the hub knows something, and nobody can read the card."""
    for name, state, tags in UNREADABLE:
        dice = Dice(seed, name)
        created = datetime(2024, dice.randint(1, 9), dice.randint(1, 28), 12, tzinfo=UTC)
        yield Model(
            name, None, created, tags=tags, state=state, modified=dice.after(created),
            gated="manual" if state == "gated" else None, private=state == "private", downloads=dice.randint(0, 900),
        )  # fmt: skip

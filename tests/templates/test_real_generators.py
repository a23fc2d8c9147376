"""The real card generators of installed libraries, run here: their cards name them and are theirs."""

from __future__ import annotations

import pytest

from cardscope import attribute, detect_generators, parse_card
from cardscope.types import Author, GeneratorMatch


def read(text: str) -> tuple[list[GeneratorMatch], float]:
    """The tools found, and the share of words that nobody wrote by hand."""
    card = parse_card(text)
    matches = detect_generators(card)
    shares = attribute(card, matches).shares
    return list(matches), shares[Author.TEMPLATE] + shares[Author.PLACEHOLDER]


def test_hub_template():
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    pytest.importorskip("jinja2", reason="the template of huggingface_hub needs jinja2, which is not installed")
    card = hub.ModelCard.from_template(hub.ModelCardData(license="mit"), model_id="Tern", developers="the tern people")
    (match,), share = read(str(card))
    assert match.id == "hf-modelcard-template"
    assert match.version == ">=0.18"
    assert share > 0.95


@pytest.mark.parametrize("library", ["keras", "tf-keras", "transformers", "diffusers", "fastai", "timm"])
def test_empty_hub_template_is_no_library_s_card(library: str):
    """The name of a library in the metadata does not make its tool the author of an empty template."""
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    pytest.importorskip("jinja2", reason="the template of huggingface_hub needs jinja2, which is not installed")
    (match,), share = read(str(hub.ModelCard.from_template(hub.ModelCardData(library_name=library))))
    assert match.id == "hf-modelcard-template"
    assert share > 0.95


def test_hub_mixin():
    pytest.importorskip("torch", reason="the mixin of huggingface_hub needs torch, which is not installed")
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    pytest.importorskip("jinja2", reason="the template of huggingface_hub needs jinja2, which is not installed")
    import torch

    class Tern(torch.nn.Module, hub.PyTorchModelHubMixin, repo_url="https://example.org/tern"):
        pass

    (match,), share = read(str(Tern().generate_model_card()))
    assert match.id == "hub-pytorch-mixin"
    assert match.version == ">=0.30"
    assert share > 0.8


def test_trainer():
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    from transformers.modelcard import TrainingSummary

    summary = TrainingSummary(
        model_name="tern-small",
        finetuned_from="someone/tern",
        dataset="heron",
        eval_results={"Loss": 0.31, "Accuracy": 0.9},
        eval_lines=[{"Training Loss": "No log", "Epoch": 1.0, "Step": 10, "Validation Loss": 0.5, "Accuracy": 0.8}],
        hyperparameters={"learning_rate": 1e-4, "seed": 3},
    )
    (match,), share = read(summary.to_model_card())
    assert match.id == "transformers-trainer"
    assert match.version == transformers.__version__
    assert share == 1


@pytest.mark.neural
@pytest.mark.slow
def test_sentence_transformers(tmp_path):
    library = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    words = [*marks.values(), "[MASK]", "a", "tern"]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, mask_token="[MASK]", **marks).save_pretrained(tmp_path / "bert")
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=len(words), **size)).save_pretrained(tmp_path / "bert")
    library.SentenceTransformer(str(tmp_path / "bert"), device="cpu").save_pretrained(str(tmp_path / "tern"))
    (match,), share = read((tmp_path / "tern" / "README.md").read_text(encoding="utf-8"))
    assert match.id == "sentence-transformers"
    assert match.version == library.__version__
    assert share > 0.95

"""What the tools leave behind: each look writes front matter and body the way one generator's cards appear.

Only short fixed marks by which such cards are known are the tools' own; every other word was written for this hub.
"""

# ruff: noqa: E501 - a table is read by its columns, and a card's line is as long as its tool writes it

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demo_parts.copies import gguf, imatrix, mergekit, mlx
from demo_parts.record import Dice, link, short
from demo_parts.wording import Topic

Look = Callable[[str, str, Topic, Dice, dict[str, Any]], str]
TODO = "[More Information Needed]"
NEEDED = "More information needed"


def _versions(dice: Dice, peft: bool = False) -> str:
    lines = ["- PEFT 0.15.2"] if peft else []
    lines += [
        f"- Transformers 4.{dice.choice((28, 35, 41, 46, 51))}.{dice.randint(0, 3)}",
        f"- Pytorch 2.{dice.randint(0, 6)}.0+cu121",
        f"- Datasets {dice.randint(2, 3)}.{dice.randint(0, 19)}.0",
        f"- Tokenizers 0.{dice.choice((13, 15, 19, 21))}.1",
    ]
    return "### Framework versions\n\n" + "\n".join(lines) + "\n"


def trainer(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """The Trainer's frame, mostly left as it came."""
    fields.setdefault("library_name", "transformers")
    fields["tags"] = ["generated_from_trainer"]
    loss = dice.uniform(0.2, 1.9)
    rows = "".join(
        f"| {loss + 0.3 / (epoch + 1):.4f} | {epoch + 1}.0 | {(epoch + 1) * 312} | {loss + 0.2 / (epoch + 1):.4f} |\n"
        for epoch in range(dice.randint(2, 4))
    )
    described = " ".join(dice.some(topic.descriptions, 1, 2)) if dice.random() < 0.4 else NEEDED
    limits = " ".join(dice.some(topic.limits, 1, 3)) if dice.random() < 0.25 else NEEDED
    return f"""
<!-- This model card has been generated automatically according to the information the Trainer had access to. You should
probably proofread and complete it, then remove this comment. -->

# {short(name)}

This model is a fine-tuned version of {link(base)} on {dice.choice((f"the {topic.data} dataset", "an unknown dataset", "the None dataset"))}.
It achieves the following results on the evaluation set:
- Loss: {loss:.4f}

## Model description

{described}

## Intended uses & limitations

{limits}

## Training and evaluation data

{NEEDED}

## Training procedure

### Training hyperparameters

The following hyperparameters were used during training:
- learning_rate: {dice.choice(("2e-05", "5e-05", "0.0001"))}
- train_batch_size: {dice.choice((8, 16, 32))}
- seed: 42
- lr_scheduler_type: linear

### Training results

| Training Loss | Epoch | Step | Validation Loss |
|:---:|:---:|:---:|:---:|
{rows}
{_versions(dice)}"""


def trl(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """TRL's frame, with its British key."""
    method = dice.choice(("SFT", "DPO", "GRPO"))
    fields |= {"library_name": "transformers", "model_name": short(name), "licence": "license"}
    fields["tags"] = ["generated_from_trainer", "trl", method.lower()]
    return f"""
# Model Card for {short(name)}

This model is a fine-tuned version of {link(base)}.
It has been trained using [TRL](https://github.com/huggingface/trl).

## Quick start

```python
from transformers import pipeline

talk = pipeline("text-generation", model="{name}")
print(talk([{{"role": "user", "content": "{topic.question}"}}], max_new_tokens=80)[0])
```

## Training procedure

This model was trained with {method}.

### Framework versions

- TRL: 0.{dice.randint(12, 18)}.0
- Transformers: 4.{dice.randint(46, 52)}.1
- Pytorch: 2.6.0

## Citations

Cite TRL as:

```bibtex
@misc{{vonwerra2022trl, title = {{TRL}}, year = 2020}}
```
"""


def unsloth(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """Unsloth's stub: apache-2.0 whatever the base is."""
    fields.setdefault("license", "apache-2.0")
    fields["tags"] = ["text-generation-inference", "transformers", "unsloth", "trl"]
    return f"""
# Uploaded  model

- **Developed by:** {name.partition("/")[0]}
- **License:** apache-2.0
- **Finetuned from model :** {base}

This model was trained 2x faster with [Unsloth](https://github.com/unslothai/unsloth).
"""


def template(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """The Hub's template, pushed with hardly anything filled in."""
    fields["library_name"] = "transformers"
    fields["tags"] = []
    filled = " ".join(dice.some(topic.descriptions, 1, 1)) if dice.random() < 0.5 else TODO
    body = ["", "# Model Card for Model ID", "", "<!-- Provide a quick summary of what the model is/does. -->", ""]
    outline = (
        (2, "Model Details", ""), (3, "Model Description", filled), (3, "Model Sources [optional]", TODO),
        (2, "Uses", ""), (3, "Direct Use", TODO), (3, "Downstream Use [optional]", TODO), (3, "Out-of-Scope Use", TODO),
        (2, "Bias, Risks, and Limitations", TODO), (3, "Recommendations", TODO),
        (2, "How to Get Started with the Model", TODO), (2, "Training Details", ""), (3, "Training Data", TODO),
        (3, "Training Procedure", TODO), (2, "Evaluation", TODO),
        (2, "Environmental Impact", f"- **Hardware Type:** {TODO}\n- **Hours used:** {TODO}"),
        (2, "Citation [optional]", TODO), (2, "Model Card Authors [optional]", TODO), (2, "Model Card Contact", TODO),
    )  # fmt: skip
    for level, heading, text in outline:
        body += ["#" * level + " " + heading, "", *([text, ""] if text else [])]
    return "\n".join(body)


def peft(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """PEFT's version line, glued under the empty template."""
    body = template(name, base, topic, dice, fields)
    fields["library_name"] = "peft"
    fields["tags"] = ["lora", f"base_model:adapter:{base}"]
    return body.rstrip() + "\n### Framework versions\n\n- PEFT 0.15.2\n"


def sentence_transformers(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """A sentence encoder's page, in the manner of its library."""
    fields["library_name"] = "sentence-transformers"
    fields["tags"] = [
        "sentence-transformers",
        "sentence-similarity",
        "feature-extraction",
        f"dataset_size:{dice.randint(900, 90000)}",
    ]
    return f"""
# SentenceTransformer based on {base}

This is a [sentence-transformers](https://www.SBERT.net) model finetuned from {link(base)}. It maps texts to 768 numbers.

## Model Details

- **Maximum Sequence Length:** {dice.choice((128, 256, 512))} tokens
- **Similarity Function:** Cosine Similarity

### Full Model Architecture

```
SentenceTransformer(
  (0): Transformer
  (1): Pooling
)
```

## Usage

```python
from sentence_transformers import SentenceTransformer

# three sentences, two of them near each other
model = SentenceTransformer("{name}")
model.encode(["{topic.question}", "{topic.question}", "The kettle is on."])
```

## Evaluation

| Metric | Value |
|:---|:---|
| pearson_cosine | {dice.uniform(0.7, 0.9):.4f} |
| spearman_cosine | {dice.uniform(0.7, 0.9):.4f} |

<!--
## Bias, Risks and Limitations

*What are the known or foreseeable issues stemming from this model?*
-->
"""


def agent(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """A reinforcement-learning agent of a course, score in the front matter."""
    env = dice.choice(("LunarLander-v2", "FrozenLake-v1-4x4", "Taxi-v3", "PandaReach-v3"))
    fields["library_name"] = "stable-baselines3"
    fields["tags"] = [env, "deep-reinforcement-learning", "reinforcement-learning", "stable-baselines3"]
    algorithm = dice.choice(("PPO", "A2C"))
    return f"""
# **{algorithm}** Agent playing **{env}**

This is a trained model of a **{algorithm}** agent playing **{env}**
using the [stable-baselines3 library](https://github.com/DLR-RM/stable-baselines3).

## Usage (with Stable-baselines3)

TODO: Add your code

```python
from huggingface_sb3 import load_from_hub
...
```

Mean reward over ten games: {dice.uniform(-200, 290):.2f} +/- {dice.uniform(5, 60):.2f}.
"""


def written(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """A person's card: a few sections in the person's own order, some of the parent's warnings repeated."""
    fields["tags"] = [topic.word]
    parts = [
        (dice.choice(("Training data", "Data", "What it was trained on")), " ".join(dice.some(topic.datas, 1, 3))),
        (dice.choice(("Limitations", "Known problems", "Bias and limitations")), " ".join(dice.some(topic.limits, 1, 4))),
        (dice.choice(("Evaluation", "Results")), f"| test | value |\n| --- | --: |\n| {topic.word} | {dice.uniform(40, 93):.1f} |"),
        (dice.choice(("Usage", "How to use")), f'```python\nfrom transformers import pipeline\n\nrun = pipeline("{topic.task}", model="{name}")\nrun("{topic.question}")\n```'),
        ("License", f"The weights are under {fields['license']}." if isinstance(fields.get("license"), str) else "See the metadata."),
        ("Out-of-scope use", " ".join(dice.some(topic.scopes, 1, 2))),
        ("Contact", f"Open a discussion, or write to {name.partition('/')[0]}@mail.example."),
    ]  # fmt: skip
    kept = dice.sample(parts, dice.randint(2, 6))
    made = f" It was made from {link(base)}." if base else ""
    body = f"\n# {short(name)}\n\n{' '.join(dice.some(topic.descriptions, 1, 3))}{made}\n"
    return body + "".join(f"\n## {heading}\n\n{text}\n" for heading, text in kept)


def setfit(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """A few-shot classifier's page."""
    fields["library_name"] = "setfit"
    fields["tags"] = ["setfit", "sentence-transformers", "text-classification"]
    return f"""
# SetFit with {base}

This is a [SetFit](https://github.com/huggingface/setfit) model that can be used for Text Classification.

## Model Details

| Label | Examples |
|:---|:---|
| 0 | "{topic.question}" |
| 1 | "No, thank you, not today." |

## Training Details

- batch_size: (16, 16)
- num_epochs: (1, 1)

### Framework Versions
- SetFit: 1.{dice.randint(0, 1)}.0
"""


def autotrain(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """AutoTrain's short note."""
    fields["tags"] = ["autotrain", topic.task]
    return f"""
# Model Trained Using AutoTrain

- Problem type: {topic.task}

## Validation Metrics

loss: {dice.uniform(0.1, 1.0):.4f}
"""


def lora_image(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """A DreamBooth LoRA's page, TODO tail included."""
    fields["library_name"] = "diffusers"
    fields["tags"] = ["text-to-image", "diffusers", "lora", "diffusers-training"]
    fields["instance_prompt"] = "a drawing in sks style"
    return f"""
# LoRA DreamBooth - {name}

<Gallery />

These are {name} LoRA adaption weights for {base}.

## Trigger words

You should use `a drawing in sks style` to trigger the image generation.

## Intended uses & limitations

#### How to use

```python
# TODO: add an example code snippet for running this diffusion pipeline
```

#### Limitations and bias

[TODO: provide examples of latent issues and potential remediations]

## Training details

[TODO: describe the data used to train the model]
"""


LOOKS: dict[str, Look] = {
    "trainer": trainer, "trl": trl, "unsloth": unsloth, "template": template, "peft": peft, "mergekit": mergekit,
    "gguf": gguf, "imatrix": imatrix, "mlx": mlx, "sentence-transformers": sentence_transformers, "agent": agent,
    "written": written, "setfit": setfit, "autotrain": autotrain, "lora-image": lora_image,
}  # fmt: skip

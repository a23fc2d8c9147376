"""Looks of copies: what quantisers, converters and merge tools write over the model of somebody else.

As in `looks`, only the short marks are the tools' own.
"""

# ruff: noqa: E501 - a card's line is as long as its tool writes it

from __future__ import annotations

from typing import Any

from demo_parts.record import Dice, link, short
from demo_parts.wording import Topic


def mergekit(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """The report mergekit writes of a merge, with its configuration."""
    fields["library_name"] = "transformers"
    fields["tags"] = ["mergekit", "merge"]
    parents = fields["base_model"] if isinstance(fields.get("base_model"), list) else [base]
    method = dice.choice(("linear", "slerp", "ties", "dare_ties"))
    models = "\n".join(f"* {link(parent)}" for parent in parents)
    config = "\n".join(f"  - model: {parent}\n    parameters:\n      weight: 0.5" for parent in parents)
    return f"""# {short(name)}

This is a merge of pre-trained language models created using [mergekit](https://github.com/cg123/mergekit).

## Merge Details
### Merge Method

This model was merged using the {method.upper()} merge method.

### Models Merged

The following models were included in the merge:
{models}

### Configuration

The following YAML configuration was used to produce this model:

```yaml
models:
{config}
merge_method: {method}
dtype: bfloat16
```
"""


def gguf(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """A quantiser's file list."""
    fields["quantized_by"] = name.partition("/")[0]
    fields["library_name"] = "gguf"
    fields["tags"] = ["gguf"]
    size = dice.uniform(1.5, 8.0)
    rows = "".join(
        f"| [{short(base)}-{kind}.gguf](https://huggingface.co/{name}/blob/main/{short(base)}-{kind}.gguf) | {kind} "
        f"| {size * part:.2f}GB | {note} |\n"
        for kind, part, note in (
            ("Q8_0", 1.06, "nearly the same answers as the original"),
            ("Q5_K_M", 0.71, "a good middle"),
            ("Q4_K_M", 0.60, "fits most laptops"),
            ("Q3_K_S", 0.44, "noticeably worse"),
        )
    )
    return f"""
## About

static quants of https://huggingface.co/{base}

## Provided Quants

| Link | Type | Size | Notes |
|:---|:---|---:|:---|
{rows}
Build {dice.randint(2900, 5600)} of the converter made these files.
"""


def imatrix(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """Another quantiser, with a prompt format and download help."""
    fields["quantized_by"] = name.partition("/")[0]
    fields["library_name"] = "gguf"
    fields["tags"] = ["gguf", "imatrix"]
    return f"""
## Llamacpp imatrix Quantizations of {short(base)}

Original model: https://huggingface.co/{base}

All quants made using imatrix option with a calibration text of {dice.randint(100, 400)} kB.

## Prompt format

```
<|user|>
{{prompt}}
<|assistant|>
```

## Which file should I choose?

Take the largest file that leaves two gigabytes of your memory free. Below four bits the model starts to repeat itself.
"""


def mlx(name: str, base: str, topic: Topic, dice: Dice, fields: dict[str, Any]) -> str:
    """An MLX conversion: the base's front matter carried over, and a usage block."""
    fields["library_name"] = "mlx"
    fields["tags"] = ["mlx"]
    return f"""
# {name}

This model {link(name)} was converted to MLX format from {link(base)} using mlx-lm version **0.{dice.randint(18, 24)}.1**.

## Use with mlx

```bash
pip install mlx-lm
```
"""

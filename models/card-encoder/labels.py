# ruff: noqa: E501 - a table
"""Which question a heading asks, as far as the encoder's training and test need it: frequent headings of real cards.

Kept apart from cardscope's own lexicon on purpose: the encoder's truth set must not move when that table grows.
"""

from __future__ import annotations

LABELS: dict[str, tuple[str, ...]] = {
    "limitations": (
        "limitations", "limitation", "limitations and bias", "limitations and biases", "bias", "biases", "known limitations",
        "bias risks and limitations", "risks and limitations", "risks limitations and biases", "bias and limitations",
        "ethical considerations and limitations", "ethical considerations", "limitations and risks", "caveats",
        "risks", "bias limitations and risks", "model limitations", "bias and fairness", "limitations and caveats",
    ),
    "out_of_scope": (
        "out of scope use", "out of scope uses", "out of scope", "misuse malicious use and out of scope use",
        "misuse and malicious use", "misuse", "prohibited uses", "out of scope use cases",
    ),
    "intended_use": (
        "intended uses limitations", "intended use", "intended uses", "uses", "direct use", "intended use cases",
        "primary intended uses", "use cases", "applications", "intended usage",
    ),
    "how_to_use": (
        "usage", "how to use", "how to get started with the model", "quick start", "quickstart", "get started", "use",
        "getting started", "how to use the model", "example usage", "usage example", "inference", "how to run",
        "model usage", "usage examples", "basic usage", "sample usage", "how to use it", "example", "usage transformers",
        "usage huggingface transformers", "usage sentence transformers", "using the model", "usage in transformers",
    ),
    "training_data": (
        "training data", "training dataset", "datasets", "dataset", "dataset used", "data", "pretraining data",
        "training datasets", "train data", "training corpus", "dataset details", "pre training data", "fine tuning data",
    ),
    "training_procedure": (
        "training procedure", "training", "training details", "fine tuning", "pretraining", "how to train",
        "training process", "preprocessing", "pre training", "finetuning", "fine tuning details", "fine tuning procedure",
    ),
    "hyperparameters": (
        "training hyperparameters", "hyperparameters", "training parameters", "hyper parameters", "training arguments",
    ),
    "framework_versions": ("framework versions", "versions", "library versions", "framework version"),
    "results": (
        "evaluation results", "results", "eval results", "performance", "evaluation", "benchmark results", "benchmarks",
        "model performance", "benchmark", "training results", "validation metrics", "metrics", "accuracy", "scores",
        "test results", "evaluation metrics", "performance metrics", "model evaluation",
    ),
    "evaluation_data": ("testing data", "evaluation data", "test data", "testing data factors metrics"),
    "citation": (
        "citation", "citations", "bibtex entry and citation info", "bibtex", "cite", "how to cite", "citing",
        "citation information", "citing authors", "citation info", "reference", "references", "citation optional",
        "bibtex citation", "please cite", "citing this work", "how to cite this model", "cite us", "bibtex entry",
    ),
    "license": ("license", "licence", "licensing", "license information", "licensing information", "copyright"),
    "environmental_impact": (
        "environmental impact", "carbon footprint", "co emissions", "environmental impact and carbon emissions",
    ),
    "contact": ("contact", "contacts", "model card contact", "contact us", "contact information", "questions"),
    "authors": (
        "authors", "model card authors", "author", "team", "contributors", "acknowledgements", "acknowledgments",
        "acknowledgement", "acknowledgment", "credits", "about the author", "thanks", "model card authors optional",
    ),
    "model_description": (
        "model description", "description", "overview", "introduction", "model summary", "about", "model details",
        "model overview", "summary", "about the model", "about this model", "intro", "model",
    ),
    "architecture": ("model architecture", "architecture", "full model architecture", "model architecture and objective"),
    "hardware": ("hardware", "compute infrastructure", "training hardware", "hardware requirements", "system requirements"),
    "installation": ("installation", "install", "requirements", "dependencies", "setup", "prerequisites"),
    "prompt": ("prompt format", "prompt template", "prompt", "prompting", "chat template", "instruction format"),
    "recommendations": ("recommendations", "recommendation", "user recommendations"),
    "merge": ("merge details", "merge method", "models merged", "merge configuration"),
    "labels": ("labels", "label scheme", "classes", "label mapping", "tagset"),
    "files": ("provided files", "files", "available files", "downloads", "quantization", "quantized versions", "quants"),
    "contents": ("table of contents", "contents", "toc"),
}  # fmt: skip

OF_HEADING: dict[str, str] = {heading: label for label, headings in LABELS.items() for heading in headings}

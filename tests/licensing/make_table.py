"""Writes ``cardscope/tables/licenses.toml`` out of ``licenses.csv``, or checks that it still says the same.

python tests/licensing/make_table.py ../shared/licenses/licenses.csv            compare, exit 1 on a difference
python tests/licensing/make_table.py ../shared/licenses/licenses.csv --write    write the table anew

Empty cells are left out. ``made_for`` is added for licences not written for models: data, software, documents, fonts.
``text_names`` are further names and addresses under which cards speak of a text. Three columns are cut out of the text
of ``naming_requirement``, so that code need not read English: ``naming_prefix`` (how the name of a model must begin),
``naming_words`` (one of them must be shown), and ``naming_only`` (the duty holds only below models with this word in
their name).
"""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

TARGET = Path(__file__).parents[2] / "cardscope" / "tables" / "licenses.toml"
LISTS = ("relicense_ok", "relicense_review", "relicense_no", "aliases")
TEXT_NAMES = {
    "llama2": ["Llama 2 license", "ai.meta.com/llama/license"],
    "llama3": ["Llama 3 license", "llama.meta.com/llama3/license"],
    "llama3.1": ["Llama 3.1 license", "llama.meta.com/llama3_1/license"],
    "llama3.2": ["Llama 3.2 license", "llama.com/llama3_2/license"],
    "llama3.3": ["Llama 3.3 license", "llama.com/llama3_3/license"],
    "llama4": ["Llama 4 license", "llama.com/llama4/license"],
    "gemma": ["Gemma license", "Gemma prohibited use policy"],
    "bigscience-bloom-rail-1.0": ["BigScience RAIL License v1.0"],
    "apple-amlr": ["Apple Machine Learning Research Model License"],
    "playground-v2-community": ["Playground v2.5 Community License"],
}
HEAD = """\
# Licences of models: the ids of the Hub's own list, and the names often given in `license_name` next to `other`.
# Facts in own words; the class License in cardscope/licensing/table.py explains the columns. No legal advice.
# Made by tests/licensing/make_table.py. A user's table of this name lays over it, row by row and key by key.

[table]
version = "2026.09"
source = "licence texts at source_url, the Hub's licence list, SPDX list 3.29, owners' compatibility statements"
retrieved = "2026-09"
"""


def rows(path: Path) -> dict[str, dict[str, str | list[str]]]:
    """The facts by id, empty cells left out, lists as lists."""
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["id"]: cells(row) for row in csv.DictReader(stream)}


def cells(row: dict[str, str]) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    for key, value in row.items():
        if key == "id" or not value:
            continue
        found[key] = value.split(";") if key in LISTS else value
        if key == "naming_requirement":
            found.update(naming(value))
    if row["id"] in TEXT_NAMES:
        found["text_names"] = TEXT_NAMES[row["id"]]
    if purpose := made_for(row):
        found["made_for"] = purpose
    return found


def made_for(row: dict[str, str]) -> str:
    if row["family"] == "data":
        return "data"
    if row["id"] in {"gfdl", "ofl-1.1"}:
        return {"gfdl": "documents", "ofl-1.1": "fonts"}[row["id"]]
    copyleft = row["family"] in {"weak-copyleft", "strong-copyleft", "network-copyleft"}
    return "software" if copyleft and row["kind"] == "hub" and not row["id"].startswith("cc-") else ""


def naming(text: str) -> dict[str, str | list[str]]:
    found: dict[str, str | list[str]] = {}
    if prefix := re.search(r'model name begins with "([^"]+)"', text):
        found["naming_prefix"] = prefix.group(1)
    if shown := re.search(r'show ("[^"]+"(?: or "[^"]+")*)', text):
        found["naming_words"] = re.findall(r'"([^"]+)"', shown.group(1))
    elif said := re.search(r"it is (built with .+)$", text):
        found["naming_words"] = [said.group(1)]
    if only := re.match(r"(\w+) models: ", text):
        found["naming_only"] = only.group(1).lower()
    return found


def render(facts: dict[str, dict[str, str | list[str]]]) -> str:
    parts = [HEAD]
    for name, row in facts.items():
        parts.append(f"\n[licenses.{json.dumps(name)}]\n")
        parts += [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in row.items()]
    return "".join(parts)


if __name__ == "__main__":
    text = render(rows(Path(sys.argv[1])))
    if "--write" in sys.argv:
        TARGET.write_text(text, encoding="utf-8")
    elif TARGET.read_text(encoding="utf-8") != text:
        sys.exit("licenses.toml differs from the facts")

"""Prints the id of the demo hub's flagship: the model that shows most of what cardscope can see."""

import tomllib
from pathlib import Path

print(tomllib.loads((Path(__file__).parent / "demo" / "demo.toml").read_text(encoding="utf-8"))["flagship"])

"""Everything in this repository that is generated, made in one place: ``--check`` compares, ``--update`` rewrites.

The picture of the report in the README, the help blocks, and the table of probes.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import probes_page

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "reports" / "analyze.svg"
README = ROOT / "README.md"


def picture() -> str:
    """The report on the demo hub's flagship, drawn by the program itself."""
    from cardscope.pipeline import Analyzer
    from cardscope.reporters.terminal import TerminalReporter
    from cardscope.sources.corpus import CorpusSource
    from cardscope.types import model_id

    flagship = tomllib.loads((ROOT / "corpora" / "demo" / "demo.toml").read_text(encoding="utf-8"))["flagship"]
    source = CorpusSource("demo")
    result = Analyzer(source, source).analyze(model_id(flagship))
    return TerminalReporter(width=100, color=True).svg(result, title=f"cardscope analyze {flagship} --source demo")


def help_of(*words: str) -> str:
    """What ``cardscope … --help`` prints at 100 columns."""
    done = subprocess.run(
        [sys.executable, "-m", "cardscope", *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "100", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
    )
    return done.stdout.replace("python -m cardscope", "cardscope")


def readme() -> str:
    """The README with its help blocks filled in."""
    text = README.read_text(encoding="utf-8")

    def fill(match: re.Match[str]) -> str:
        words = match["words"].split()
        return f"<!-- help:{match['words']} -->\n```text\n{help_of(*words).rstrip()}\n```\n<!-- /help -->"

    return re.sub(r"<!-- help:(?P<words>[a-z ]*) -->\n.*?<!-- /help -->", fill, text, flags=re.DOTALL)


GENERATED: dict[Path, Callable[[], str]] = {PICTURE: picture, README: readme, probes_page.PAGE: probes_page.page}


def main() -> int:
    """Returns 1 when something is stale and was not to be rewritten."""
    parser = argparse.ArgumentParser(description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true")
    mode.add_argument("--update", action="store_true")
    options = parser.parse_args()
    stale = []
    for path, make in GENERATED.items():
        fresh = make()
        if not path.exists() or path.read_text(encoding="utf-8") != fresh:
            stale.append(path.relative_to(ROOT))
            if options.update:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(fresh, encoding="utf-8")
    for path in stale:
        print(f"{'updated' if options.update else 'stale'}: {path}")
    if stale and options.check:
        print("run: make update")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

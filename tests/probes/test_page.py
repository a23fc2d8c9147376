"""The page about the questions says what the tables say."""

import importlib.util
from pathlib import Path

_path = Path(__file__).parents[2] / "reports" / "probes_page.py"
_spec = importlib.util.spec_from_file_location("probes_page", _path)
generate = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


def test_page_is_up_to_date():
    assert generate.PAGE.read_text(encoding="utf-8") == generate.page()

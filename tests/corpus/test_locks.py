"""The lock of a folder: one holder at a time, in any process, and none that outlives its holder."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cardscope.corpus.locks import hold
from cardscope.errors import InvalidCorpus

HOLDER = """
import sys, time
from pathlib import Path
from cardscope.corpus.locks import hold
lock = hold(Path(sys.argv[1]), "taken")
print("held", flush=True)
time.sleep(600)
"""


def test_one_at_a_time_and_free_again_when_closed(tmp_path: Path) -> None:
    with hold(tmp_path / "lock", "somebody is at work"):
        with pytest.raises(InvalidCorpus) as refused:
            hold(tmp_path / "lock", "somebody is at work", hint="come back later")
        assert str(refused.value) == f"{tmp_path}: somebody is at work"
        assert refused.value.hint == "come back later"
    hold(tmp_path / "lock", "somebody is at work").close()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InvalidCorpus, match="taken by another process"):
            hold(tmp_path / "lock", "taken by another process", subject="the corpus")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    hold(tmp_path / "lock", "never").close()


def test_a_folder_that_is_not_there_is_no_lock_of_somebody(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        hold(tmp_path / "gone" / "lock", "somebody is at work")

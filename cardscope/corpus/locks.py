"""One session at a time on a folder: a lock that the system itself lets go of when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from cardscope.errors import InvalidCorpus


def hold(file: Path, message: str, *, subject: str = "", hint: str = "wait until it has ended") -> IO[str]:
    """Takes the lock of a file, made when it is not there; closing what is returned lets go of it.

    Nobody is waited for. The file stays where it is afterwards: removing it would let two sessions hold two files.

    Args:
        file: Stands for what is locked; its folder must be there.
        message: What to say when somebody else holds it, as in "another session is writing to this corpus".
        subject: What is locked, in the words of the caller; the folder of the file when it is not given.

    Raises:
        InvalidCorpus: Somebody else holds it.
        OSError: The file cannot be made or opened.
    """
    lock = file.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise InvalidCorpus(message, subject=subject or str(file.parent), hint=hint) from error
    except BaseException:
        lock.close()
        raise
    return lock

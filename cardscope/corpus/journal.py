"""What a crawl knows, on disk before it counts as done: killed anywhere, it goes on from here.

One SQLite file in ``.crawl`` inside the corpus, written by one thread. Write-ahead logging with ``synchronous=NORMAL``:
a transaction that was committed outlives the death of the process; only a power cut may take the last ones, which are
then fetched again, and it damages nothing. Where a lost transaction would matter (what is being moved into the corpus)
the disk is waited for.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cardscope.corpus.locks import hold
from cardscope.corpus.plan import Job, Listed, Outcome, draw, shares
from cardscope.errors import InvalidCorpus, OutputError

FOLDER: Final = ".crawl"
_VERSION: Final = 1
#: Outcomes after which a model that is listed again must be asked again, although its version is the same.
_ABSENT: Final = ("not-found", "renamed")

# version: the commit (or the date of change) as last listed; done: the one whose outcome is known.
# snapshot: 0 told to the corpus, 1 to be told, 2 being told. facts: what the listing said, until it is told.
_TABLES: Final = """
create table if not exists models (
    id text primary key, version text not null, created text, modified text, revision text, facts text,
    bare integer not null, done text, outcome text, blob text, parents text, snapshot integer not null default 0);
create index if not exists models_to_tell on models (snapshot) where snapshot > 0;
create table if not exists scopes (key text primary key, number integer not null, watermark text, floor text,
    listing text);
create table if not exists members (scope integer, id text, seen integer not null, chosen integer not null default 0,
    primary key (scope, id)) without rowid;
create table if not exists outbox (number integer primary key, card text not null, content blob not null);
create table if not exists notes (key text primary key, value text);
"""


class Journal:
    """The file, opened and locked; a context manager.

    Args:
        folder: ``.crawl`` of a corpus, or a temporary folder for a question that must leave no trace.

    Raises:
        InvalidCorpus: Another crawl is at work, or the file is no journal.
        OutputError: It cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = hold(folder / "lock", "another crawl is at work on this corpus", subject=str(folder.parent))
        except OSError as error:
            raise _unwritable(folder, error.strerror or str(error)) from error
        with self._careful():
            self._base = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
            self._base.executescript("pragma journal_mode=wal; pragma synchronous=normal;")
            version = self._base.execute("pragma user_version").fetchone()[0]
            if version not in (0, _VERSION):
                self.close()
                raise InvalidCorpus("its journal is of another version", subject=str(folder), hint="update cardscope")
            self._base.executescript(_TABLES + f"pragma user_version={_VERSION};")
            self._base.create_function("draw", 1, draw, deterministic=True)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets another crawl begin."""
        self._base.close()
        self._lock.close()

    # --- listing --------------------------------------------------------------------------------------------------

    def scope(self, key: str) -> int:
        """Number of a scope, made when it is new."""
        with self.writing():
            self._base.execute(
                "insert or ignore into scopes (key, number) values (?, (select count(*) + 1 from scopes))", (key,)
            )
        return int(self._one("select number from scopes where key = ?", key))

    def marks(self, scope: int) -> tuple[datetime | None, datetime | None, bool]:
        """How far a scope was listed: newest change seen, oldest change looked for, and whether it was at all."""
        newest, floor = self._row("select watermark, floor from scopes where number = ?", scope)
        return _moment(newest), _moment(floor), newest is not None

    def set_marks(self, scope: int, newest: datetime, floor: datetime | None) -> None:
        """The listing of a scope is complete up to ``newest``, and back to ``floor`` (``None``: to the beginning)."""
        with self.writing():
            self._base.execute(
                "update scopes set watermark = ?, floor = ?, listing = null where number = ?",
                (newest.isoformat(), floor.isoformat() if floor else None, scope),
            )

    def listing(self, scope: int) -> dict[str, Any] | None:
        """Where the listing of a scope was interrupted."""
        found = self._one("select listing from scopes where number = ?", scope)
        return json.loads(found) if found else None

    def set_listing(self, scope: int, state: Mapping[str, Any] | None) -> None:
        """Keeps (or drops) where a listing stands; alone, or within `writing` together with its page."""
        text = json.dumps(state) if state is not None else None
        self._base.execute("update scopes set listing = ? where number = ?", (text, scope))

    def take(self, scope: int, page: Iterable[Listed], seen: int) -> int:
        """Takes in a page of a listing; each model once however often it is listed.

        Returns:
            How many are new to the scope or changed since they were listed last.
        """
        fresh = 0
        for one in page:
            before = self._base.execute("select version, outcome from models where id = ?", (one.id,)).fetchone()
            if before is None or before[0] != one.version or before[1] in _ABSENT:
                self._base.execute(
                    "insert into models (id, version, created, modified, revision, facts, bare, snapshot)"
                    " values (?, ?, ?, ?, ?, ?, ?, 1) on conflict (id) do update set version = excluded.version,"
                    " created = excluded.created, modified = excluded.modified, revision = excluded.revision,"
                    " facts = excluded.facts, bare = excluded.bare, snapshot = 1, done = null, outcome = null",
                    (one.id, one.version, one.created, one.modified, one.revision, one.facts, one.bare),
                )
                fresh += 1
            known = self._base.execute("select 1 from members where scope = ? and id = ?", (scope, one.id)).fetchone()
            self._base.execute(
                "insert into members (scope, id, seen) values (?, ?, ?)"
                " on conflict (scope, id) do update set seen = excluded.seen",
                (scope, one.id, seen),
            )
            fresh += known is None and before is not None
        return fresh

    def last_seen(self, scope: int) -> int:
        """Number of the last listing of everything in a scope; 0 when there was none."""
        return int(self._one("select coalesce(max(seen), 0) from members where scope = ?", scope))

    def size(self, scope: int) -> int:
        """Models of a scope that are there as far as is known."""
        return int(self._one(f"select count(*) {_LIVING}", scope))

    def unseen(self, scope: int, seen: int) -> list[str]:
        """Models of a scope that the listing number ``seen`` did not show."""
        rows = self._base.execute(f"select m.id {_LIVING} and m.seen < ? order by m.id", (scope, seen))
        return [row[0] for row in rows]

    # --- choosing and fetching ------------------------------------------------------------------------------------

    def choose(self, scope: int, *, since: datetime | None, limit: int | None, sample: int | None) -> int:
        """Decides which models of a scope are crawled.

        Args:
            since: Only those changed at that time or later.
            limit: Only the first so many: newest made first, or with ``since`` newest changed.
            sample: So many of these, as evenly from the months they were made in as there are models; always the same.

        Returns:
            How many models there are to choose from.
        """
        order = "modified" if since else "created"
        with self.writing():
            self._base.execute("update members set chosen = 0 where scope = ? and chosen", (scope,))
            self._base.execute("drop table if exists temp.frame")
            self._base.execute(
                f"create temp table frame as select m.id, substr(coalesce(o.created, ''), 1, 7) as month {_LIVING}"
                f" and (? is null or o.modified >= ?) order by o.{order} desc, m.id limit ?",
                (scope, *(2 * (since.isoformat() if since else None,)), -1 if limit is None else limit),
            )
            frame = int(self._one("select count(*) from temp.frame"))
            chosen = "select id from temp.frame"
            if sample is not None:
                shares = self._shares(sample)
                self._base.execute("create temp table if not exists shares (month text primary key, share integer)")
                self._base.execute("delete from temp.shares")
                self._base.executemany("insert into temp.shares values (?, ?)", shares.items())
                chosen = (
                    "select id from (select id, month, row_number() over (partition by month order by draw(id), id)"
                    " as place from temp.frame) join temp.shares using (month) where place <= share"
                )
            self._base.execute(f"update members set chosen = 1 where scope = ? and id in ({chosen})", (scope,))
        return frame

    def _shares(self, sample: int) -> dict[str, int]:
        sizes = dict(self._base.execute("select month, count(*) from temp.frame group by month"))
        return shares(sizes, sample)

    def reopen(self, scope: int) -> None:
        """Models that were gated or private are asked again, as when the caller has been let in."""
        with self.writing():
            self._base.execute(
                "update models set done = null where outcome in ('gated', 'private')"
                " and id in (select id from members where scope = ?)",
                (scope,),
            )

    def pending(self, scope: int) -> int:
        """Chosen models whose present version has not been looked at."""
        return int(self._one(f"select count(*) {_PENDING}", scope))

    def askable(self, scope: int) -> int:
        """Those of them that need a request: the listing does not say that they have no README."""
        return int(self._one(f"select count(*) {_PENDING} and not o.bare", scope))

    def jobs(self, scope: int) -> Iterator[Job]:
        """The pending models by id; may be read on while outcomes are written."""
        last = ""
        while True:
            rows = self._base.execute(
                f"select o.id, o.version, o.revision, o.blob, o.facts, o.bare {_PENDING} and m.id > ? order by m.id"
                " limit 1000",
                (scope, last),
            ).fetchall()
            if not rows:
                return
            for name, version, revision, blob, facts, bare in rows:
                yield Job(name, version, revision, blob, json.loads(facts or "{}"), bool(bare))
            last = rows[-1][0]

    def finish(self, outcomes: Iterable[Outcome]) -> None:
        """Makes outcomes count: from here on nobody asks for them again."""
        with self.writing():
            for one in outcomes:
                self._base.execute(
                    "update models set done = ?, outcome = ?, blob = coalesce(?, blob), snapshot = 1 where id = ?",
                    (one.job.version, "renamed" if one.moved_to else one.reason, one.blob, one.job.id),
                )
                if one.moved_to:
                    self._move(one)
                if one.card is not None:
                    self._base.execute(
                        "insert into outbox (card, content) values (?, ?)", (json.dumps(one.card), one.content)
                    )

    def _move(self, one: Outcome) -> None:
        """The model has another name now, under which its README need not be asked for again."""
        facts = json.dumps({**one.job.facts, "model_id": one.moved_to})
        self._base.execute(
            "insert into models (id, version, created, modified, revision, facts, bare, done, outcome, blob, snapshot)"
            " select ?, version, created, modified, revision, ?, 0, version, '', ?, 1 from models where id = ?"
            " on conflict (id) do nothing",
            (one.moved_to, facts, one.blob, one.job.id),
        )

    def bury(self, name: str, reason: str) -> None:
        """Marks a model that is not there any more; the corpus is told when it knows of the model at all."""
        with self.writing():
            self._base.execute(
                "update models set snapshot = (done is not null or blob is not null), outcome = ?, done = version"
                " where id = ?",
                (reason, name),
            )

    # --- telling the corpus ---------------------------------------------------------------------------------------

    def waiting(self) -> tuple[int, int]:
        """Cards, and snapshots of models, that the corpus has not been told of."""
        cards = self._one("select count(*) from outbox")
        return int(cards), int(self._one(f"select count(*) from models where {_TELLABLE}"))

    def begin_telling(self, label: str) -> str:
        """Fixes what is told next under a label; the label of an interrupted telling when there was one."""
        self._base.execute("pragma synchronous=full")
        try:
            with self.writing():
                under_way = self._base.execute("select value from notes where key = 'telling'").fetchone()
                if under_way:
                    return str(under_way[0])
                self._base.execute("insert into notes values ('telling', ?)", (label,))
                self._base.execute("insert into notes select 'upto', coalesce(max(number), 0) from outbox")
                self._base.execute(f"update models set snapshot = 2 where {_TELLABLE}")
        finally:
            self._base.execute("pragma synchronous=normal")
        return label

    def interrupted(self) -> bool:
        """Whether a telling was begun and its end not noted."""
        return self._base.execute("select 1 from notes where key = 'telling'").fetchone() is not None

    def cards(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """The cards being told, in the order they were finished."""
        upto = self._one("select value from notes where key = 'upto'")
        for card, content in self._base.execute(
            "select card, content from outbox where number <= ? order by number", (int(upto),)
        ):
            yield json.loads(card), content

    def snapshots(self) -> Iterator[tuple[dict[str, Any], list[list[str]]]]:
        """The snapshots being told, each with the parents that were told before."""
        for name, facts, created, modified, outcome, blob, parents in self._base.execute(
            "select id, facts, created, modified, outcome, blob, parents from models where snapshot = 2 order by id"
        ):
            row = json.loads(facts) if facts else {"model_id": name, "created_at": created, "modified_at": modified}
            row |= {"model_id": name, "removed": outcome or None, "blob_id": blob}
            yield row, json.loads(parents or "[]")

    def end_telling(self, parents: Iterable[tuple[str, str]]) -> None:
        """The corpus has it: cards and facts are let go of here; ``parents`` is JSON by model."""
        with self.writing():
            self._base.executemany("update models set parents = ? where id = ?", ((p, name) for name, p in parents))
            self._base.execute("delete from outbox where number <= (select cast(value as integer) from notes"
                               " where key = 'upto')")  # fmt: skip
            self._base.execute("update models set snapshot = 0, facts = null where snapshot = 2")
            self._base.execute("delete from notes where key in ('telling', 'upto')")

    # --- below ----------------------------------------------------------------------------------------------------

    def copy_to(self, folder: Path) -> None:
        """A second journal that knows the same, for questions that must leave no trace in this one."""
        folder.mkdir(parents=True, exist_ok=True)
        with self._careful():
            other = sqlite3.connect(folder / "journal.sqlite")
            self._base.backup(other)
            other.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it or nothing."""
        with self._careful():
            self._base.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._base.execute("rollback")
                raise
            self._base.execute("commit")

    @contextmanager
    def _careful(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise _unwritable(self.folder, str(error)) from error
        except sqlite3.DatabaseError as error:
            raise InvalidCorpus(
                f"its journal cannot be read ({error})",
                subject=str(self.folder),
                hint="the corpus itself is whole; move the journal away to list and fetch everything again",
            ) from error

    def _row(self, question: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        row: tuple[Any, ...] = self._base.execute(question, values).fetchone()
        return row

    def _one(self, question: str, *values: Any) -> Any:  # noqa: ANN401
        return self._row(question, *values)[0]


_LIVING: Final = (
    "from members m join models o on o.id = m.id"
    " where m.scope = ? and coalesce(o.outcome, '') not in ('not-found', 'renamed')"
)
_PENDING: Final = (
    "from members m join models o on o.id = m.id where m.scope = ? and m.chosen and o.done is not o.version"
)
_TELLABLE: Final = "snapshot = 1 and done is version"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _unwritable(folder: Path, reason: str) -> OutputError:
    return OutputError(
        f"the journal of the crawl cannot be written ({reason})",
        subject=str(folder),
        hint="make room, then run the same command again: it goes on where it stopped",
    )

"""Which revisions of a model count, and in which period: the dates of a corpus, said honestly.

"First", "current" and "all" are different questions. The first edition of a card is dated by the creation of its model,
as far as the first text that was seen is the first that was; the current one by its last change. The Hub answers
2022-03-02T23:29:04Z for everything created before it kept that date, so those cards are counted as "before", and cards
without any date as "undated": never dropped, never guessed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cardscope.types import Edition, Period

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

#: What the Hub's API says of every model created earlier; before that day there are no dates, and no order among them.
HUB_EPOCH: Final = "2022-03-02 23:29:04"
BEFORE: Final = "before 2022-03"
UNDATED: Final = "undated"


#: What cards can be grouped by, each as an expression over a row; ``None`` is a group of its own, said in words.
DIMENSIONS: Final = {
    "all": "'all'",
    "kind": "kind",
    "relation": "coalesce(relation, 'no parent stated')",
    "generator": "coalesce(generators[1], 'none recognised')",
    "licence": "coalesce(license, 'none stated')",
    "library": "coalesce(library_name, 'none stated')",
    "source": "coalesce(source, 'not stated')",
    "language": "case len(languages) when 0 then 'none stated' when 1 then languages[1] else 'several' end",
}
#: When an edition stood, as an expression over a row; and the order in which the current one comes first.
AGE: Final = "coalesce(observed_at, modified_at, created_at)"
NEWEST_FIRST: Final = f"{AGE} desc nulls last, revision desc, text_id"
_DATE: Final = {
    Edition.FIRST: "coalesce(created_at, modified_at)",
    Edition.CURRENT: "coalesce(modified_at, observed_at, created_at)",
    Edition.ALL: "coalesce(observed_at, modified_at, created_at)",
}
_LABEL: Final = {
    Period.MONTH: "strftime({date}, '%Y-%m')",
    Period.QUARTER: "strftime({date}, '%Y-') || 'Q' || quarter({date})",
    Period.YEAR: "strftime({date}, '%Y')",
}


def select(connection: duckdb.DuckDBPyConnection, rows: Sequence[str], of: Edition, by: Period) -> None:
    """Makes the view ``cards`` (all columns of the rows, and ``period``) and the table ``chosen`` of what counts.

    ``chosen`` has ``file``, ``place`` (row within the file), ``model``, ``owner``, ``period`` and one column a
    dimension, in the order of the files, so that other columns can be read beside it.
    """
    first = f"{AGE} asc nulls last, revision asc, text_id"
    keep = {Edition.FIRST: f"row_number() over (partition by model_id order by {first}) = 1",
            Edition.CURRENT: f"row_number() over (partition by model_id order by {NEWEST_FIRST}) = 1",
            Edition.ALL: "true"}[of]  # fmt: skip
    date = _DATE[of]
    period = f"""case when {date} is null then '{UNDATED}'
        when {date} <= timestamptz '{HUB_EPOCH}+00' and created_source is null then '{BEFORE}'
        else {_LABEL[by].format(date=f"({date} at time zone 'UTC')")} end"""
    columns = ", ".join(f"{expression} as {name}" for name, expression in DIMENSIONS.items() if name != "all")
    if "://" in rows[0]:
        import fsspec

        connection.register_filesystem(fsspec.core.url_to_fs(rows[0])[0])
    # An owner is one uploader; models of the old namespace without owners are each their own.
    connection.execute(
        f"""create temp table chosen as
        with numbered as (
            select *, filename as file, file_row_number as place, {keep} as kept
            from read_parquet({listed(rows)}, filename = true, file_row_number = true)
        )
        select file, place, model_id as model, coalesce(nullif(owner, ''), model_id) as owner_name, {period} as period,
            {columns}
        from numbered where kept order by file, place"""
    )


def listed(paths: Sequence[str]) -> str:
    """Paths as a list in SQL, quoted."""
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"


def order_of(periods: Sequence[str]) -> list[str]:
    """Periods in order of time; what has no date comes first and last.

    >>> order_of(["undated", "2024-02", "before 2022-03", "2023-12"])
    ['before 2022-03', '2023-12', '2024-02', 'undated']
    """
    return sorted(set(periods), key=lambda period: (period == UNDATED, period != BEFORE, period))


def column(connection: duckdb.DuckDBPyConnection, name: str) -> Any:  # noqa: ANN401 - an Arrow array
    """One column of ``chosen`` as an Arrow array, in the order of the table, which is that of the files."""
    found = connection.sql(f'select "{name}" from chosen').to_arrow_table().column(0)  # a name of ours, never a card's
    return found.combine_chunks()

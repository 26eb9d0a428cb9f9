"""Numbers of rows that a real database lends to its schema."""

from pathlib import Path

from plurel_prob.databases import DatabaseError
from plurel_prob.databases.disk import MANIFEST
from plurel_prob.declared.schema import DeclaredSchema


def lent_rows(source: str, schema: DeclaredSchema) -> dict[str, int]:
    """Count the rows of the tables of a database; those of empty tables are left to the prior.

    Args:
        source: what the schema was read from: the URL of a database, a SQLite or DuckDB file, or a folder in RelBench format.
        schema: its schema.

    Raises:
        DatabaseError: it is a file of SQL, which has no rows, or cannot be read.
    """
    from plurel_prob.declared import count_rows
    from plurel_prob.stores.places import is_duckdb, is_sqlite

    path = Path(source)
    if "://" in source:
        found = count_rows(source, schema)
    elif (path / MANIFEST).exists():
        import pyarrow.parquet as pq

        found = {table.name: pq.read_metadata(path / "db" / f"{table.name}.parquet").num_rows for table in schema.tables}
    elif is_sqlite(path) or is_duckdb(path):
        found = count_rows(f"{'sqlite' if is_sqlite(path) else 'duckdb'}:///{path}", schema)
    else:
        raise DatabaseError(f"--rows source: {source} has no rows; give the database itself, or --rows TABLE=N")
    return {name: n for name, n in found.items() if n > 0}

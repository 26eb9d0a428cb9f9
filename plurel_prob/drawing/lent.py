"""Numbers of rows that a real database lends to its schema."""

from pathlib import Path

from plurel_prob.databases.disk import MANIFEST, table_file
from plurel_prob.declared.schema import DeclaredSchema
from plurel_prob.errors import DatabaseError


def lent_rows(source: str, schema: DeclaredSchema) -> dict[str, int]:
    """Count the rows of the tables of a database, 0 of those that are empty.

    Args:
        source: what the schema was read from: the URL of a database, a SQLite or DuckDB file, or a folder in RelBench format.
        schema: its schema.

    Raises:
        DatabaseError: it is a file of SQL, which has no rows, or cannot be read.
    """
    from plurel_prob.declared import count_rows
    from plurel_prob.declared.sources import file_url

    path = Path(source)
    url = source if "://" in source else file_url(path)
    if url is not None:
        return count_rows(url, schema)
    if (path / MANIFEST).exists():
        import pyarrow.parquet as pq

        return {table.name: pq.read_metadata(table_file(path, table.name)).num_rows for table in schema.tables}
    raise DatabaseError(f"--rows source: {source} has no rows; give the database itself, or --rows TABLE=N")

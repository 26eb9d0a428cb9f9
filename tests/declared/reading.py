"""Reading SQL that tests write."""

from pathlib import Path

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, read_ddl


def read(folder: Path, text: str, dialect: str | None = "postgresql") -> DeclaredSchema:
    """Schema of a text, as a file."""
    path = folder / "schema.sql"
    path.write_text(text)
    return read_ddl(path, dialect)


def table(folder: Path, items: str, dialect: str = "postgresql") -> DeclaredTable:
    """Table t of these columns and constraints."""
    return read(folder, f"CREATE TABLE t ({items})", dialect).tables[0]


def column(folder: Path, declaration: str, dialect: str = "postgresql") -> Column:
    """Column x of a table, by what follows its name."""
    return table(folder, f"x {declaration}", dialect).columns[0]

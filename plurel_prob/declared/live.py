"""Schemas and sizes of databases that are there, by their URL."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from plurel_prob.declared.columns import with_default
from plurel_prob.declared.cursor import Cursor, Name
from plurel_prob.declared.drafts import CheckDraft, IndexDraft, ReferenceDraft, TableDraft
from plurel_prob.declared.files import count_file, reflect_file
from plurel_prob.declared.refusals import honoured
from plurel_prob.declared.resolve import resolve
from plurel_prob.declared.schema import Column, DeclaredSchema
from plurel_prob.declared.statements import split_statements
from plurel_prob.declared.text import Dialect, Sql
from plurel_prob.declared.types import read_type
from plurel_prob.errors import DatabaseError

if TYPE_CHECKING:
    from sqlalchemy import URL, Inspector
else:
    URL = Inspector = Any  # imported where they are used

SERVERS: dict[str, Dialect] = {"postgresql": "postgresql", "mysql": "mysql", "mariadb": "mysql", "mssql": "sqlserver"}
FILES = ("sqlite", "duckdb")
PACKAGES = {"psycopg": "psycopg[binary]", "MySQLdb": "mysqlclient", "pymysql": "pymysql", "pyodbc": "pyodbc"}
SYSTEM_SCHEMAS = ("information_schema", "sys", "guest", "INFORMATION_SCHEMA")
PARTITIONS = """
    SELECT schema.nspname, part.relname FROM pg_inherits AS inherited JOIN pg_class AS part ON part.oid = inherited.inhrelid
    JOIN pg_namespace AS schema ON schema.oid = part.relnamespace WHERE NOT EXISTS (
        SELECT 1 FROM pg_attribute AS own
        WHERE own.attrelid = part.oid AND own.attnum > 0 AND NOT own.attisdropped AND own.attinhcount = 0
    )
"""
TYPE_OF_COLUMN = """
    SELECT format_type(atttypid, atttypmod),
        ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = atttypid ORDER BY enumsortorder)
    FROM pg_attribute AS own JOIN pg_class AS class ON class.oid = own.attrelid
    JOIN pg_namespace AS schema ON schema.oid = class.relnamespace
    WHERE schema.nspname = :schema AND class.relname = :table AND own.attname = :column
"""
CHECKS_OF_SQLSERVER = "SELECT definition FROM sys.check_constraints WHERE parent_object_id = OBJECT_ID(:name)"


def reflect(url: str, *, ignore_unsupported: bool = False, keep_computed: bool = False) -> DeclaredSchema:
    """Schema of a database that is there; nothing in it is changed.

    Tables have their keys, unique constraints and indexes, enumerations, defaults and CHECK constraints, which mean the same as
    for ``read_ddl``. Of PostgreSQL and SQL Server all schemas are read, of MySQL the database in the URL.

    Args:
        url: as for SQLAlchemy: sqlite:///file.db, duckdb:///file.db, postgresql://user:password@host/name ...
        ignore_unsupported: leave constraints out that cannot be honoured; they are the schema's ``ignored``.
        keep_computed: declare columns that a server computes as plain ones, which ``skipped`` then names; else they are left out.

    Raises:
        DatabaseError: a driver is missing, there is no such database, it has no table, or constraints that cannot be honoured;
            the message never has the password.
    """
    schema = _reflected(url, keep_computed)
    return schema if ignore_unsupported else honoured(schema)


def _reflected(url: str, keep_computed: bool) -> DeclaredSchema:
    if scheme_of(url) in FILES:
        return reflect_file(url)
    with inspecting(url) as (inspector, source):
        dialect = SERVERS[inspector.dialect.name]
        drafts = {}
        for schema, table in _names(inspector):
            if (schema.lower(), table.lower()) in drafts:
                raise DatabaseError(f"{source}: {table} is the name of two tables but for letters' case; rename one")
            draft = _draft(inspector, Sql(source, "", dialect, None), schema, table, keep_computed)
            drafts[schema.lower(), table.lower()] = draft
        declared = resolve(source, drafts)
        said = [
            computed_note(table.name, column["name"])
            for table, draft in zip(declared.tables, drafts.values(), strict=True)
            for column in inspector.get_columns(draft.name[1], schema=draft.name[0])
            if column.get("computed") and keep_computed
        ]
    return replace(declared, skipped=(*declared.skipped, *said))


def computed_note(table: str, column: str) -> str:
    """What is said of a computed column whose values are kept."""
    return f"{table}.{column} is computed by the database; its values are kept, and not how"


def count_rows(url: str, schema: DeclaredSchema) -> dict[str, int]:
    """Number of rows of each table of a schema in a database that is there.

    Raises:
        DatabaseError: the database cannot be read, or lacks a table.
    """
    if scheme_of(url) in FILES:
        return count_file(url, schema)
    import sqlalchemy

    with inspecting(url) as (inspector, source):
        places = {label: name for name in _names(inspector) for label in (name[1], ".".join(name))}
        result = {}
        with inspector.engine.connect() as connection:
            for table in schema.tables:
                if table.name not in places:
                    raise DatabaseError(f"{source}: there is no table {table.name}; is it another database?")
                where, name = places[table.name]
                rows = sqlalchemy.select(sqlalchemy.func.count()).select_from(sqlalchemy.table(name, schema=where))
                result[table.name] = int(connection.execute(rows).scalar_one())
        return result


def scheme_of(url: str) -> str:
    """Kind of a database, such as postgresql.

    Raises:
        DatabaseError: there is none such.
    """
    scheme = url.partition("://")[0].partition("+")[0].lower()
    scheme = "postgresql" if scheme == "postgres" else scheme
    if scheme not in (*FILES, *SERVERS):
        raise DatabaseError(f"{scheme}://...: there is no such kind of database; use one of {', '.join((*FILES, *SERVERS))}")
    return scheme


@contextmanager
def inspecting(url: str) -> Iterator[tuple[Inspector, str]]:
    """Inspector of a database on a server, and its URL without the password.

    Raises:
        DatabaseError: a package is missing, or the database cannot be read.
    """
    try:
        import sqlalchemy
        from sqlalchemy import exc
    except ModuleNotFoundError as error:
        raise DatabaseError(f"needs the package {error.name}: install the extra sql, pip install 'plurel-prob[sql]'") from None
    try:
        parsed = sqlalchemy.make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    except (exc.ArgumentError, ValueError):
        raise DatabaseError(
            f"{url.partition('://')[0]}://...: is no URL of a database; write user:password@host/database"
        ) from None
    source, secrets = without_secrets(parsed)
    engine = None
    try:
        engine = sqlalchemy.create_engine(parsed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", exc.SAWarning)  # of types and indexes that it does not know; those are errors here
            yield sqlalchemy.inspect(engine), source
    except ModuleNotFoundError as error:
        package = PACKAGES.get(str(error.name), str(error.name))
        raise DatabaseError(f"{source}: needs a driver: pip install '{package}'") from None
    except exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        for secret in secrets:
            reason = reason.replace(secret, "***")
        raise DatabaseError(f"{source}: cannot be read: {reason}") from None
    finally:
        if engine is not None:
            engine.dispose()


def without_secrets(url: URL) -> tuple[str, list[str]]:
    """URL as text without passwords, and these."""
    hidden = [key for key in url.query if "pass" in key.lower() or "pwd" in key.lower() or "secret" in key.lower()]
    values = [url.password, *(url.query[key] for key in hidden)]
    secrets = [str(value) for value in values if value]
    return url._replace(password=None).difference_update_query(hidden).render_as_string(), secrets


def _names(inspector: Inspector) -> list[Name]:
    """Schemas and tables, without partitions and without what the server has for itself."""
    import sqlalchemy

    default = inspector.default_schema_name or ""
    is_one, partitions = SERVERS[inspector.dialect.name] == "mysql", set()
    if inspector.dialect.name == "postgresql":
        with inspector.engine.connect() as connection:
            partitions = {tuple(row) for row in connection.execute(sqlalchemy.text(PARTITIONS))}
    schemas = [default] if is_one else [default, *(name for name in inspector.get_schema_names() if name != default)]
    ours = [name for name in schemas if name not in SYSTEM_SCHEMAS and not name.startswith(("pg_", "db_"))]
    names = [(schema, table) for schema in ours for table in sorted(inspector.get_table_names(schema=schema))]
    return [name for name in names if name not in partitions]


def _draft(inspector: Inspector, sql: Sql, schema: str, table: str, keep_computed: bool) -> TableDraft:
    draft = TableDraft((schema, table), None)
    for declared in inspector.get_columns(table, schema=schema):
        if declared.get("computed") and not keep_computed:
            draft.computed.add(declared["name"].lower())
            continue
        if declared["name"].lower() in draft.columns:
            what = f"table {table}: {declared['name']} is the name of two columns but for letters' case"
            raise DatabaseError(f"{sql.source}: {what}; rename one")
        draft.columns[declared["name"].lower()] = _column(inspector, sql, draft, dict(declared))
    draft.primary_key = tuple(inspector.get_pk_constraint(table, schema=schema)["constrained_columns"])
    uniques = _known(lambda: inspector.get_unique_constraints(table, schema=schema))
    for unique in uniques:
        draft.add_unique(_unique(sql, dict(unique)))
    for index in inspector.get_indexes(table, schema=schema):
        if index["unique"]:
            draft.add_unique(_unique(sql, dict(index)))
    for key in inspector.get_foreign_keys(table, schema=schema):
        parent = (key["referred_schema"] or inspector.default_schema_name or "", key["referred_table"])
        columns, parent_columns = tuple(key["constrained_columns"]), tuple(key["referred_columns"])
        draft.references.append(ReferenceDraft(columns, parent, parent_columns, None))
    draft.checks += [CheckDraft(replace(sql, text=text), text, 0) for text in _checks(inspector, schema, table)]
    return draft


def _unique(sql: Sql, found: dict[str, Any]) -> IndexDraft:
    """What is unique by an index or a constraint."""
    names = [str(name) for name in found["column_names"] if name is not None]
    texts = [str(text) for text in found.get("expressions", ()) if text not in names]
    options = {name.partition("_")[2]: value for name, value in found.get("dialect_options", {}).items()}
    where = options.get("where")
    expressions = tuple(CheckDraft(replace(sql, text=text), text, 0) for text in texts)
    condition = None if where is None else CheckDraft(replace(sql, text=str(where)), str(where), 0)
    return IndexDraft(tuple(names), expressions, condition, bool(options.get("nulls_not_distinct")))


def _known(call: Callable[[], list[Any]]) -> list[Any]:
    """What an inspector returns; nothing where a store has no such thing, as SQL Server's unique constraints are indexes."""
    try:
        return call()
    except NotImplementedError:
        return []


def _checks(inspector: Inspector, schema: str, table: str) -> list[str]:
    import sqlalchemy

    if inspector.dialect.name != "mssql":
        return [check["sqltext"] for check in inspector.get_check_constraints(table, schema=schema)]
    name = ".".join(inspector.dialect.identifier_preparer.quote_identifier(part) for part in (schema, table))
    with inspector.engine.connect() as connection:
        return [str(text) for (text,) in connection.execute(sqlalchemy.text(CHECKS_OF_SQLSERVER), {"name": name})]


def _column(inspector: Inspector, sql: Sql, draft: TableDraft, declared: dict[str, Any]) -> Column:
    name, kind, context = declared["name"], declared["type"], f"table {draft.name[1]}, column {declared['name']}"
    while hasattr(kind, "data_type"):  # a domain
        check = getattr(kind, "check", None)
        draft.checks += [CheckDraft(replace(sql, text=str(check)), str(check), 0, value=name)] if check is not None else []
        declared["nullable"] = declared["nullable"] and not getattr(kind, "not_null", None)
        kind = kind.data_type
    written, labels = _written(inspector, kind, draft.name, name)
    column = Column("", "category", labels=labels) if labels else column_of_type(inspector.dialect, sql, kind, context, written)
    column = replace(column, name=name, is_nullable=bool(declared["nullable"]))
    default = declared.get("default")
    return with_default(_cursor(sql, str(default), context), column) if default is not None else column


def _written(inspector: Inspector, kind: Any, table: Name, column: str) -> tuple[str, tuple[str, ...]]:
    """Name of a type that SQLAlchemy does not know, as PostgreSQL writes it, and its labels if it is an enumeration, as one with
    a parenthesis in its name; empty in other databases.
    """
    import sqlalchemy

    if not isinstance(kind, sqlalchemy.types.NullType) or inspector.dialect.name != "postgresql":
        return "", ()
    with inspector.engine.connect() as connection:
        names = {"schema": table[0], "table": table[1], "column": column}
        written, labels = connection.execute(sqlalchemy.text(TYPE_OF_COLUMN), names).one()
        return str(written), tuple(labels)


def column_of_type(dialect: Any, sql: Sql, kind: Any, context: str, written: str = "") -> Column:
    """Column of a type of SQLAlchemy, in one of its dialects; ``written`` is a type that it does not know.

    Raises:
        DatabaseError: no kind is like it.
    """
    import sqlalchemy

    labels = getattr(kind, "enums", None) or getattr(kind, "values", None)  # ENUM, and SET of MySQL
    if isinstance(labels, (list, tuple)):
        return Column("", "category", labels=tuple(str(label) for label in labels))
    if written:
        return read_type(_cursor(sql, written, context), {})
    if isinstance(kind, sqlalchemy.types.NullType):
        raise DatabaseError(f"{sql.source}: {context}: its type is unknown; give the column another one")
    return read_type(_cursor(sql, kind.compile(dialect=dialect), context), {})


def _cursor(sql: Sql, text: str, context: str) -> Cursor:
    part = replace(sql, text=text)
    return Cursor(part, next(filter(None, split_statements(part)), []), context)

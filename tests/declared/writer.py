"""Random schemas, and a writer of SQL that says the same in many ways."""

from dataclasses import replace
from random import Random
from typing import Any

from plurel_prob.declared import Column, DeclaredSchema, DeclaredTable, ForeignKey, Kind, Order

DIALECTS = ("sqlite", "postgresql", "mysql", "duckdb", "sqlserver")
NAMES = (
    "order",
    "a b",
    "Größe",
    "check",
    "it's",
    "table",
    "key_1",
    "x",
    "Y",
    "primary",
    "user id",
    "n-1",
    "select",
    "(z",
    "q,r",
    "--s",
    "co;l",
)
QUOTES = {"mysql": "``", "sqlserver": "[]"}
INTEGERS = {8: "TINYINT", 16: "SMALLINT", 32: "INT", 64: "BIGINT"}
TYPES: dict[Kind, dict[str, str]] = {
    "float": {"": "REAL", "mysql": "DOUBLE"},
    "boolean": {"": "BOOLEAN", "sqlserver": "BIT", "mysql": "TINYINT(1)"},
    "date": {"": "DATE"},
    "time": {"": "TIME"},
    "timestamp": {"": "TIMESTAMP", "sqlserver": "DATETIME2", "mysql": "DATETIME(6)"},
    "uuid": {"": "UUID", "sqlserver": "UNIQUEIDENTIFIER"},
    "json": {"": "JSON"},
    "interval": {"": "INTERVAL"},
}
LABELS = ("G", "PG-13", "it's", "", "a,b", "(c", "--d", "ü;")


def random_column(rng: Random, name: str, dialect: str) -> Column:
    """A column of any kind that the dialect can declare."""
    base = Column(name, "integer", is_nullable=rng.random() < 0.5)
    kind = rng.choice(["integer", "decimal", "text", "blob", "category", "numbers", *TYPES])
    if kind == "integer":
        bits = rng.choice([16, 32, 64] if dialect == "postgresql" else [8, 16, 32, 64])
        is_unsigned = dialect == "mysql" and rng.random() < 0.5 or (dialect == "sqlserver" and bits == 8)
        return _bounded(rng, replace(base, bits=bits, is_unsigned=is_unsigned, default=rng.choice([None, "7"])))
    if kind == "decimal":
        scale = rng.randint(0, 4)
        return _bounded(rng, replace(base, kind="decimal", precision=scale + rng.randint(2, 6), scale=scale))
    if kind == "text":
        length = rng.choice([None, 1, 12, 255])
        return replace(base, kind="text", length=length, default=rng.choice([None, "", "it's", "--x", "NULL"]))
    if kind == "blob":
        return replace(base, kind="blob", length=16 if dialect in ("mysql", "sqlserver") else None)
    if kind == "category":
        labels = tuple(rng.sample(LABELS, rng.randint(1, 5)))
        return replace(base, kind="category", labels=labels, default=rng.choice([None, labels[0]]))
    if kind == "numbers":
        return replace(base, kind="category", labels=rng.choice([(1, 2, 7), (-1, 0), (3,)]))
    has_zone = dialect == "postgresql" and kind in ("time", "timestamp") and rng.random() < 0.5
    default = rng.choice([None, "true", "false"]) if kind == "boolean" else None
    return replace(base, kind=kind, has_zone=has_zone, default=default)


def _bounded(rng: Random, column: Column) -> Column:
    low, high = rng.choice([(None, None), (0.0, None), (None, 99.0), (1.0, 50.0)])
    is_open = rng.random() < 0.5
    return replace(
        column, low=low, high=high, is_low_open=is_open and low is not None, is_high_open=not is_open and high is not None
    )


def random_schema(rng: Random, dialect: str) -> DeclaredSchema:
    """Tables with keys to each other, to themselves, and composite ones."""
    tables: list[DeclaredTable] = []
    for i in range(rng.randint(1, 5)):
        names = rng.sample(NAMES, rng.randint(2, 7))
        columns = [random_column(rng, name, dialect) for name in names]
        keyable = [column.name for column in columns if column.kind in ("integer", "text", "uuid", "date") and not column.labels]
        primary = tuple(keyable[: rng.choice([0, 1, 1, 2])])
        unique = (tuple(keyable[1:]),) if len(keyable) > 1 and set(keyable[1:]) != set(primary) else ()
        columns = [replace(column, is_nullable=column.is_nullable and column.name not in primary) for column in columns]
        ordered = [column.name for column in columns if column.kind in ("integer", "decimal")]
        orders = (Order(ordered[0], ordered[1], rng.random() < 0.5),) if len(ordered) > 1 else ()
        tables.append(DeclaredTable(f"{rng.choice(NAMES)} {i}", tuple(columns), primary, unique, (), orders))
    return DeclaredSchema(tuple(_linked(rng, table, tables) for table in tables), "")


def _linked(rng: Random, table: DeclaredTable, tables: list[DeclaredTable]) -> DeclaredTable:
    """Add columns that refer to tables, also to later ones and to itself."""
    for i in range(rng.randint(0, 2)):
        parent = rng.choice(tables)
        target = rng.choice([parent.primary_key, *parent.unique])
        if target:
            copies = tuple(
                replace(
                    parent.column(name),
                    name=f"fk {i} {j}",
                    is_nullable=True,
                    low=None,
                    high=None,
                    is_low_open=False,
                    is_high_open=False,
                    default=None,
                )
                for j, name in enumerate(target)
            )
            key = ForeignKey(tuple(column.name for column in copies), parent.name, target)
            table = replace(table, columns=(*table.columns, *copies), foreign_keys=(*table.foreign_keys, key))
    return table


class Writer:
    """Writes a schema as SQL; what can be said in several ways is said in a random one."""

    def __init__(self, rng: Random, dialect: str):
        self.rng, self.dialect, self.before, self.after = rng, dialect, list[str](), list[str]()

    def name(self, name: str) -> str:
        first, last = QUOTES.get(self.dialect, '""')
        return first + name.replace(last, last * 2) + last

    def names(self, names: tuple[str, ...]) -> str:
        return "(" + ", ".join(map(self.name, names)) + ")"

    def literal(self, value: Any) -> str:
        if not isinstance(value, str):
            return f"({value})" if self.rng.random() < 0.3 else str(value)
        text = value.replace("\\", "\\\\") if self.dialect == "mysql" else value
        return ("N" if self.dialect == "sqlserver" else "") + "'" + text.replace("'", "''") + "'"

    def type(self, column: Column, table: str) -> str:
        if column.kind == "category" and isinstance(column.labels[0], str):
            return self._enumeration(column, table)
        if column.kind == "category":
            return "INT"
        if column.kind == "integer":
            if self.dialect == "sqlite" and column.bits == 64:
                return "INTEGER"
            suffix = " UNSIGNED" if column.is_unsigned and self.dialect == "mysql" else ""
            return INTEGERS[column.bits or 0] + suffix
        if column.kind == "decimal":
            return f"{self.rng.choice(['DECIMAL', 'numeric'])}({column.precision}, {column.scale})"
        if column.kind == "text":
            whole = "NVARCHAR(MAX)" if self.dialect == "sqlserver" else "TEXT"
            return whole if column.length is None else f"{self.rng.choice(['VARCHAR', 'char varying'])} ({column.length})"
        if column.kind == "blob":
            return "BYTEA" if self.dialect == "postgresql" else f"VARBINARY({column.length})" if column.length else "BLOB"
        return TYPES[column.kind].get(self.dialect, TYPES[column.kind][""]) + (" WITH TIME ZONE" if column.has_zone else "")

    def _enumeration(self, column: Column, table: str) -> str:
        labels = ", ".join(self.literal(label) for label in column.labels)
        if self.dialect == "mysql":
            return f"ENUM({labels})"
        if self.dialect in ("postgresql", "duckdb"):
            kind = self.name(f"{table}.{column.name}")
            self.before.append(f"CREATE TYPE {kind} AS ENUM ({labels})")
            return kind
        return "VARCHAR(20)" if self.dialect == "sqlite" else "NVARCHAR(20)"

    def checks(self, column: Column) -> list[str]:
        name, checks = self.name(column.name), []
        has_type = self.dialect in ("mysql", "postgresql", "duckdb")
        if column.kind == "category" and not (has_type and isinstance(column.labels[0], str)):
            labels = [self.literal(label) for label in column.labels]
            alternatives = " OR ".join(f"{name} = {label}" for label in labels)
            checks.append(
                self.rng.choice([f"{name} IN ({', '.join(labels)})", alternatives, f"{name} IS NULL OR ({alternatives})"])
            )
        if column.low is not None:
            sign = ">" if column.is_low_open else ">="
            checks.append(self.rng.choice([f"{name} {sign} {column.low:g}", f"({column.low:g}) {'<' + sign[1:]} ({name})"]))
        if column.high is not None:
            sign = "<" if column.is_high_open else "<="
            checks.append(f"{name} {sign} {self.literal(int(column.high))}")
        if column.low is not None and column.high is not None and not (column.is_low_open or column.is_high_open):
            return [f"{name} BETWEEN {column.low:g} AND {column.high:g}"]
        return [" AND ".join(f"({check})" for check in checks)] if checks and self.rng.random() < 0.5 else checks

    def column(self, column: Column, table: DeclaredTable) -> str:
        parts = [self.name(column.name), self.type(column, table.name)]
        options = [f"CHECK ({check})" for check in self.checks(column)]
        options += [] if column.is_nullable else ["NOT NULL"]
        if column.default is not None:
            quoted = column.default if column.kind in ("integer", "decimal", "float") else self.literal(column.default)
            words = {"true": "TRUE", "false": "FALSE"} if self.dialect == "postgresql" else {"true": "1", "false": "0"}
            plain = words[column.default] if column.kind == "boolean" else quoted
            options.append(f"DEFAULT {self.rng.choice([plain, f'({plain})'])}")
        self.rng.shuffle(options)
        return " ".join([*parts, *options])

    def constraint(self, table: DeclaredTable, items: list[str], text: str, n_name: int) -> None:
        """Put a constraint within the table, or behind it."""
        named = f"CONSTRAINT {self.name(f'c{n_name} {table.name}')} {text}" if self.rng.random() < 0.5 else text
        if self.dialect in ("sqlite", "duckdb") or self.rng.random() < 0.5:
            items.append(named)
        else:
            self.after.append(f"ALTER TABLE {self.name(table.name)} ADD {named}")

    def table(self, table: DeclaredTable) -> str:
        items = [self.column(column, table) for column in table.columns]
        texts = [f"PRIMARY KEY {self.names(table.primary_key)}"] if table.primary_key else []
        texts += [f"CHECK ({self.name(o.low)} {'<' if o.is_strict else '<='} {self.name(o.high)})" for o in table.orders]
        for key in table.foreign_keys:
            target = f"{self.name(key.parent)} {self.names(key.parent_columns)}"
            action = self.rng.choice(["", " ON DELETE CASCADE", " ON UPDATE NO ACTION ON DELETE SET NULL"])
            texts.append(f"FOREIGN KEY {self.names(key.columns)} REFERENCES {target}{action}")
        for unique in table.unique:
            if self.rng.random() < 0.5:
                texts.append(f"UNIQUE {self.names(unique)}")
            else:
                self.after.append(f"CREATE UNIQUE INDEX i ON {self.name(table.name)} {self.names(unique)}")
        for n_name, text in enumerate(texts):
            self.constraint(table, items, text, n_name)
        comment = self.rng.choice(["", " -- it's; a comment (", " /* ; ' */"])
        return f"CREATE TABLE {self.name(table.name)} ({comment}\n  " + ",\n  ".join(items) + "\n)"

    def schema(self, schema: DeclaredSchema) -> str:
        tables = [self.table(table) for table in schema.tables]
        noise = ["INSERT INTO t VALUES ('CREATE TABLE x (a;', 1)", "CREATE VIEW v AS SELECT 1 AS one"]
        end = "\nGO\n" if self.dialect == "sqlserver" else ";\n"
        return "".join(statement + end for statement in [*self.before, noise[0], *tables, noise[1], *self.after])


def normal(table: DeclaredTable) -> DeclaredTable:
    """A table whose constraints have one order."""
    unique = tuple(sorted(table.unique))
    keys = tuple(sorted(table.foreign_keys, key=lambda key: (key.columns, key.parent, key.parent_columns)))
    return replace(table, unique=unique, foreign_keys=keys, orders=tuple(sorted(table.orders, key=lambda order: order.low)))

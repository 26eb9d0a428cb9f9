from pathlib import Path

import pytest

from plurel_prob.declared import DeclaredSchema, ForeignKey, read_ddl
from plurel_prob.declared.statements import split_statements
from plurel_prob.declared.text import Sql
from plurel_prob.errors import DatabaseError
from tests.declared.reading import read

ROUTINES = {
    "sqlite": "CREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM t; END;\n",
    "mysql": (
        "DELIMITER $$\nCREATE PROCEDURE p() BEGIN IF 1 THEN SELECT ';'; END IF; CREATE TABLE u (a int); END$$\nDELIMITER ;\n"
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW BEGIN CASE 1 WHEN 1 THEN SET @a = 1; END CASE; SET @b = 2; END;\n"
        "/*!50003 CREATE TABLE v (a int) */;\n# a comment; 'with a quote\n"
    ),
    "postgresql": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $_$ CREATE TABLE u (a int); SELECT ';' $_$;\n\\connect other\n"
        "CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;\n"
        "COPY t (a) FROM stdin;\n1\tit's; CREATE TABLE u (\n\\.\n"
        "CREATE PUBLICATION p FOR TABLE t; ALTER PUBLICATION p ADD TABLE t;\nCREATE POLICY p ON t USING (a > 1);\n"
        "/* outer /* inner */ CREATE TABLE u (a int); */\n"
    ),
    "duckdb": "CREATE MACRO m(a) AS a + 1;\nPRAGMA threads=4;\n",
    "sqlserver": (
        "SET ANSI_NULLS ON\nGO\nCREATE PROC dbo.p AS\nCREATE TABLE u (a int)\nSELECT 1; CREATE TABLE #v (a int)\nGO 5\n"
        "CREATE SYNONYM s FOR table\nIF EXISTS (SELECT 1)\nBEGIN\n\tDROP DATABASE x;\nEND\nGO\n:setvar a 'b\n"
    ),
}


@pytest.mark.parametrize("dialect", ROUTINES)
def test_what_defines_no_table_is_skipped(tmp_path: Path, dialect: str) -> None:
    end = "\nGO\n" if dialect == "sqlserver" else ";\n"
    text = f"CREATE TABLE t (a int){end}{ROUTINES[dialect]}CREATE VIEW w AS SELECT 1 AS a{end}CREATE TABLE z (b int){end}"
    schema = read(tmp_path, text, dialect)
    assert [table.name for table in schema.tables] == ["t", "z"]
    assert schema.tables[1].line == text[: text.index("CREATE TABLE z")].count("\n") + 1
    assert [table.name for table in read(tmp_path, text, None).tables] == ["t", "z"]


@pytest.mark.parametrize(
    "dialect, value",
    [
        ("sqlite", "'it''s; CREATE TABLE u (a int);', \"a;b\", `c;d`, [e;'f], 1 /* ; ' */ -- ;'\n, 2"),
        ("mysql", "'it\\'s;', \"a\\\";b\", 'c''; d', _utf8'e;', X'00' # ;'\n, 1-2, 3/4"),
        ("postgresql", "E'it\\'s;', 'back\\', typeE';', $a$ ;'$$ $a$, U&'x;', ARRAY[1], 1 -- '\n, 2"),
        ("duckdb", "'it''s;', $$;'$$, [1, 2]"),
        ("sqlserver", "N'it''s\n;', [a;'b], 1)\nINSERT t VALUES (1 -- '\n, 2"),
    ],
)
def test_rows_are_skipped(tmp_path: Path, dialect: str, value: str) -> None:
    text = f"CREATE TABLE t (a int);\nINSERT INTO t VALUES ({value});\nCREATE TABLE z (b int);\nINSERT INTO t VALUES ('"
    tokens = list(split_statements(Sql("x", text.rpartition("\n")[0], dialect)))
    assert [statement[2].text for statement in tokens if statement and statement[0].is_word("CREATE")] == ["t", "z"]
    with pytest.raises(DatabaseError, match=f"line {text.count(chr(10)) + 1}: a quote ' is opened here and never closed"):
        read(tmp_path, text, dialect)


def test_statements_of_sql_server_need_no_end(tmp_path: Path) -> None:
    text = """USE x
        IF OBJECT_ID('c') IS NULL CREATE TABLE c (id int)
        CREATE TABLE [dbo].[a] ([id] int NOT NULL,
          CONSTRAINT pk PRIMARY KEY CLUSTERED ([id] ASC) WITH (PAD_INDEX = OFF) ON [PRIMARY]) ON [PRIMARY]
        SET ANSI_NULLS ON
        CREATE TABLE b (id int, a_id int,)
        ALTER TABLE [dbo].[b] WITH CHECK ADD CONSTRAINT f FOREIGN KEY ([a_id])
        REFERENCES [dbo].[a] ([id])
        ON DELETE SET NULL
        ALTER TABLE [dbo].[b] CHECK CONSTRAINT [f]
        ALTER TABLE b ADD DEFAULT ((7)) FOR id, CONSTRAINT u UNIQUE NONCLUSTERED (id)
        ALTER TABLE b
        ALTER COLUMN id bigint NOT NULL
        INSERT INTO b VALUES (1, 2)"""
    c, a, b = read(tmp_path, text, "sqlserver").tables
    assert c.line == 2 and a.primary_key == ("id",) and b.unique == (("id",),)
    assert b.foreign_keys == (ForeignKey(("a_id",), "a", ("id",)),) and b.foreign_keys[0].line == 8
    assert (b.columns[0].default, b.columns[0].bits, b.columns[0].is_nullable) == ("7", 64, False)


def test_tables_that_change(tmp_path: Path) -> None:
    text = """CREATE TABLE gone (a int); DROP TABLE IF EXISTS gone, never; CREATE TABLE gone (b int);
        CREATE TABLE IF NOT EXISTS gone (c int); CREATE TEMP TABLE temp (a int);
        CREATE OR REPLACE TABLE t (x int, y text NOT NULL);
        ALTER TABLE IF EXISTS ONLY t ADD COLUMN IF NOT EXISTS z int DEFAULT 3 CHECK (z > 0), ALTER COLUMN y DROP NOT NULL,
          ALTER x SET NOT NULL, ALTER COLUMN x TYPE bigint USING x::bigint, ALTER COLUMN x SET DEFAULT 5, ADD PRIMARY KEY (z);
        ALTER TABLE t ALTER COLUMN z ADD GENERATED ALWAYS AS IDENTITY (START 1); ALTER TABLE t OWNER TO me;
        ALTER TABLE t ALTER COLUMN x SET STATISTICS 100;
        CREATE UNIQUE INDEX CONCURRENTLY i ON t USING btree (x DESC, y) WHERE x > 0;
        CREATE INDEX j ON t (lower(y)); ALTER SEQUENCE s OWNED BY t.x; ALTER VIEW v RENAME TO w;"""
    gone, t = read(tmp_path, text).tables
    assert [column.name for column in gone.columns] == ["b"]
    x, y, z = t.columns
    assert (x.bits, x.is_nullable, x.default, y.is_nullable, z.default, z.low) == (64, False, "5", True, "3", 0.0)
    assert t.primary_key == ("z",) and t.unique == () and [index.columns for index in t.indexes] == [("x", "y")]
    text = """CREATE TABLE `t` (`id` int, `key` varchar(9), KEY `k` (`key`(3)), FULLTEXT KEY (`key`)) ENGINE=InnoDB COMMENT='a;b';
        ALTER TABLE `t` ADD PRIMARY KEY (`id`), ADD UNIQUE KEY `u` (`key`), ADD KEY `i` (`key`);
        ALTER TABLE `t` MODIFY `id` bigint unsigned NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=17;
        ALTER TABLE t CHANGE `key` `key` varchar(20) NOT NULL;"""
    (t,) = read(tmp_path, text, "mysql").tables
    assert (t.primary_key, t.unique, t.columns[0].bits, t.columns[0].is_unsigned) == (("id",), (("key",),), 64, True)
    assert (t.columns[1].length, t.columns[1].is_nullable) == (20, False)


def test_constraints_that_are_dropped_or_added_later(tmp_path: Path) -> None:
    text = """CREATE TABLE t (a int NOT NULL, b int CONSTRAINT cb CHECK (b > 0), c int UNIQUE, d int REFERENCES t (c),
          CONSTRAINT u UNIQUE (b), CONSTRAINT f FOREIGN KEY (b) REFERENCES t (c), CONSTRAINT n NOT NULL c);
        CREATE UNIQUE INDEX i ON t (a);
        ALTER TABLE t ADD CONSTRAINT tp PRIMARY KEY USING INDEX i, DROP CONSTRAINT IF EXISTS nothing;
        ALTER TABLE t DROP CONSTRAINT u, DROP CONSTRAINT IF EXISTS f, DROP CONSTRAINT cb, DROP CONSTRAINT t_d_fkey CASCADE;
        ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (d) REFERENCES t (c);"""
    (t,) = read(tmp_path, text).tables
    assert (t.primary_key, t.unique, t.foreign_keys) == (("a",), (("c",),), (ForeignKey(("d",), "t", ("c",)),))
    assert t.columns[1].low is None and not t.columns[2].is_nullable
    text = """CREATE TABLE t (a int, b int, PRIMARY KEY (a), UNIQUE KEY u (b), CONSTRAINT f FOREIGN KEY (b) REFERENCES t (a));
        ALTER TABLE t DROP PRIMARY KEY, DROP INDEX u, DROP FOREIGN KEY f, DROP KEY other;
        CREATE TABLE u (a int PRIMARY KEY, b int UNIQUE); CREATE TABLE v LIKE u; DROP TABLE u;"""
    t, v = read(tmp_path, text, "mysql").tables
    assert (t.primary_key, t.unique, t.foreign_keys, v.primary_key, v.unique) == ((), (), (), ("a",), (("b",),))


def test_partitions_are_rows_of_their_parents(tmp_path: Path) -> None:
    text = """CREATE TABLE p (id int PRIMARY KEY, d date NOT NULL, CHECK (id > 0)) PARTITION BY RANGE (d);
        CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
        CREATE TABLE p2 (CONSTRAINT c CHECK (d >= '2021-01-01'::date)) INHERITS (p);
        CREATE TABLE p3 (id int NOT NULL, d date NOT NULL); ALTER TABLE ONLY public.p ATTACH PARTITION public.p3 DEFAULT;
        ALTER TABLE ONLY p2 ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES nowhere (id); CREATE UNIQUE INDEX u ON p1 (d);
        CREATE TABLE child (extra text) INHERITS (p);"""
    p, child = read(tmp_path, text).tables
    assert (p.name, p.primary_key, p.unique, p.foreign_keys) == ("p", ("id",), (), ())
    assert [column.name for column in child.columns] == ["id", "d", "extra"]
    assert child.columns[0].low == 0.0 and child.primary_key == ()


def test_names_and_keys(tmp_path: Path) -> None:
    text = """CREATE TABLE "Order" (ID int, "a" int, UNIQUE (id, A));
        CREATE TABLE Customer (CustomerId int PRIMARY KEY, boss int REFERENCES CUSTOMER ON DELETE SET NULL
          DEFERRABLE INITIALLY DEFERRED NOT NULL,
          o1 int, o2 int, later int REFERENCES "later" (Id), FOREIGN KEY (O1, o2) REFERENCES order_ (id, a) MATCH FULL NOT VALID);
        CREATE TABLE later (id int UNIQUE);""".replace("order_", '"Order"')
    order, customer, later = read(tmp_path, text).tables
    assert order.unique == (("ID", "a"),) and order.columns[0].is_nullable
    assert customer.foreign_keys == (
        ForeignKey(("boss",), "Customer", ("CustomerId",)),
        ForeignKey(("later",), "later", ("id",)),
        ForeignKey(("o1", "o2"), "Order", ("ID", "a")),
    )
    assert not customer.columns[1].is_nullable and not customer.columns[0].is_nullable
    text = """CREATE TABLE a.t (id int PRIMARY KEY, up int REFERENCES b.t);
        CREATE TABLE b.t (id int PRIMARY KEY, x int REFERENCES t (id));
        CREATE TABLE db.public.u (t int REFERENCES a.t)"""
    moved = """SET search_path = a, pg_catalog; CREATE TABLE t (id int PRIMARY KEY); SET search_path TO b;
        CREATE TABLE t (id int PRIMARY KEY, x int REFERENCES t (id)); CREATE UNIQUE INDEX i ON t (x);
        SET search_path = a; ALTER TABLE ONLY t ADD up int REFERENCES b.t;
        SET search_path TO public; CREATE TABLE u (t int REFERENCES a.t)"""
    for schema in (read(tmp_path, text), read(tmp_path, moved)):
        parents = [(table.name, table.foreign_keys[0].parent) for table in schema.tables]
        assert parents == [("a.t", "b.t"), ("b.t", "b.t"), ("u", "a.t")]


def test_offsets_of_tokens_cover_the_text() -> None:
    text = "CREATE TABLE \"a\"\"b\" (x int DEFAULT 'it''s', y text[]); -- end\n$$ a; b $$;"
    sql = Sql("x", text, "postgresql")
    tokens = [token for statement in split_statements(sql) for token in statement]
    assert [text[token.start : token.end] for token in tokens if token.kind in ("quoted", "string")] == [
        '"a""b"',
        "'it''s'",
        "$$ a; b $$",
    ]
    assert [token.text for token in tokens if token.kind == "quoted"] == ['a"b'] and "it's" in [token.text for token in tokens]


def test_encodings_and_line_ends(tmp_path: Path) -> None:
    text = 'CREATE TABLE "Größe" (\r\n  a int,\r\n  a text);\r\n'
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "x.sql").write_bytes(text.encode(encoding))
        with pytest.raises(DatabaseError, match="line 3: table Größe: column a is declared twice"):
            read_ddl(tmp_path / "x.sql", "sqlite")
        (tmp_path / "x.sql").write_bytes(text.replace("a text", "b text").encode(encoding))
        assert isinstance(read_ddl(tmp_path / "x.sql"), DeclaredSchema)

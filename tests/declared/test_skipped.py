from pathlib import Path

import pytest

from plurel_prob.cli import main
from plurel_prob.declared import read_ddl
from tests.declared.reading import read

T = "CREATE TABLE t (id int PRIMARY KEY, x int);\n"
# SQL after T, its dialect, and what of it is said to be skipped; tables and keys are lost otherwise
SKIPPED: list[tuple[str, str, list[str]]] = [
    ("CRAETE TABLE u (a int);\nCRAETE TABLE v (a int);", "postgresql", ["2 statements that begin with CRAETE (lines 2, 3)"]),
    ("CRAETE TABLE u (a int)\nGO\n", "sqlserver", ["1 statement that begins with CRAETE (line 2)"]),
    ("CREATE TABLE u (a int)\nCRAETE TABLE v (a int)\nGO", "sqlserver", ["1 statement that begins with CRAETE (line 3)"]),
    (
        "CREATE FUNCTION f() RETURNS int AS $$SELECT 1$$ LANGUAGE sql;\n" * 7,
        "postgresql",
        ["7 CREATE FUNCTION (lines 2, 3, 4, 5, 6, ...)"],
    ),
    ("CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;", "sqlite", ["1 CREATE TRIGGER (line 2)"]),
    ("CREATE VIRTUAL TABLE f USING fts5(a);", "sqlite", ["1 CREATE VIRTUAL TABLE (line 2)"]),
    ("CREATE FOREIGN TABLE f (a int) SERVER s;", "postgresql", ["1 CREATE FOREIGN TABLE (line 2)"]),
    ("EXEC sp_rename 't', 'u'\nGO", "sqlserver", ["1 EXEC sp_rename (line 2)"]),
    ("CALL add_tables();", "mysql", ["1 statement that begins with CALL (line 2)"]),
    ("ALTER DOMAIN d ADD CHECK (VALUE > 0);", "postgresql", ["1 ALTER DOMAIN (line 2)"]),
    ("CREATE VIEW w AS SELECT 1;\nCREATE UNIQUE INDEX i ON w (a);", "postgresql", ["1 CREATE UNIQUE INDEX on a view (line 3)"]),
    ("DO LANGUAGE plpython3u $$ x $$;", "postgresql", ["1 DO (line 2)"]),
    (
        "DO $$ BEGIN\nIF now() > '2020-01-01' THEN\nALTER TABLE t ADD y int;\nEND IF; END $$;",
        "postgresql",
        ["1 ALTER TABLE that may not be run in DO (line 4)"],
    ),
    ("DO $$ BEGIN FOR i IN 1..3 LOOP EXECUTE f(i); END LOOP; END $$;", "postgresql", ["1 EXECUTE that may not be run in DO"]),
    ("\\i none.sql\n\\i ../schema.sql\n\\i /etc/hostname\n", "postgresql", ["none.sql", "../schema.sql", "/etc/hostname"]),
    ("\\i schema.sql\n", "postgresql", ["schema.sql, which is read already (line 2)"]),
]


@pytest.mark.parametrize("text, dialect, parts", SKIPPED)
def test_what_is_not_read_is_named(tmp_path: Path, text: str, dialect: str, parts: list[str]) -> None:
    schema = read(tmp_path, T + text, dialect)
    assert schema.tables[0].name == "t"
    assert len(schema.skipped) == len(parts)
    assert all(part in note for part, note in zip(parts, schema.skipped, strict=True)), schema.skipped


@pytest.mark.parametrize(
    "dialect, text",
    {
        "postgresql": "SET x = 1; SELECT setval('s', 1); BEGIN; COMMENT ON TABLE t IS 'a'; GRANT ALL ON t TO public;\n"
        "CREATE EXTENSION e; CREATE SEQUENCE s OWNED BY t.id; ALTER TABLE t OWNER TO a; ALTER FUNCTION f() OWNER TO a;\n"
        "CREATE INDEX i ON t (x); COPY t FROM stdin;\n1\t2\n\\.\nCREATE TEMP TABLE u (a int); ALTER DEFAULT PRIVILEGES GRANT\n"
        "ALL ON TABLES TO me; INSERT INTO t VALUES (1); ANALYZE; COMMIT; \\echo done\n\\restrict abc\n;;",
        "mysql": "/*!40101 SET NAMES a */; LOCK TABLES t WRITE; INSERT INTO t VALUES (1); UNLOCK TABLES; USE x; FLUSH TABLES;\n"
        "DELIMITER ;;\nDELIMITER ;\nSTART TRANSACTION; TRUNCATE t; DROP VIEW IF EXISTS v; CREATE DATABASE d;",
        "sqlite": "PRAGMA foreign_keys=OFF; BEGIN TRANSACTION; DELETE FROM sqlite_sequence; VACUUM;\n.headers on\nCOMMIT;",
        "duckdb": "INSTALL a; LOAD a; PRAGMA threads=4; CREATE MACRO m(a) AS a; ATTACH 'x' AS y; COPY t FROM 'a.csv';",
        "sqlserver": "\nSET NOCOUNT ON\nPRINT 'a'\nUSE x\nGO\nDECLARE @a int\nIF 1 = 1\nBEGIN\nPRINT 'b'\nEND\nGO\n"
        "EXEC sys.sp_addextendedproperty @name=N'a', @value=N'CREATE TABLE x'\nGO\nCREATE SCHEMA s\nGO\nDENY SELECT ON t TO u\n",
    }.items(),
)
def test_what_means_nothing_is_not_named(tmp_path: Path, dialect: str, text: str) -> None:
    schema = read(tmp_path, T + text, dialect)
    assert ([table.name for table in schema.tables], schema.skipped) == (["t"], ())


# SQL in which tables stand at unusual places, its dialect, and the tables with their numbers of columns and keys
FOUND: list[tuple[str, str, dict[str, tuple[int, int]]]] = [
    (
        "DO $$ BEGIN\n ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (x) REFERENCES public.t (id);\n"
        "EXCEPTION\n WHEN duplicate_object THEN null;\nEND $$;\n--> statement-breakpoint\n",
        "postgresql",
        {"t": (2, 1)},
    ),
    (
        'DO $EF$\nBEGIN\n IF NOT EXISTS(SELECT 1 FROM "__H" WHERE "Id" = \'1\') THEN\n CREATE TABLE "Blog" ("Id" int, a text);\n'
        " END IF;\nEND $EF$;",
        "postgresql",
        {"t": (2, 0), "Blog": (2, 0)},
    ),
    ("DO 'BEGIN EXECUTE ''ALTER TABLE t ADD y int''; END';", "postgresql", {"t": (3, 0)}),
    ("DO $$ DECLARE a int; b int; BEGIN IF to_regclass('u') IS NULL THEN CREATE TABLE u (a int); END IF; END $$;", "postgresql",
     {"t": (2, 0), "u": (1, 0)}),
    ("\ufeffCREATE TABLE u (a int);\ufeff\n\ufeff CREATE TABLE v (a int);\x1a", "mysql", {"t": (2, 0), "u": (1, 0), "v": (1, 0)}),
    ("CREATE SCHEMA hr CREATE TABLE u (a int PRIMARY KEY) CREATE TABLE v (a int REFERENCES u) GRANT SELECT ON u TO me;\n"
     "CREATE SCHEMA IF NOT EXISTS x AUTHORIZATION me;", "postgresql", {"t": (2, 0), "u": (1, 0), "v": (1, 1)}),
    ("CREATE SCHEMA hr\nCREATE TABLE u (a int PRIMARY KEY)\nCREATE TABLE v (a int REFERENCES u)\nGO\nCREATE TABLE w (a int)",
     "sqlserver", {"t": (2, 0), "u": (1, 0), "v": (1, 1), "w": (1, 0)}),
    ("CREATE TABLE u (a int) CREATE TABLE v (a int) ALTER TABLE v ADD b int", "sqlserver",
     {"t": (2, 0), "u": (1, 0), "v": (2, 0)}),
    ("EXEC(N'CREATE TABLE u (a nvarchar(3) DEFAULT N''b'')')\nGO\nEXEC sp_executesql N'ALTER TABLE u ADD b int'", "sqlserver",
     {"t": (2, 0), "u": (2, 0)}),
    ("CREATE PARTITION FUNCTION f (int) AS RANGE LEFT FOR VALUES (1)\nCREATE TABLE u (a int)", "sqlserver",
     {"t": (2, 0), "u": (1, 0)}),
    ("\\ir part/one.sql\n", "postgresql", {"t": (2, 0), "one": (1, 0), "two": (1, 1)}),
    ("\\i 'part/one.sql'\n", "postgresql", {"t": (2, 0), "one": (1, 0), "two": (1, 1)}),
    ("source part/one.sql;\n", "mysql", {"t": (2, 0), "one": (1, 0)}),
    (".read part/one.sql\n", "sqlite", {"t": (2, 0), "one": (1, 0)}),
    (":r part/one.sql\nGO\n", "sqlserver", {"t": (2, 0), "one": (1, 0)}),
]  # fmt: skip


@pytest.mark.parametrize("text, dialect, found", FOUND)
def test_tables_at_unusual_places(tmp_path: Path, text: str, dialect: str, found: dict[str, tuple[int, int]]) -> None:
    (tmp_path / "part").mkdir()
    more = "\n\\ir two.sql\n" if dialect == "postgresql" else ""
    (tmp_path / "part" / "one.sql").write_text(f"CREATE TABLE one (a int PRIMARY KEY);{more}")
    (tmp_path / "part" / "two.sql").write_text("CREATE TABLE two (a int REFERENCES one);")
    schema = read(tmp_path, T + text, dialect)
    assert {table.name: (len(table.columns), len(table.foreign_keys)) for table in schema.tables} == found
    assert schema.skipped == ()


def test_lines_of_blocks_and_of_included_files(tmp_path: Path) -> None:
    block = "\n\nDO $$\nBEGIN\n  CREATE TABLE u (a int,,);\nEND $$;"
    with pytest.raises(ValueError, match="schema.sql, line 6: table u: there is nothing between two commas"):
        read(tmp_path, T + block)
    (tmp_path / "more.sql").write_text("\n\nCREATE TABLE u (a int,,);")
    with pytest.raises(ValueError, match="more.sql, line 3: table u: there is nothing between two commas"):
        read(tmp_path, T + "\\i more.sql")


def test_a_link_out_of_the_folder_is_not_included(tmp_path: Path) -> None:
    (tmp_path / "secret.sql").write_text("CREATE TABLE secret (a int);")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.sql").symlink_to(tmp_path / "secret.sql")
    schema = read(folder, T + "\\i link.sql")
    assert [table.name for table in schema.tables] == ["t"] and "link.sql" in schema.skipped[0]


def test_the_dialect_in_which_most_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_text("CREATE TABLE u (a int)\nCREATE TABLE v (b int)\n")
    assert [table.name for table in read_ddl(tmp_path / "x.sql").tables] == ["u", "v"]


def test_strict_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.sql").write_text(T + "CREATE FUNCTION f() RETURNS int AS $$SELECT 1$$ LANGUAGE sql;")
    arguments = ["sample", "--schema", str(tmp_path / "x.sql"), "--out", str(tmp_path / "out"), "--shard", "1/2"]
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--strict"])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert "--strict: not read: 1 CREATE FUNCTION (line 2)" in error
    with pytest.raises(SystemExit) as caught:
        main(arguments)  # a shard without databases
    assert caught.value.code == 0
    assert "not read: 1 CREATE FUNCTION (line 2)" in capsys.readouterr().err

"""Changes of valid files: of a leaf of a document, of words of a text, of bytes, of tables."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from hypothesis import strategies as st

HUGE = "@huge@"  # becomes an integer of 5,000 digits: Python writes none
DEEP = "@deep@"  # becomes lists within lists
N_DEEP = 2000
TEXTS = (
    *("", " ", "\0", "\x1b[31m", "a\nb", "\ud800", "é" * 3, "[/x]", "[bold]", "{timedelta}", "%(a)s", "a;b", "'", '"', "\\"),
    *("../x", "../../../elsewhere/secret", "/etc/passwd", ".", "..", "a/b", "-x", "CON", "nan", "1; touch x", "$(touch x)"),
    *("2021-02-30", "0000-00-00", "9999-12-31T23:59:59.999999999", "290000-01-01", "infinity", "1e999", "true", "null"),
    *("x" * 300, "x" * 100_000, "https://localhost/x", "SELECT 1", "row_idx", "table_0", "users", "id"),
)
SCALARS = (None, True, False, 0, -1, 3, 2**31, 2**63, 10**30, HUGE, 1.5, -0.0, 1e308, float("nan"), float("inf"))
CONTAINERS = ([], {}, [[]], [None], ["a"], [1, "a", None], {"a": 1}, {"": {"": []}}, [["users"]], DEEP)
LEAVES = (*TEXTS, *SCALARS, *CONTAINERS)
KEYS = tuple(text for text in TEXTS if len(text) < 1000)

leaves = st.sampled_from(LEAVES).map(copy.deepcopy)


def places(tree: Any, place: tuple = ()) -> Iterator[tuple]:
    """The path of every node below the root."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*place, key)
        yield from places(value, (*place, key))


@st.composite
def trees(draw: Callable, valid: Any) -> Any:
    """A document with one to three leaves or branches replaced, removed, doubled, renamed or added."""
    tree = copy.deepcopy(valid)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        found = list(places(tree))
        if not found:
            break
        *way, key = draw(st.sampled_from(found))
        parent = tree
        for step in way:
            parent = parent[step]
        change = draw(st.sampled_from(["replace", "replace", "replace", "remove", "double", "rename", "add"]))
        if change == "replace":
            parent[key] = draw(leaves)
        elif change == "remove":
            del parent[key]
        elif isinstance(parent, list):
            parent.insert(key, copy.deepcopy(parent[key]) if change == "double" else draw(leaves))
        elif change == "double":
            parent[draw(st.sampled_from(KEYS))] = copy.deepcopy(parent[key])
        elif change == "rename":
            parent[draw(st.sampled_from(KEYS))] = parent.pop(key)
        else:
            parent[draw(st.sampled_from(KEYS))] = draw(leaves)
    return tree


def filled(text: str) -> bytes:
    """A document with its huge integers and its depths written out."""
    text = text.replace(f'"{HUGE}"', "9" * 5000).replace(f"'{HUGE}'", "9" * 5000).replace(HUGE, "9" * 5000)
    deep = "[" * N_DEEP + "]" * N_DEEP
    text = text.replace(f'"{DEEP}"', deep).replace(f"'{DEEP}'", deep).replace(DEEP, deep)
    return text.encode("utf-8", "surrogatepass")


def json_of(tree: Any) -> bytes:
    """A document in JSON."""
    return filled(json.dumps(tree, indent=1))


def yaml_of(tree: Any) -> bytes:
    """A document in YAML; of a lone surrogate, as a text that YAML escapes."""
    return filled(yaml.safe_dump(tree, sort_keys=False))


def toml_of(tree: Any) -> bytes:
    """A document in TOML, its tables in one line each."""
    return filled("".join(f"{json.dumps(key)} = {_inline(value)}\n" for key, value in tree.items() if value is not None))


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}.get(text := json.dumps(value), text)


ALIASES = "\n".join(
    [
        "a0: &a0 [x, x]",
        *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)),
        "name: *a9",
        "val_timestamp: *a9",
    ]
)
ODD_DOCUMENTS = (
    *(b"", b"\0", b"\xff\xfe{", b"\xef\xbb\xbf{}", b"null", b"[]", b"3", b'"x"', b"{", b"{]", b"- a\n b: c\n\td", b"a: *b"),
    *(
        b"[" * 100_000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b"a: &a [*a]",
        ALIASES.encode(),
        b"!!python/object/apply:os.abort []",
    ),
    *(b"9" * 5000, b"a = " + b"[" * 2000 + b"]" * 2000, b"a.b.c = 1\na.b = 2", b"{a: 1, a: 2}", b"? [a]\n: b", b"x" * 2_000_000),
)


@st.composite
def bytes_of(draw: Callable, valid: bytes) -> bytes:
    """Bytes of which a bit is flipped, some are overwritten, inserted, doubled or removed, or the rest is cut off."""
    content, place = bytearray(valid), draw(st.integers(0, max(len(valid) - 1, 0)))
    change = draw(st.sampled_from(["flip", "flip", "flip", "cut", "overwrite", "insert", "double", "remove", "empty"]))
    if change == "flip" and content:
        content[place] ^= 1 << draw(st.integers(0, 7))
    elif change == "cut":
        del content[place:]
    elif change == "overwrite":
        content[place : place + 8] = draw(st.binary(min_size=1, max_size=8))
    elif change == "insert":
        content[place:place] = draw(st.binary(min_size=1, max_size=8))
    elif change == "double":
        content[place:place] = content[place : place + 200]
    elif change == "remove":
        del content[place : place + 50]
    elif change == "empty":
        content.clear()
    return bytes(content)


WORDS = (
    *(
        "(",
        ")",
        "'",
        '"',
        "`",
        "[",
        "]",
        ";",
        ",",
        ".",
        "::",
        "--",
        "/*",
        "$$",
        "$a$",
        "\\",
        "\0",
        "é",
        "-1e999",
        "9" * 400,
        "0x",
    ),
    *(
        "CHECK",
        "TABLE",
        "CREATE",
        "NULL",
        "REFERENCES",
        "UNIQUE",
        "DEFAULT",
        "PRIMARY KEY",
        "AS",
        "BEGIN",
        "END",
        "\nGO\n",
        "\ufeff",
    ),
    *(
        "VARCHAR(" + "9" * 5000 + ")",
        "DECIMAL(0,-1)",
        "DROP TABLE users;",
        "ALTER TABLE users",
        "INSERT INTO t VALUES (",
        "@x",
        "%(a)s",
    ),
)
REPEATED = (
    "/* ",
    "$a1$ $a2$ ",
    "go" + " " * 50,
    "INSERT INTO t VALUES (",
    "((",
    "'",
    '"',
    "CHECK (",
    "CREATE TABLE ",
    "x" * 50,
    "-- ",
)


@st.composite
def texts_of(draw: Callable, valid: bytes) -> bytes:
    """A text of which words are removed, doubled, turned round, replaced or repeated, or the rest is cut off."""
    tokens = re.findall(r"\w+|\s+|[^\w\s]", valid.decode())
    for _ in range(draw(st.sampled_from([1, 1, 2, 4]))):
        i = draw(st.integers(0, max(len(tokens) - 2, 0)))
        change = draw(st.sampled_from(["remove", "double", "turn", "replace", "swap", "repeat", "cut"]))
        if change == "remove":
            del tokens[i : i + 1]
        elif change == "double":
            tokens[i:i] = tokens[i : i + 1]
        elif change == "turn":
            tokens[i : i + 3] = tokens[i : i + 3][::-1]
        elif change == "replace":
            tokens[i : i + 1] = [draw(st.sampled_from(WORDS))]
        elif change == "swap":
            tokens[i : i + 1] = [draw(st.sampled_from(tokens or [""]))]
        elif change == "repeat":
            tokens[i:i] = [draw(st.sampled_from(REPEATED)) * draw(st.sampled_from([2, 2000]))]
        else:
            tokens = tokens[: i + 3]
    return "".join(tokens).encode("utf-8", "surrogatepass")

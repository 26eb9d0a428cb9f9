import os

import pytest

from plurel_prob import documents
from plurel_prob.documents import parse_json, read_json, read_toml, read_yaml
from plurel_prob.errors import DatabaseError, bounded_int, printable, reason

LETTERS = "abcdefghij"


def billion(first: str, link: str) -> str:
    """Nine aliases, each of ten of the one before."""
    lines = [
        f"{this}: &{this} {link % ', '.join([f'*{before}'] * 10)}" for before, this in zip(LETTERS, LETTERS[1:], strict=False)
    ]
    return "\n".join([f"a: &a {first}", *lines])


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (read_yaml, billion("[1, 2, 3]", "[%s]"), "parts"),
        (read_yaml, billion("{k: 1}", "{<<: [%s]}"), "parts"),
        (read_yaml, "x: &x [1, *x]", "holds itself"),
        (read_yaml, "x: *nothing", "undefined alias"),
        (read_yaml, "- " * 2000 + "1", "nested"),
        (read_yaml, "[" * 100_000, "nest"),
        (read_yaml, "x: " + "1:" * 200_000 + "1", "number of more than"),
        (read_yaml, "x: " + "7" * 5000, "number of more than"),
        (read_yaml, "x: 0x" + "f" * 17, "64 bits"),
        (read_yaml, "{[a]: 1}", "unhashable"),
        (read_yaml, "when: 2020-13-41", "month"),
        (read_yaml, "run: !!python/object/apply:os.getcwd []", "constructor"),
        (read_json, "[" * 2000 + "]" * 2000, "nested more than 64 deep"),
        (read_json, "[" * 200_000, "nested more than 64 deep"),
        (read_json, '{"seed": ' + "9" * 5000 + "}", "5000 digits"),
        (read_json, '{"seed": ' + "9" * 400 + "}", "64 bits"),
        (read_json, '{"name": "\\ud800"}', "surrogates"),
        (read_json, '{"name": ', "Expecting value"),
        (read_json, "[" + "0," * 600_000 + "0]", "more than 500,000 values"),
        (read_toml, "x = " + "[" * 2000 + "]" * 2000, "nested more than 64 deep"),
        (read_toml, "x" + ".y" * 30_000 + " = 1", "dots"),
        (read_toml, "x = " + "1" * 5000, "digits"),
        (read_toml, "x = [1, 1" + "0" * 40 + "]", "64 bits"),
    ],
)
def test_what_is_broken_or_too_much_is_one_short_line(read, text, words, tmp_path):
    path = tmp_path / "document"
    path.write_text(text)
    with pytest.raises(DatabaseError, match=words) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: cannot be read: ") and len(message) < len(str(path)) + 300 and "\n" not in message


def test_documents_as_people_write_them_are_read(tmp_path):
    path = tmp_path / "document"
    path.write_text(
        "a: &a [1, 2]\nb: [*a, *a]\nc: {d: 0x1f, e: 2020-01-31, f: '" + "9" * 200 + "'}\nä: ü\n", encoding="utf-8-sig"
    )
    content = read_yaml(path)
    assert content["b"] == [[1, 2], [1, 2]] and content["c"]["d"] == 31 and content["ä"] == "ü"
    assert parse_json(b'{"a": [1.5, null, "\xc3\xa4"]}', "x") == {"a": [1.5, None, "ä"]}
    path.write_text("x.y = [0.1, 0.2]\n")
    assert read_toml(path) == {"x": {"y": [0.1, 0.2]}}


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / ("x" * 300), tmp_path / "a\0b"):
        with pytest.raises(DatabaseError, match="cannot be read"):
            read_json(path)
    with pytest.raises(DatabaseError, match="gone: no such file; look elsewhere"):
        read_json(tmp_path / "gone", "look elsewhere")


def test_large_files_are_refused_before_they_are_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_JSON", 10)
    (tmp_path / "x").write_text("[" + " " * 9 + "]")
    with pytest.raises(DatabaseError, match="more than 10 bytes"):
        read_json(tmp_path / "x")


def test_messages_are_one_line_without_control_characters():
    assert printable("a\x1b[31m\n\u202eb\ud800") == "a\\x1b[31m\\n\\u202eb\\ud800"
    assert reason(OSError(28, "No space left on device")) == "No space left on device"
    assert reason(KeyError("x")) == "there is no x" and reason(ValueError()) == "ValueError"
    assert reason(ValueError("one\n  two")) == "one two" and len(reason(ValueError("x" * 10_000))) == 240
    assert bounded_int("0" * 5000 + "12", 12) == 12 and bounded_int("13", 12) is None and bounded_int("9" * 5000, 12) is None

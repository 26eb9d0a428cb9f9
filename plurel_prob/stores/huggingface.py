"""Folders that ``datasets.load_dataset`` reads, with Croissant metadata."""

import glob
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from plurel_prob.databases.disk import MANIFEST, sha256, table_file
from plurel_prob.databases.manifest import read_manifest
from plurel_prob.declared import DeclaredSchema
from plurel_prob.files import check_apart, check_names, files_below, new_folder, within
from plurel_prob.stores.places import OnTable
from plurel_prob.stores.relbench_form import save_relbench

CROISSANT = "croissant.json"


def save_huggingface(tables: dict[str, pa.Table], declared: DeclaredSchema, folder: Path, name: str, on_table: OnTable) -> None:
    """Write RelBench format with ``README.md``, in which every table is a configuration, and ``croissant.json``."""
    save_relbench(tables, declared, folder, name, on_table)
    describe_folder(folder)


def copy_relbench(source: Path, target: Path, *, is_described: bool, overwrite: bool) -> None:
    """Copy what RelBench reads of a folder, tasks too, and describe it for Hugging Face if that is wanted.

    Raises:
        DatabaseError: the target is, holds or lies in the source, or may not be overwritten; a part of the source is a link, or a
            table's name cannot be that of a file everywhere.
    """
    check_apart(source, target)
    check_names(read_manifest(source).tables, ".parquet", str(source))
    with new_folder(target, overwrite=overwrite) as folder:
        for name in [MANIFEST, *files_below(source, "db"), *files_below(source, "tasks")]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(within(source, name), folder / name)
        if is_described:
            describe_folder(folder)


def describe_folder(folder: Path) -> None:
    """Write ``README.md`` and ``croissant.json`` into a folder in RelBench format."""
    import yaml

    manifest = read_manifest(folder)
    names = plain_names(list(manifest.tables))
    configs = [{"config_name": names[table], "data_files": glob.escape(f"db/{table}.parquet")} for table in manifest.tables]
    front = yaml.safe_dump({"pretty_name": manifest.name, "configs": configs}, sort_keys=False, allow_unicode=True)
    lines = [
        f"- `{table}`: primary key {_code(spec.pkey)}, time {_code(spec.time_col)}, refers to "
        + (", ".join(f"`{parent}` by `{key}`" for key, parent in spec.fkeys.items()) or "nothing")
        for table, spec in manifest.tables.items()
    ]
    text = f"---\n{front}---\n\n# {manifest.name}\n\n{manifest.description or 'A relational database in RelBench format.'}\n\n"
    (folder / "README.md").write_text(text + "\n".join(lines) + "\n", encoding="utf-8")
    content = json.dumps(croissant(folder, manifest), indent=1, ensure_ascii=False)
    (folder / CROISSANT).write_text(content + "\n", encoding="utf-8")


def _code(name: str | None) -> str:
    return f"`{name}`" if name else "none"


def plain_names(names: list[str]) -> dict[str, str]:
    """Names without the marks that Hugging Face and readers of Croissant refuse, of tables or columns; all differ."""
    plain: dict[str, str] = {}
    for name in names:
        result = re.sub(r"""[<>:/\\|?*"'\s%#]""", "_", name)
        while result in plain.values():
            result += "_"
        plain[name] = result
    return plain


def croissant(folder: Path, manifest: Any) -> dict[str, Any]:
    """Give the Croissant 1.0 metadata of a folder: a file and a record set a table, and references between them; not those of a
    table to itself, which readers take for a circle, nor columns of intervals, for which there is no type.

    A reference names the file and the column of the primary key: of references to fields, the reader ``mlcroissant`` (1.1) cannot
    follow one after another.
    """
    names = plain_names(list(manifest.tables))
    files = {table: table_file(folder, table) for table in manifest.tables}
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": manifest.name,
        "description": manifest.description or "A relational database in RelBench format.",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": f"{names[table]}-file",
                "name": f"{names[table]}-file",
                "contentUrl": f"db/{path.name}",
                "encodingFormat": "application/x-parquet",
                "sha256": sha256(path),
            }
            for table, path in files.items()
        ],
        "recordSet": [_record_set(table, manifest, names, files[table]) for table in manifest.tables],
    }


def _record_set(table: str, manifest: Any, names: dict[str, str], path: Path) -> dict[str, Any]:
    spec, name, schema = manifest.tables[table], names[table], pq.read_schema(path)
    fields, plain = [], plain_names(schema.names)
    for column in schema:
        if pa.types.is_duration(column.type):
            continue
        record: dict[str, Any] = {
            "@type": "cr:Field",
            "@id": f"{name}/{plain[column.name]}",
            "name": f"{name}/{plain[column.name]}",
            "dataType": _data_type(column.type),
            "source": {"fileObject": {"@id": f"{name}-file"}, "extract": {"column": column.name}},
        }
        parent = spec.fkeys.get(column.name)
        if parent and parent != table and manifest.tables[parent].pkey:
            record["references"] = {
                "fileObject": {"@id": f"{names[parent]}-file"},
                "extract": {"column": manifest.tables[parent].pkey},
            }
        fields.append(record)
    result: dict[str, Any] = {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}
    if spec.pkey:
        result["key"] = {"@id": f"{name}/{plain[spec.pkey]}"}
    return result


def _data_type(of: pa.DataType) -> str:
    if pa.types.is_boolean(of):
        return "sc:Boolean"
    if pa.types.is_integer(of):
        return "sc:Integer"
    if pa.types.is_floating(of) or pa.types.is_decimal(of):
        return "sc:Float"
    if pa.types.is_timestamp(of):
        return "sc:DateTime"
    if pa.types.is_time(of):
        return "sc:Time"
    return "sc:Date" if pa.types.is_date(of) else "sc:Text"


CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

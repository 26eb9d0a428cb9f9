"""What a report is about: a database, drawn or real."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from plurel_prob.databases import Database, TableSchema, load, observe
from plurel_prob.databases.disk import LATENTS, MANIFEST, PROVENANCE, read_latents
from plurel_prob.databases.flat import tree_of
from plurel_prob.databases.manifest import known_splits, read_manifest
from plurel_prob.databases.provenance import read_provenance
from plurel_prob.databases.schema import Times
from plurel_prob.priors import PRIORS, get_prior
from plurel_prob.tasks.listed import manifests_of

if TYPE_CHECKING:
    from xarray import DataTree
else:
    DataTree = Any  # imported where it is used: xarray is slow to import


@dataclass(frozen=True)
class Subject:
    """A database with all that is known about it.

    Attributes:
        database: tables, columns, keys and splits.
        latents: of a drawn database; None otherwise.
        provenance: what a drawn database says about its origin; empty otherwise.
        description: what its manifest says of it.
        tasks: manifests of the tasks in its folder.
    """

    database: Database
    latents: DataTree | None
    provenance: Mapping[str, Any]
    description: str = ""
    tasks: Sequence[Any] = ()

    @property
    def name(self) -> str:
        """Name of the database."""
        return self.database.name

    @property
    def schemas(self) -> dict[str, TableSchema]:
        """Columns and keys of each table."""
        return self.database.schema.tables

    @property
    def splits(self) -> Times | None:
        """Start of the validation and the test split, where they are known."""
        return self.database.schema.splits

    @cached_property
    def window(self) -> Times | None:
        """First and last day of a drawn database, first and last time of the rows of another."""
        return self.database.schema.window or time_window(self.database.tables, self.schemas)

    @property
    def kind(self) -> str:
        """Whether it was drawn."""
        return "drawn database" if self.provenance else "database"

    def latents_of(self, table: str) -> Any:
        """Latents of a table, of the one chain and draw that there are; None if there are none."""
        if self.latents is None or table not in self.latents["prior"].children:
            return None
        return self.latents[f"prior/{table}"].to_dataset().isel(chain=0, draw=0)

    def command(self) -> tuple[str, str]:
        """The command that draws it again and what else that takes; both empty for a database that was not drawn."""
        if not self.provenance:
            return "", ""
        model, seed = str(self.provenance["model"]), self.provenance["seed"]
        is_named = model in PRIORS and get_prior(model).fingerprint == self.provenance["fingerprint"]
        schema = self.provenance.get("schema")
        usual = "realistic" if schema else "plurel"
        words = ["plurel-prob", "sample", *(["--schema", "SCHEMA"] if schema else []), "--seed", str(seed), "--count", "1"]
        words += [] if is_named and model == usual else ["--prior", model if is_named else "PRIOR.toml"]
        words += ["--values", "syllables"] if schema and self.provenance.get("values") != "meanings" else []
        words += ["--no-derived"] if schema and not self.provenance.get("derived", True) else []
        needs = [] if is_named else [f"Its prior, {model}, has figures of its own; plurel_prob.json records them."]
        needs += (
            [f"SCHEMA is the declaration it was drawn from, {schema}; numbers of rows may have been given."] if schema else []
        )
        if set(self.provenance.get("given", ())) - {"schema" if schema else ""} or self.provenance.get("by_hand"):
            needs.append("Parts of it were given or set by hand: the command draws it without them.")
        return shlex.join([*words, "--out", "out"]), " ".join(needs)


def subject_of(database: Database) -> Subject:
    """Return a database that is in memory as the subject of a report."""
    if not database.is_drawn:
        return Subject(database, None, {})
    origin = database.origin
    provenance = {
        "model": origin.prior.name,
        "seed": origin.seed,
        "fingerprint": origin.prior.fingerprint,
        "given": list(origin.given),
        "by_hand": list(origin.by_hand),
    }
    return Subject(database, database.latents, provenance)


def read_subject(source: Path | str) -> Subject:
    """Read a database of any kind, see :func:`plurel_prob.stores.read_database`, with latents and provenance where it has them.

    Raises:
        DatabaseError: a file is missing or broken; the message names it.
    """
    path = Path(source)
    if "://" in str(source) or not ((path / MANIFEST).exists() or (path / PROVENANCE).exists()):
        from plurel_prob.stores import read_database

        return Subject(read_database(source), None, {}, "")
    manifest = read_manifest(path)
    description = manifest.description or ""
    if not (path / PROVENANCE).exists():
        return Subject(observe(path), None, {}, description, manifests_of(path))
    drawn, provenance = load(path), read_provenance(path)
    latents = tree_of(read_latents(path)) if (path / LATENTS).exists() else None
    schema = replace(drawn.schema, splits=known_splits(manifest, path))
    return Subject(Database(manifest.name, drawn.tables, schema), latents, provenance, description, manifests_of(path))


def time_window(tables: Mapping[str, pd.DataFrame], schemas: Mapping[str, TableSchema]) -> Times | None:
    """First and last time of all rows; None if no table has times."""
    times = [tables[name][schema.time_col].dropna() for name, schema in schemas.items() if schema.time_col]
    times = [column for column in times if len(column) and pd.api.types.is_datetime64_any_dtype(column.dtype)]
    if not times:
        return None
    return min(column.min() for column in times), max(column.max() for column in times)

"""``plurel-prob show``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from plurel_prob.cli.extras import extra
from plurel_prob.cli.output import SWITCH, PlainConsole, check_out, counted, write_whole
from plurel_prob.cli.progress import progress_bar
from plurel_prob.errors import DatabaseError, reason

if TYPE_CHECKING:
    from plurel_prob.reports import Subject
else:
    Subject = Any  # imported where it is used: templates are slow to import


def show(
    path: str,
    /,
    *,
    out: Path | None = None,
    svg: Path | None = None,
    pages: Annotated[bool, SWITCH] = False,
) -> None:
    """Make a page to look at, one HTML file that needs no network: of a database, drawn or real, or of a folder of databases.

    For example:

        plurel-prob show out/plurel-10 --out ten.html
        plurel-prob show shop.sqlite
        plurel-prob show out --pages --out databases.html

    Args:
        path: a database: folder in RelBench format, such as out/plurel-10; SQLite or DuckDB file; folder of CSV or parquet files
            with schema.sql; or URL of a PostgreSQL database (extra `sql`). Or a folder of many databases, such as out.
        out: file to write, replaced if it exists; by default NAME.html in the current folder.
        svg: write the pictures of a database to this folder instead, each as a file of its own, and the page only with --out.
        pages: of a folder of databases, write the page of each to a folder beside, NAME-pages.
    """
    name = path.partition("?")[0].rpartition("/")[2] if "://" in path else Path(path).resolve().name
    target = Path(f"{name or 'databases'}.html") if out is None else out
    has_page = svg is None or out is not None
    if has_page:
        check_out(target)
    if is_database(path):
        if pages:
            raise DatabaseError(f"--pages: {name} is one database; it is for folders of databases")
        show_database(path, target if has_page else None, svg)
    elif svg is not None:
        raise DatabaseError(f"--svg {svg}: {path} is no database; give the folder of one")
    else:
        show_corpus(Path(path), target, pages)


def is_database(path: str) -> bool:
    """Whether there is one database, rather than a folder of several."""
    from plurel_prob.databases.disk import MANIFEST, PROVENANCE
    from plurel_prob.stores.places import SCHEMA

    return "://" in path or Path(path).is_file() or any((Path(path) / name).exists() for name in (MANIFEST, PROVENANCE, SCHEMA))


def show_database(path: str, target: Path | None, svg: Path | None) -> None:
    """Write the page of a database, its pictures, or both."""
    with extra("sql"):
        from plurel_prob.reports import read_subject

        subject = read_subject(path)
    if svg is not None:
        n_picture = write_pictures(subject, svg)
        PlainConsole(soft_wrap=True).print(f"{n_picture} pictures: {svg}")
    if target is not None:
        write_page(subject, target)
        PlainConsole(soft_wrap=True).print(f"{subject.name}: {target}, {target.stat().st_size / 1e6:.2f} MB")


def write_page(subject: Subject, target: Path) -> None:
    """Write the page of a database."""
    from plurel_prob.reports import database_page

    with progress_bar() as progress:
        total = len(subject.database.schema.foreign_keys) + len(subject.schemas)
        task = progress.add_task("drawing", total=total)
        page = database_page(subject, lambda _: progress.advance(task))
    write_text(target, page)


def write_pictures(subject: Subject, folder: Path) -> int:
    """Write the pictures of a database to a folder, made if it is missing; return how many there are."""
    from plurel_prob.reports import pictures

    make_folder(folder, "--svg")
    n_picture = 0
    for file, drawing in pictures(subject):
        write_text(folder / file, drawing.alone())
        n_picture += 1
    return n_picture


def show_corpus(path: Path, target: Path, pages: bool) -> None:
    """Write the page of a folder of databases and, with ``pages``, those of the databases."""
    from plurel_prob.reports import corpus_page, names_in, read_entry
    from plurel_prob.reports.corpus import with_latents
    from plurel_prob.reports.corpus_page import file_names

    names, entries = names_in(path), []
    opened = with_latents(names)
    folder = target.with_name(f"{target.stem}-pages")
    with progress_bar() as progress:
        task = progress.add_task("reading", total=len(names))
        for name in names:
            entries.append(read_entry(path / name, has_families=name in opened))
            progress.advance(task)
    if pages:
        make_folder(folder, "--pages")
        write_pages(path, [(name, folder / file) for name, file in file_names(names).items()])
    page = corpus_page(path, entries, folder.name if pages else None)
    write_text(target, page)
    PlainConsole(soft_wrap=True).print(
        f"{counted(len(names), 'database')}: {target}" + (f", their pages: {folder}" if pages else "")
    )


def write_pages(path: Path, targets: list[tuple[str, Path]]) -> None:
    """Write the pages of several databases."""
    from plurel_prob.reports import database_page, read_subject

    with progress_bar() as progress:
        task = progress.add_task("drawing", total=len(targets))
        for name, target in targets:
            page = database_page(read_subject(path / name))
            write_text(target, page)
            progress.advance(task)


def write_text(target: Path, text: str) -> None:
    """Write a text file, complete or not at all."""
    write_whole(target, lambda partial: partial.write_text(text, encoding="utf-8"))


def make_folder(folder: Path, option: str) -> None:
    """Make a folder unless it is there.

    Raises:
        DatabaseError: it cannot be made.
    """
    try:
        Path(os.path.realpath(folder)).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"{option} {folder}: cannot make the folder: {reason(error)}") from None

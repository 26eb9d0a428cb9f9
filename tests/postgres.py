"""A real PostgreSQL server for tests, started in a temporary folder; tests import the fixture ``postgres_url``."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NO_SYNC = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def server_programs() -> Path | None:
    """Folder of ``initdb`` and ``pg_ctl``, of the newest version; None where there is no server."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    folders = ([Path(on_path).parent] if on_path else []) + installed
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


def server_user() -> str | None:
    """Whom the server runs as: root cannot; None: whoever runs the tests, who is not root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL, for SQLAlchemy, of an empty database on a server of its own, which listens on a Unix socket only."""
    pytest.importorskip("psycopg", reason="no psycopg: pip install 'plurel-prob[sql]'")
    programs, user = server_programs(), server_user()
    if programs is None:
        pytest.skip("no PostgreSQL server: neither initdb on PATH nor /usr/lib/postgresql/*/bin (Debian's package: postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir="/tmp"))  # the path of a socket has at most 107 characters
    log = folder / "log"

    def run(*command: str) -> None:
        done = subprocess.run(command, user=user, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
        assert done.returncode == 0, f"{command[0]} failed: {log.read_text() if log.exists() else ''}"

    try:
        if user is not None:
            shutil.chown(folder, user)
        run(str(programs / "initdb"), "-D", f"{folder}/data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        start = f"-k {folder} -c listen_addresses='' {NO_SYNC}"
        run(str(programs / "pg_ctl"), "start", "-w", "-D", f"{folder}/data", "-l", str(log), "-o", start)
        try:
            yield f"postgresql+psycopg://tester@/postgres?host={folder}"
        finally:
            run(str(programs / "pg_ctl"), "stop", "-m", "immediate", "-D", f"{folder}/data")
    finally:
        shutil.rmtree(folder, ignore_errors=True)

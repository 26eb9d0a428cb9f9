"""Schemas with dozens of constraints of the kinds that real ones have: of a catalogue of music, and of a forge of software."""

MUSIC = r"""
CREATE TABLE area (
    id SERIAL PRIMARY KEY, gid UUID NOT NULL UNIQUE, name VARCHAR NOT NULL CHECK (btrim(name) <> ''),
    iso CHAR(2) CHECK (iso ~ '^[A-Z]{2}$'), sub VARCHAR(10) CHECK (sub ~ '^[A-Z]{2}-[A-Z0-9]{1,5}$'),
    edits INTEGER NOT NULL DEFAULT 0 CHECK (edits >= 0),
    comment VARCHAR(255) NOT NULL DEFAULT '' CHECK (comment = lower(comment)),
    begin_year SMALLINT, begin_month SMALLINT CHECK (begin_month BETWEEN 1 AND 12), ended BOOLEAN NOT NULL DEFAULT FALSE,
    end_year SMALLINT, end_month SMALLINT,
    CONSTRAINT area_ended_check CHECK (
        ((end_year IS NOT NULL OR end_month IS NOT NULL) AND ended = TRUE)
        OR (end_year IS NULL AND end_month IS NULL)),
    CHECK (end_year >= 1000 AND end_year < 3000)
);
CREATE TABLE artist (
    id SERIAL PRIMARY KEY, name VARCHAR NOT NULL, sort_name VARCHAR NOT NULL, type SMALLINT, gender SMALLINT,
    area INTEGER REFERENCES area, born_in INTEGER REFERENCES area, since DATE CHECK (since >= DATE '1500-01-01'),
    updated TIMESTAMP WITH TIME ZONE, deleted_at TIMESTAMP, ipi CHAR(11) CHECK (ipi ~ E'^\\d{11}$'),
    isni CHAR(16) CHECK (isni SIMILAR TO '[0-9]{15}[0-9X]'), letter CHAR(1) NOT NULL CHECK (upper(letter) IN ('A', 'B', 'C')),
    CHECK ((gender IS NULL AND type IN (2, 5, 6)) OR type NOT IN (2, 5, 6)),
    CHECK (area <> born_in), CHECK (name <> sort_name)
);
CREATE UNIQUE INDEX artist_idx_name ON artist (lower(name)) WHERE deleted_at IS NULL;
CREATE TABLE alias (
    id SERIAL PRIMARY KEY, artist INTEGER NOT NULL REFERENCES artist, locale TEXT CHECK (locale ~ '^[a-z]{2}(_[A-Z]{2})?$'),
    is_primary BOOLEAN NOT NULL DEFAULT false, type INTEGER, name VARCHAR NOT NULL CHECK (name !~ '^\s|\s$'),
    CHECK ((locale IS NULL AND is_primary IS FALSE) OR locale IS NOT NULL),
    CHECK ((type <> 3) OR (type = 3 AND is_primary IS FALSE AND locale IS NULL))
);
CREATE UNIQUE INDEX alias_idx_primary ON alias (artist, locale) WHERE is_primary = TRUE AND locale IS NOT NULL;
CREATE TABLE artist_artist (
    id SERIAL PRIMARY KEY, entity0 INTEGER NOT NULL REFERENCES artist, entity1 INTEGER NOT NULL REFERENCES artist,
    CHECK (entity0 < entity1), UNIQUE (entity0, entity1)
);
CREATE TABLE recording (
    id SERIAL PRIMARY KEY, isrc CHAR(12) NOT NULL UNIQUE CHECK (isrc ~ E'^[A-Z]{2}[A-Z0-9]{3}[0-9]{7}$'),
    iswc CHAR(15) CHECK (iswc ~ E'^T-?\\d{3}.?\\d{3}.?\\d{3}[-.]?\\d$'), length INTEGER CHECK (length IS NULL OR length > 0),
    url TEXT CHECK (url LIKE 'https://%'), code TEXT CHECK (length(code) = 6), disc TEXT CHECK (disc ~ '^(CD|LP|7"|12")$'),
    day DATE CHECK (day BETWEEN '1877-01-01' AND '1899-12-31'), score REAL CHECK (score <> 0)
);
CREATE TABLE setting (artist INTEGER REFERENCES artist, key TEXT, value JSON, UNIQUE NULLS NOT DISTINCT (artist, key));
"""

FORGE = r"""
CREATE TABLE users (
    id BIGINT PRIMARY KEY, username TEXT NOT NULL CHECK (char_length(username) <= 255), email TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'blocked', 'ghost')),
    token TEXT,
    color TEXT CHECK (color ~ '^#[0-9a-f]{6}$'),
    CONSTRAINT check_mail CHECK (email LIKE '%_@_%.__%'), CHECK (token = lower(token))
);
CREATE UNIQUE INDEX ON users (lower(email));
CREATE UNIQUE INDEX ON users (lower(username)) WHERE state = 'active';
CREATE TABLE projects (
    id BIGINT PRIMARY KEY, path TEXT NOT NULL CHECK (path ~ '^[a-z0-9_-]+$' AND char_length(path) >= 2)
);
CREATE TABLE groups (
    id BIGINT PRIMARY KEY, parent_id BIGINT REFERENCES groups, path TEXT NOT NULL, type TEXT NOT NULL,
    owner_id BIGINT REFERENCES users,
    CHECK (parent_id <> id), CHECK ((type = 'User' AND owner_id IS NOT NULL) OR (type = 'Group' AND owner_id IS NULL))
);
CREATE UNIQUE INDEX ON groups (COALESCE(parent_id, -1), path);
CREATE TABLE notes (
    id BIGINT PRIMARY KEY, project_id BIGINT REFERENCES projects, group_id BIGINT REFERENCES groups,
    user_id BIGINT REFERENCES users,
    issue INTEGER, commit TEXT CHECK (commit ~ '^[0-9a-f]{40}$'), closed_at TIMESTAMP, closed_by BIGINT REFERENCES users,
    CHECK (num_nonnulls(project_id, group_id, user_id) = 1), CHECK (num_nulls(issue, commit) <= 1),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
CREATE TABLE integrations (
    id BIGINT PRIMARY KEY, project_id BIGINT REFERENCES projects, group_id BIGINT REFERENCES groups, instance BOOLEAN NOT NULL,
    type TEXT NOT NULL, active BOOLEAN NOT NULL, position SMALLINT NOT NULL CHECK (position <> 0), amount INTEGER, used INTEGER,
    CHECK ((project_id IS NOT NULL)::int + (group_id IS NOT NULL)::int + instance::int = 1),
    CHECK (used IS NULL OR amount IS NOT NULL), CHECK (used <= amount), CHECK (amount + used < 100000)
);
CREATE UNIQUE INDEX ON integrations (project_id) WHERE active AND project_id IS NOT NULL;
CREATE UNIQUE INDEX ON integrations (instance) WHERE instance;
"""

# what only SQLite, or MySQL and SQL Server, write
OTHERS = {
    "sqlite": """CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT NOT NULL CHECK (code GLOB '[A-Z][A-Z]-[0-9]*'),
        mail TEXT CHECK (mail LIKE '%@%'), a INTEGER, b INTEGER, doc TEXT CHECK (doc IS NULL OR json_valid(doc)),
        d DATE CHECK (d > '1990-01-01'), CHECK (a IS NOT b), CHECK (a <> b OR a IS NULL));
        CREATE UNIQUE INDEX i ON t (lower(mail)) WHERE a > 0""",
    "mysql": """CREATE TABLE t (id INT PRIMARY KEY, code VARCHAR(9) NOT NULL CHECK (code REGEXP '^[a-z]{3}[0-9]+$'),
        name VARCHAR(30),
        a INT, b INT, CHECK (a <> b), CHECK (regexp_like(name, '^[a-f]+$')), UNIQUE KEY k (name(4)))""",
    "sqlserver": """CREATE TABLE t (id INT PRIMARY KEY, class NCHAR(1) NOT NULL CHECK (upper([class]) IN ('H', 'M', 'L')),
        zip VARCHAR(5) CHECK ([zip] LIKE '[0-9][0-9][0-9][0-9][0-9]'), doc NVARCHAR(MAX) CHECK (isjson([doc]) = 1),
        started DATE NOT NULL, stopped DATE, active BIT NOT NULL, CHECK ([stopped] >= [started] OR [stopped] IS NULL));
        CREATE UNIQUE INDEX i ON t ([zip]) WHERE [active] = 1""",
}

"""The layout of a file of runs, as numbered steps: a file says by which of them it was made.

A step that was released is never changed; the next change of the layout is a step of its own.
"""

import sqlite3

APPLICATION_ID = 0x42617365  # "Base"

# What is recorded of an answer, in prediction and live_prediction. The large columns come last:
# SQLite reads a row's head without them.
_ANSWER = """
    question TEXT NOT NULL,
    model_id TEXT,
    libraries TEXT NOT NULL,
    created REAL NOT NULL,
    seconds REAL,
    median REAL,
    overflow REAL,
    not_a_number REAL,
    unexplored REAL,
    untold REAL,
    passes INTEGER,
    tokens INTEGER,
    method TEXT,
    continuation TEXT NOT NULL,
    finished INTEGER NOT NULL,
    note TEXT,
    error TEXT,
    distribution BLOB,
    first_tokens BLOB"""

_FIRST = f"""
CREATE TABLE run (
    id TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    models TEXT NOT NULL,
    settings TEXT NOT NULL,
    left_out TEXT NOT NULL,
    owner TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('computed', 'imported', 'bundled')),
    state TEXT NOT NULL CHECK
        (state IN ('waiting', 'running', 'paused', 'stopped', 'failed', 'finished')),
    problem TEXT,
    created REAL NOT NULL,
    changed REAL NOT NULL
) STRICT;
CREATE TABLE item (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    prompt TEXT NOT NULL,
    text TEXT NOT NULL,
    actual REAL NOT NULL,
    category TEXT,
    PRIMARY KEY (run, id)
) STRICT;
CREATE TABLE prediction (
    run TEXT NOT NULL,
    model TEXT NOT NULL,
    item TEXT NOT NULL,{_ANSWER},
    PRIMARY KEY (run, model, item),
    FOREIGN KEY (run, item) REFERENCES item (run, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX prediction_question ON prediction (question);
CREATE TABLE live_prediction (
    model TEXT NOT NULL,
    item TEXT NOT NULL,
    prompt TEXT NOT NULL,
    actual REAL,
    settings TEXT NOT NULL,{_ANSWER},
    PRIMARY KEY (question)
) STRICT;
"""

# What models make of the rows' own text; `features` are float16, little-endian.
_READINGS = """
CREATE TABLE reading (
    run TEXT NOT NULL,
    model TEXT NOT NULL,
    item TEXT NOT NULL,
    nats REAL,
    bytes INTEGER NOT NULL,
    features BLOB,
    PRIMARY KEY (run, model, item),
    FOREIGN KEY (run, item) REFERENCES item (run, id) ON DELETE CASCADE
) STRICT;
"""

# What follows from each answer, so that opening a run computes nothing: `scored.SCORE_COLUMNS`.
# Where it is to follow otherwise, a step empties the table.
_SCORES = """
CREATE TABLE score (
    run TEXT NOT NULL,
    model TEXT NOT NULL,
    item TEXT NOT NULL,
    median REAL,
    mean REAL,
    mode REAL,
    top3_mean REAL,
    top10_mean REAL,
    top30_mean REAL,
    top100_mean REAL,
    top300_mean REAL,
    top1000_mean REAL,
    one_token REAL NOT NULL,
    greedy REAL,
    crps REAL,
    log_score REAL,
    nats REAL,
    below REAL,
    up_to REAL,
    overflow REAL NOT NULL,
    not_a_number REAL NOT NULL,
    unexplored REAL NOT NULL,
    PRIMARY KEY (run, model, item),
    FOREIGN KEY (run, model, item) REFERENCES prediction (run, model, item) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _READINGS, _SCORES)


def version_of(connection: sqlite3.Connection) -> int:
    """How many of the steps made the file; 0 is a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, upto: int | None = None) -> None:
    """Take the steps that the file lacks, each in a transaction of its own.

    Safe while other processes do the same.
    """
    last = len(MIGRATIONS) if upto is None else upto
    while version_of(connection) < last:
        connection.execute("BEGIN IMMEDIATE")
        try:
            done = version_of(connection)  # another process may have been first
            if done < last:
                for statement in MIGRATIONS[done].split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {done + 1}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

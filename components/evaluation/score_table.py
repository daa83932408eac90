"""The scores of a run's answers, kept beside them so that opening a run computes nothing.

They follow from the answers and nothing else: a file that comes from elsewhere brings none, and
what is not there yet is computed when it is asked for.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import numpy as np
import pandas as pd

from components.errors import RunStoreError
from components.evaluation.packing import PackedFirstTokens, unpack_probabilities
from components.evaluation.scored import (
    SCORE_COLUMNS,
    ItemScores,
    score_frame,
    scores_of,
    token_scores,
)
from components.evaluation.store import RunStore
from components.pricing import read_price

_log = logging.getLogger(__name__)
_AT_ONCE = 256  # answers in memory at a time
_COLUMNS = ", ".join(SCORE_COLUMNS)


def stored_scores(store: RunStore, run_id: str, repo_id: str) -> ItemScores | None:
    """The scores of what a run's model has answered, in the run's order; None if nothing.

    Raises RunStoreError where the store can't be read; PackingError for a damaged answer.
    """
    fresh = add_scores(store, run_id, repo_id)
    with store.database.reading() as connection:
        rows = connection.execute(
            f"SELECT item.id, category, actual, position, {_COLUMNS} FROM item JOIN score"
            " ON score.run = item.run AND score.item = item.id"
            " WHERE item.run = ? AND model = ?",
            [run_id, repo_id],
        ).fetchall()
    names = ["item_id", "category", "actual", "position"]
    table = pd.DataFrame([tuple(row) for row in rows], columns=[*names, *SCORE_COLUMNS])
    # What could not be written is here all the same.
    unwritten = fresh[~fresh["item_id"].isin(table["item_id"])]
    if not unwritten.empty:
        table = unwritten if table.empty else pd.concat([table, unwritten])
    if table.empty:
        return None
    table = table.sort_values("position", ignore_index=True)
    items = table[names[:3]].astype({"category": object, "actual": float})
    items["category"] = items["category"].where(items["category"].notna(), None)
    return scores_of(items, table[list(SCORE_COLUMNS)].astype(float))


def add_scores(store: RunStore, run_id: str, repo_id: str) -> pd.DataFrame:
    """Score the answers that have no scores yet, and keep these; what was scored now.

    A store that can't be written keeps none. Raises what `stored_scores` raises.
    """
    found = [pd.DataFrame(columns=["item_id", "category", "actual", "position", *SCORE_COLUMNS])]
    for table in _scored(store, run_id, repo_id):
        found.append(table)
        try:
            _keep(store, run_id, repo_id, table)
        except RunStoreError:
            _log.warning("Scores of run %s are not kept", run_id, exc_info=True)
    return found[0] if len(found) == 1 else pd.concat(found[1:], ignore_index=True)


def _scored(store: RunStore, run_id: str, repo_id: str) -> Iterator[pd.DataFrame]:
    """The scores of what has none, some rows at a time."""
    asked = {"run": run_id, "model": repo_id}
    with store.database.reading() as connection:
        missing = [
            row[0]
            for row in connection.execute(
                "SELECT item FROM prediction WHERE run = :run AND model = :model"
                " AND error IS NULL AND NOT EXISTS (SELECT 1 FROM score WHERE"
                " score.run = :run AND score.model = :model AND score.item = prediction.item)",
                asked,
            )
        ]
    for start in range(0, len(missing), _AT_ONCE):
        wanted = json.dumps(missing[start : start + _AT_ONCE])
        with store.database.reading() as connection:
            rows = connection.execute(
                "SELECT item.id AS item_id, category, actual, position, overflow, not_a_number,"
                " unexplored, continuation, finished, distribution, first_tokens"
                " FROM prediction JOIN item ON item.run = prediction.run AND item.id = item"
                " WHERE prediction.run = :run AND model = :model AND error IS NULL"
                " AND item IN (SELECT value FROM json_each(:wanted))",
                {**asked, "wanted": wanted},
            ).fetchall()
        if not rows:  # the run was deleted meanwhile
            return
        told = pd.DataFrame([tuple(row)[:7] for row in rows], columns=rows[0].keys()[:7])
        greedy = [read_price(row["continuation"], finished=bool(row["finished"])) for row in rows]
        kept = score_frame(
            np.stack([unpack_probabilities(row["distribution"]) for row in rows]),
            [token_scores(PackedFirstTokens(row["first_tokens"])) for row in rows],
            told.assign(greedy=np.array(greedy, dtype=float)),
        )
        yield pd.concat([told[["item_id", "category", "actual", "position"]], kept], axis=1)


def _keep(store: RunStore, run_id: str, repo_id: str, table: pd.DataFrame) -> None:
    values = table[list(SCORE_COLUMNS)].to_numpy(float).tolist()
    rows = [
        [*scores, run_id, repo_id, item]
        for scores, item in zip(values, table["item_id"], strict=True)
    ]
    with store.database.writing() as connection:
        connection.executemany(
            f"INSERT OR IGNORE INTO score (run, model, item, {_COLUMNS})"
            f" SELECT run, model, item, {', '.join('?' for _ in SCORE_COLUMNS)} FROM prediction"
            " WHERE run = ? AND model = ? AND item = ? AND error IS NULL",
            rows,
        )

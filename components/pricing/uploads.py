"""A visitor's file of prices, read and examined in a process of its own: what comes back is data.

Reading is within limits of its own (`text_table`); there, what a file makes of them, in time and
memory, is felt by nobody else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.errors import PriceListError
from components.isolation import IsolationError, Limits, run_isolated
from components.pricing.amounts import NumberFormat
from components.pricing.price_columns import Candidate, rank_price_columns
from components.pricing.price_file import (
    LeftOut,
    PriceFile,
    PriceReading,
    examine_prices,
    read_price_table,
)
from components.pricing.text_table import WAY_OUT, TextTable

_LIMITS = Limits(memory_mb=700, cpu_seconds=20, seconds=60, output_mb=32)
_ENDED = {
    "memory": "reading it takes too much memory",
    "time": "reading it takes too long",
    "crash": "reading it ends in a crash",
    "output": "there is too much in it",
}


@dataclass(frozen=True)
class PriceExamination:
    """What is known of a file: its columns of amounts, and the prices in one or why there are none.

    `columns` are keys (`TextTable.key`), the likeliest first; `likeliest` is the one that may be
    taken without being asked for. The table of `found` has no rows: they stay where they were read.
    """

    columns: tuple[str, ...]
    likeliest: str | None
    outcome: PriceFile | PriceListError

    @property
    def found(self) -> PriceFile:
        """The prices; raises the PriceListError that says why there are none."""
        if isinstance(self.outcome, PriceListError):
            raise self.outcome
        return self.outcome


def examine_elsewhere(
    content: bytes, *, column: str | None = None, number_format: NumberFormat | None = None
) -> PriceExamination:
    """`examine_price_file` in a process of its own, with the columns that there are."""
    head = json.dumps({"column": column, "number_format": number_format}).encode()
    try:
        told = run_isolated(examine_here, head + b"\n" + content, _LIMITS)
    except PriceListError as error:
        return PriceExamination((), None, error)
    except IsolationError as error:
        refused = PriceListError(
            f"The file can't be used: {_ENDED[error.reason]}.", way_out=WAY_OUT
        )
        return PriceExamination((), None, refused)
    if (refused := told["refused"]) is not None:
        outcome: PriceFile | PriceListError = PriceListError(
            refused["problem"], way_out=refused["way_out"]
        )
    else:
        outcome = _file_of(told["found"])
    return PriceExamination(tuple(told["columns"]), told["likeliest"], outcome)


def examine_here(payload: bytes) -> dict[str, Any]:
    """What `examine_elsewhere` has a process of its own do. PriceListError if there is no table."""
    head, content = payload.split(b"\n", 1)
    chosen = json.loads(head)
    table = read_price_table(content)
    candidates = rank_price_columns(table)
    keys = [table.key(candidate.place) for candidate in candidates]
    told: dict[str, Any] = {"columns": keys, "found": None, "refused": None}
    told["likeliest"] = keys[0] if candidates and candidates[0].likely else None
    try:
        told["found"] = _as_json(examine_prices(table, **chosen))
    except PriceListError as error:
        told["refused"] = {"problem": error.problem, "way_out": error.way_out}
    return told


def _as_json(found: PriceFile) -> dict[str, Any]:
    table = found.table
    return {
        "table": [table.names, table.width, table.too_long, table.encoding, table.separator],
        "column": found.column,
        "candidates": found.candidates,
        "readings": [
            {
                "number_format": one.number_format,
                "prices": one.prices.tolist(),
                "left_out": [(left.reason, left.count, left.examples) for left in one.left_out],
                "examples": one.examples,
            }
            for one in found.readings
        ],
        "number_format": found.number_format,
        "decision": found.decision,
        "currencies": found.currencies,
    }


def _file_of(told: Mapping[str, Any]) -> PriceFile:
    names, width, too_long, encoding, separator = told["table"]
    return PriceFile(
        table=TextTable(
            None if names is None else tuple(names), [], width, too_long, encoding, separator
        ),
        column=told["column"],
        candidates=tuple(Candidate(*one) for one in told["candidates"]),
        readings=tuple(
            PriceReading(
                one["number_format"],
                np.array(one["prices"], dtype=float),
                tuple(LeftOut(reason, count, tuple(e)) for reason, count, e in one["left_out"]),
                tuple((cell, price) for cell, price in one["examples"]),
            )
            for one in told["readings"]
        ),
        number_format=told["number_format"],
        decision=told["decision"],
        currencies=tuple(told["currencies"]),
    )

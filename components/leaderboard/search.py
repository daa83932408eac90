"""The search box: regular expressions and @field:value terms, joined by semicolons."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from components.errors import BoardError

FIELDS = {
    "model": "model_id",
    "org": "organization",
    "kind": "kind",
    "license": "license",
    "precision": "precision",
    "architecture": "architecture",
}
SYNTAX = (
    "Text or a regular expression finds model ids; @field:value narrows down, with field one of"
    f" {', '.join(FIELDS)}. Join terms with semicolons."
)


def search_board(board: pd.DataFrame, query: str) -> pd.DataFrame:
    """The rows that match any of the terms without a field and every `@field:value` term.

    A term is a regular expression (RE2) that matches anywhere, ignoring case; an empty query keeps
    all rows.
    Raises BoardError if an expression or a field is not valid.
    """
    terms = [term.strip() for term in query.split(";") if term.strip()]
    field_terms = [term for term in terms if term.startswith("@")]
    id_terms = [term for term in terms if not term.startswith("@")]
    keep = pd.Series(not id_terms, index=board.index)
    for term in id_terms:
        keep |= _matches(board["model_id"], term)
    for term in field_terms:
        field, colon, value = term[1:].partition(":")
        if field not in FIELDS or not colon:
            raise BoardError(f"{term!r} can't be searched for.", way_out=SYNTAX)
        keep &= _matches(board[FIELDS[field]], value.strip())
    return board[keep].reset_index(drop=True)


def _matches(values: pd.Series, expression: str) -> pd.Series:
    # Arrow's expressions are RE2: any one of them ends in linear time, where Python's own could
    # hold up every visitor.
    texts = pa.array(values, type=pa.string(), from_pandas=True)
    try:
        options = pc.MatchSubstringOptions(expression, ignore_case=True)
        matches = pc.call_function("match_substring_regex", [texts], options)
    except pa.ArrowInvalid as error:
        reason = str(error).removeprefix("Invalid regular expression: ")
        raise BoardError(
            f"{expression!r} is no regular expression: {reason}.", way_out=SYNTAX
        ) from error
    return pd.Series(matches.to_pylist(), index=values.index).fillna(False).astype(bool)

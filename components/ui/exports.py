"""What a visitor takes along."""

import pandas as pd

# A spreadsheet runs a cell that begins with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """The frame as CSV in UTF-8; text that a spreadsheet would run is led by an apostrophe."""
    texts = frame.select_dtypes(exclude=["number", "bool", "boolean"]).columns
    defused = frame.assign(**{name: frame[name].map(_defused) for name in texts})
    return defused.rename(columns=_defused).to_csv(index=False).encode("utf-8")


def _defused(value: object) -> object:
    if isinstance(value, (list, tuple)):
        value = "; ".join(str(part) for part in value)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value

"""How figures are written, the same everywhere."""


def percent(share: float, digits: int = 0) -> str:
    """A share of 1 in per cent, with a space before the sign: 84 %."""
    return f"{100 * share:.{digits}f} %"

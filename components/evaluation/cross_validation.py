"""Ridge regressions of prices, predicted out of fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 10
REPEATS = 5  # orders of the rows, each cut into folds anew
LARGEST = 999.0  # as for a model, whose numbers end there
_ALPHAS = np.logspace(-4, 6, 21)
# Beyond so many rows leave-one-out, whose time grows with their cube, gives way to three folds.
_LEAVE_ONE_OUT = 2_000
_SEED = 20_241_126

# Training and test rows' places to the test rows' predicted prices in dollars.
FitPredict = Callable[[NDArray[np.intp], NDArray[np.intp]], NDArray[np.float64]]


def out_of_fold(rows: int, predict: FitPredict, *, repeats: int = REPEATS) -> NDArray[np.float64]:
    """Each row's price as predicted from the other folds, shape (rows, repeats).

    At least FOLDS rows. The folds are the same for every `predict`.
    """
    from sklearn.model_selection import KFold

    predicted = np.empty((rows, repeats))
    for repeat in range(repeats):
        folds = KFold(FOLDS, shuffle=True, random_state=_SEED + repeat)
        for train, test in folds.split(np.arange(rows)):
            predicted[test, repeat] = np.clip(predict(train, test), 0, LARGEST)
    return predicted


def ridge(rows: int) -> Any:
    """A ridge regression for so many training rows that chooses its penalty within them.

    By leave-one-out where they are few, else by three folds of their own: either way the rows
    that are predicted have no part in the choice.
    """
    from sklearn.linear_model import Ridge, RidgeCV
    from sklearn.model_selection import GridSearchCV

    if rows <= _LEAVE_ONE_OUT:
        return RidgeCV(alphas=_ALPHAS)
    return GridSearchCV(Ridge(solver="lsqr"), {"alpha": _ALPHAS[::2]}, cv=3)

"""What no language model is needed for: baselines on the same rows, out of fold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.evaluation.cross_validation import FOLDS, FitPredict, out_of_fold, ridge
from components.evaluation.scored import ItemScores

OUT_OF_FOLD = "out_of_fold"  # the one read-out of a baseline
CONSTANT, CATEGORY, TFIDF = "constant_median", "category_median", "tfidf_ridge"
BASELINES = (CONSTANT, CATEGORY, TFIDF)


def baseline_scores(items: pd.DataFrame, texts: Sequence[str]) -> dict[str, ItemScores]:
    """Each of BASELINES on the `items` of ItemScores, under the read-out OUT_OF_FOLD.

    `texts` are the items' descriptions.

    The median price; that of the row's category, where it has one that other rows share; ridge
    regression of the log price on TF-IDF weights of the description's words (scikit-learn). Ten
    folds, the rows' order drawn anew five times; what is fitted or chosen never sees the row that
    it predicts. Nothing for fewer than ten rows, and no CATEGORY where no row has one.

    Over all folds the constant correlates with the prices below zero: each fold's median lacks
    the fold's own.
    """
    if len(items) < FOLDS:
        return {}
    prices = items["actual"].to_numpy(float)
    fits = {CONSTANT: _constant(prices), CATEGORY: _category(prices, items["category"])}
    if not items["category"].notna().any():
        del fits[CATEGORY]
    fits[TFIDF] = _tfidf(prices, texts)
    return {name: fitted_scores(items, fit) for name, fit in fits.items()}


def fitted_scores(
    items: pd.DataFrame, predict: FitPredict, read_out: str = OUT_OF_FOLD
) -> ItemScores:
    """What a fit says of each item out of fold, under one read-out."""
    predicted = out_of_fold(len(items), predict)
    return ItemScores(items, {read_out: predicted}, pd.DataFrame(index=items.index))


def _constant(prices: NDArray[np.float64]) -> FitPredict:
    return lambda train, test: np.full(len(test), np.median(prices[train]))


def _category(prices: NDArray[np.float64], categories: pd.Series) -> FitPredict:
    def predict(train: NDArray[np.intp], test: NDArray[np.intp]) -> NDArray[np.float64]:
        medians = pd.Series(prices[train]).groupby(categories.to_numpy()[train]).median()
        told = categories.iloc[test].map(medians).astype(float)
        return np.asarray(told.fillna(float(np.median(prices[train]))), dtype=float)

    return predict


def _tfidf(prices: NDArray[np.float64], texts: Sequence[str]) -> FitPredict:
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
    from sklearn.pipeline import make_pipeline

    # Any character counts, so that no text is without words.
    counter = CountVectorizer(token_pattern=r"\w+|\S")
    # Counting learns nothing but names of columns; what a word weighs is fitted in each fold.
    counts, target = counter.fit_transform(texts), np.log1p(prices)

    def predict(train: NDArray[np.intp], test: NDArray[np.intp]) -> NDArray[np.float64]:
        model = make_pipeline(TfidfTransformer(), ridge(len(train)))
        return np.expm1(model.fit(counts[train], target[train]).predict(counts[test]))

    return predict

"""What a linear read-out of a frozen model gets.

Information about the price that can be read linearly from the model's hidden states after a
prompt, without training the model. How such a read-out goes with the result of fine-tuning is
known for encoders (LogME: Bassignana et al. 2022, arXiv 2210.11255), not for this task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.control import Control
from components.engines import Engine, PromptFeatures
from components.evaluation.baselines import fitted_scores
from components.evaluation.cross_validation import FOLDS, ridge
from components.evaluation.scored import ItemScores

FROZEN_FEATURES = "frozen_features"  # the read-out's name


def prompt_features(
    engine: Engine, prompts: Sequence[str], control: Control
) -> NDArray[np.float16] | None:
    """The features of each prompt, shape (prompts, 2, size); None if the engine has none.

    Those of the last token, then the mean over tokens, as PromptFeatures has them. Raises what
    the engine's `prompt_features` raises.
    """
    if not isinstance(engine, PromptFeatures):
        return None
    rows = []
    for done, prompt in enumerate(prompts, start=1):
        rows.append(engine.prompt_features(prompt, control))
        control.report("Reading hidden states", done / len(prompts), 1, "share")
    return np.stack(rows)


def linear_read_out(items: pd.DataFrame, features: NDArray[np.floating]) -> ItemScores | None:
    """Ridge regression of the log price on the features of each row's prompt, out of fold.

    `items` are those of ItemScores; `features` is of `prompt_features`, shape (items, 2, size).
    Ten folds, the rows' order drawn anew five times, on the folds of the baselines. Scaling,
    penalty, and whether the last token, the mean or both are read, are chosen within each training
    part. The one read-out is FROZEN_FEATURES. None for fewer than ten rows.
    """
    if len(items) != len(features):
        raise ValueError(f"{len(items)} items have {len(features)} rows of features")
    if len(items) < FOLDS:
        return None
    wide = features.astype(np.float64)
    read = [wide[:, 0], wide[:, 1], wide.reshape(len(wide), -1)]
    target = np.log1p(items["actual"].to_numpy(float))

    def predict(train: NDArray[np.intp], test: NDArray[np.intp]) -> NDArray[np.float64]:
        fitted = [_fit(inputs[train], target[train]) for inputs in read]
        best = max(range(len(read)), key=lambda place: fitted[place][-1].best_score_)
        return np.expm1(fitted[best].predict(read[best][test]))

    return fitted_scores(items, predict, FROZEN_FEATURES)


def _fit(inputs: NDArray[np.float64], target: NDArray[np.float64]) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), ridge(len(inputs))).fit(inputs, target)


def log_me(features: NDArray[np.floating], target: NDArray[np.float64]) -> float:
    """The log evidence per row of a linear model of the target, in nats; higher is better.

    LogME of You et al. 2021 (arXiv 2102.11005): a Gaussian prior on the weights and Gaussian
    noise, both as wide as makes the evidence largest. Features are scaled; the target is, too, so
    that it compares between models on the same rows only. `features` has shape (rows, features).
    """
    from sklearn.linear_model import BayesianRidge
    from sklearn.preprocessing import StandardScaler

    inputs = StandardScaler().fit_transform(features.astype(np.float64))
    scaled = (target - target.mean()) / target.std()
    flat = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0.0)
    model = BayesianRidge(max_iter=1000, fit_intercept=False, compute_score=True, **flat)
    return float(model.fit(inputs, scaled).scores_[-1]) / len(target)

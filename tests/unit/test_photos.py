"""Pictures fitted in Python agree with the exact arithmetic that the runtime is held to."""

from __future__ import annotations

import numpy as np
import pytest

from builder.harness.photos import seen
from builder.spec import Preprocess
from tests.e2e.image_reference import FILTERS, FITS, PAD, Filter, Fit, fitted, noise


def preprocess(size: tuple[int, int], fit: Fit, filter: Filter) -> Preprocess:
    return Preprocess(
        width=size[0],
        height=size[1],
        color="rgb",
        channel_order="rgb",
        layout="NHWC",
        fit=fit,
        filter=filter,
        pad=PAD,
        scale=1.0,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
    )


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize(("source", "target"), [((83, 47), (24, 24)), ((30, 71), (64, 40)), ((16, 16), (37, 29))])
def test_pictures_are_fitted_as_the_contract_says(
    fit: Fit, filter: Filter, source: tuple[int, int], target: tuple[int, int]
) -> None:
    picture = noise(*source)
    found, expected = seen(picture, preprocess(target, fit, filter)), fitted(picture, target, fit, filter)
    assert found.shape == expected.shape
    apart = np.abs(found.astype(int) - expected.astype(int))
    assert apart.max() <= 1, f"{(apart > 1).mean():.1%} of the values are apart"

"""How far a record fits the model at all: the posterior of the scale of the noise, and what follows from it.

Where the largest scale is likely, the model says little about the patient; its probabilities are then mixed with those
of the whole bank by the probability of that scale.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from carsequel.inference.fit import Fit
from carsequel.inference.likelihood import log_likelihood_by_noise
from carsequel.inference.weights import normalised

Floats = NDArray[np.float64]


def noise_posterior(fit: Fit) -> Floats:
    """Give the probability of each scale of the noise (`noise_scales`) given the record."""
    by_scale = log_likelihood_by_noise(fit.paths, fit.seen)
    logs = logsumexp(by_scale + np.log(fit.weights) - logsumexp(by_scale, axis=0), axis=1)
    return normalised(np.asarray(logs))


def misfit(fit: Fit) -> float:
    """Give the probability that the record hardly fits the model (its largest scale of noise)."""
    return float(noise_posterior(fit)[-1])


def pooled(own: float, bank: float, share: float) -> float:
    """Mix the fit's probability with the bank's by the share that hardly fits.

    >>> pooled(0.9, 0.5, 0.25)
    0.8
    """
    return (1 - share) * own + share * bank

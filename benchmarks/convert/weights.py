"""Random weights that hide nothing: every branch of the network counts, and its activations stay within bounds.

Freshly made networks are poor witnesses: residual branches end in a factor of zero, layer scales in 1e-6, and the
statistics of every normalization are those of no data at all.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_NORMS = (nn.modules.batchnorm._BatchNorm,)
_TINY = 1e-3


@torch.no_grad()
def enliven(model: nn.Module, pictures: Tensor, seed: int = 0) -> None:
    """Changes the weights in place: constants become random, normalizations measure `pictures` [n, 3, h, w]."""
    random = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if _says_nothing(parameter):
            parameter.copy_(_drawn(name.rpartition(".")[2], parameter, random))
    norms = [module for module in model.modules() if isinstance(module, _NORMS) and module.track_running_stats]
    _measure(model, norms, pictures)
    for norm in norms:
        _shift(norm, random)
    model.eval()


def _says_nothing(parameter: Tensor) -> bool:
    """All zero, all one, all 1e-6 … (of more than one number), or as good as zero."""
    if not parameter.dtype.is_floating_point or parameter.numel() == 0:
        return False
    return float(parameter.abs().max()) < _TINY or bool((parameter == parameter.flatten()[0]).all())


def _drawn(kind: str, parameter: Tensor, random: torch.Generator) -> Tensor:
    noise = torch.randn(parameter.shape, generator=random)
    if kind == "bias" or "pos" in kind or "token" in kind or "cls" in kind:
        return noise * 0.1
    if parameter.ndim >= 2 and kind == "weight":
        return noise / max(parameter[0].numel(), 1) ** 0.5
    return 0.6 + 0.4 * torch.rand(parameter.shape, generator=random)


def _measure(model: nn.Module, norms: list[nn.Module], pictures: Tensor) -> None:
    """Lets the normalizations alone take the statistics of `pictures`; dropout and the like stay off."""
    model.eval()
    for norm in norms:
        norm.train()
        norm.momentum = None  # a plain mean over all that is seen
        norm.reset_running_stats()
    model(pictures)
    model.eval()


def _shift(norm: nn.Module, random: torch.Generator) -> None:
    """Moves the statistics off the exact ones: a normalization that is left out or misplaced shall be seen."""
    mean, variance = norm.running_mean, norm.running_var
    variance.clamp_(min=1e-3)
    mean.add_(0.2 * variance.sqrt() * torch.randn(mean.shape, generator=random))
    variance.mul_(0.7 + 0.6 * torch.rand(variance.shape, generator=random))

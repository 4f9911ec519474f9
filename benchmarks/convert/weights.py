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
    model.eval()
    norms = [module for module in model.modules() if isinstance(module, _NORMS) and module.track_running_stats]
    hooks = [norm.register_forward_pre_hook(lambda norm, x: _measure(norm, x[0], random)) for norm in norms]
    model(pictures)
    for hook in hooks:
        hook.remove()


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


def _measure(norm: nn.Module, x: Tensor, random: torch.Generator) -> None:
    """Sets the statistics to those of `x` [n, channels, ...], a little off: what leaves out or misplaces a
    normalization shall be seen. Whatever comes behind it sees what it will see ever after."""
    axes = [axis for axis in range(x.ndim) if axis != 1]
    mean, variance = x.mean(axes), x.var(axes, correction=0).clamp(min=1e-3)
    norm.running_mean.copy_(mean + 0.2 * variance.sqrt() * torch.randn(mean.shape, generator=random))
    norm.running_var.copy_(variance * (0.7 + 0.6 * torch.rand(variance.shape, generator=random)))

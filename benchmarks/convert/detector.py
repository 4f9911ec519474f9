"""A small detector built like YOLOv8: C2f blocks, SPPF, an upsampling neck, and a head that decodes its boxes.

Only the operations matter here; it is not that network, and it knows nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_BINS = 16  # of the distribution over each side's distance
_CLASSES = 20


class Block(nn.Module):
    """Convolution, batch normalization, SiLU."""

    def __init__(self, inner: int, outer: int, side: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inner, outer, side, stride, side // 2, bias=False)
        self.norm = nn.BatchNorm2d(outer, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(self.norm(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, width: int, add: bool) -> None:
        super().__init__()
        self.first, self.second, self.add = Block(width, width, 3), Block(width, width, 3), add

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.second(self.first(x))
        return x + y if self.add else y


class C2f(nn.Module):
    """Splits its channels, lets one half pass bottlenecks, and concatenates all that came about."""

    def __init__(self, inner: int, outer: int, depth: int = 1, add: bool = False) -> None:
        super().__init__()
        self.half = outer // 2
        self.enter = Block(inner, outer)
        self.leave = Block(self.half * (2 + depth), outer)
        self.inner = nn.ModuleList(Bottleneck(self.half, add) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        parts = list(self.enter(x).split((self.half, self.half), 1))
        for block in self.inner:
            parts.append(block(parts[-1]))
        out: Tensor = self.leave(torch.cat(parts, 1))
        return out


class Sppf(nn.Module):
    """Three max poolings in a row, concatenated."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter, self.leave = Block(width, width // 2), Block(width * 2, width)

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.enter(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        out: Tensor = self.leave(torch.cat(parts, 1))
        return out


class Head(nn.Module):
    """Boxes as distributions over distances, and class scores, at one scale: [n, 4 * _BINS + _CLASSES, h, w]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.box = nn.Sequential(Block(width, 64, 3), Block(64, 64, 3), nn.Conv2d(64, 4 * _BINS, 1))
        self.kind = nn.Sequential(Block(width, 64, 3), Block(64, 64, 3), nn.Conv2d(64, _CLASSES, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.box(x), self.kind(x)), 1)


class Detector(nn.Module):
    """[n, 3, h, w], both sizes multiples of 32, to [n, 4 + classes, boxes]: centre, size, and scores of each box."""

    strides = (8, 16, 32)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(Block(3, 16, 3, 2), Block(16, 32, 3, 2), C2f(32, 32, 1, True))
        self.small = nn.Sequential(Block(32, 64, 3, 2), C2f(64, 64, 2, True))
        self.middle = nn.Sequential(Block(64, 128, 3, 2), C2f(128, 128, 2, True))
        self.large = nn.Sequential(Block(128, 256, 3, 2), C2f(256, 256, 1, True), Sppf(256))
        self.up_middle, self.up_small = C2f(384, 128), C2f(192, 64)
        self.down_middle, self.down_large = Block(64, 64, 3, 2), Block(128, 128, 3, 2)
        self.out_middle, self.out_large = C2f(192, 128), C2f(384, 256)
        self.heads = nn.ModuleList(Head(width) for width in (64, 128, 256))
        self.distances = nn.Conv2d(_BINS, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        maps = [head(level) for head, level in zip(self.heads, self._levels(x), strict=True)]
        centres, strides = self._anchors(maps)
        rows = torch.cat([level.view(level.shape[0], 4 * _BINS + _CLASSES, -1) for level in maps], 2)
        box, kind = rows.split((4 * _BINS, _CLASSES), 1)
        near, far = self._sides(box).chunk(2, 1)
        first, last = centres - near, centres + far
        boxes = torch.cat(((first + last) / 2, last - first), 1) * strides
        return torch.cat((boxes, kind.sigmoid()), 1)

    def _levels(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        small = self.small(self.stem(x))
        middle = self.middle(small)
        large = self.large(middle)
        middle = self.up_middle(torch.cat((F.interpolate(large, scale_factor=2.0), middle), 1))
        small = self.up_small(torch.cat((F.interpolate(middle, scale_factor=2.0), small), 1))
        middle = self.out_middle(torch.cat((self.down_middle(small), middle), 1))
        large = self.out_large(torch.cat((self.down_large(middle), large), 1))
        return small, middle, large

    def _sides(self, box: Tensor) -> Tensor:
        """The expected distance to each of the four sides: softmax over the bins, weighed with 0, 1, 2, …"""
        n, _, boxes = box.shape
        likely = box.view(n, 4, _BINS, boxes).transpose(2, 1).softmax(1)
        out: Tensor = self.distances(likely).view(n, 4, boxes)
        return out

    def _anchors(self, maps: list[Tensor]) -> tuple[Tensor, Tensor]:
        centres, strides = [], []
        for level, stride in zip(maps, self.strides, strict=True):
            height, width = level.shape[2:]
            y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
            centres.append(torch.stack((x, y)).view(2, -1))
            strides.append(torch.full((1, height * width), float(stride)))
        return torch.cat(centres, 1)[None], torch.cat(strides, 1)


def detector(seed: int = 0) -> Detector:
    torch.manual_seed(seed)
    model = Detector()
    model.distances.weight.data.copy_(torch.arange(_BINS, dtype=torch.float32).view(1, _BINS, 1, 1))
    model.distances.requires_grad_(False)
    return model

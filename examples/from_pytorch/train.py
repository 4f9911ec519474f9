"""A timm network learns drawn gestures and becomes an ONNX file: `python -m examples.from_pytorch.train FOLDER`.

Runs where torch, timm, onnx and onnxscript are installed. Writes gestures.onnx, labels.txt and tfjs-for-unity.toml,
which says how the network wants its pictures. Where you would begin with published weights, this begins with none, so
that nothing is downloaded.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import timm
import torch
from timm.data import resolve_model_data_config
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import transforms

from examples.hands import LABELS, crop, photo

SIDE = 64
_TRAINING, _UNSEEN, _EPOCHS = 300, 60, 8


def pictures(count: int, seed: int, transform: transforms.Compose) -> tuple[Tensor, Tensor]:
    """[count, 3, 64, 64] as the network sees them, and their classes: places in LABELS."""
    random = np.random.default_rng(seed)
    classes = [number % len(LABELS) for number in range(count)]
    crops = [crop(photo(LABELS[number], random), SIDE) for number in classes]
    return torch.stack([transform(picture) for picture in crops]), torch.tensor(classes)


def learn(model: nn.Module, x: Tensor, y: Tensor) -> None:
    """A few passes over all pictures."""
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    model.train()
    for _ in range(_EPOCHS):
        for rows in torch.randperm(len(y)).split(24):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    model.eval()


def options(config: dict[str, object]) -> str:
    """timm's data config as an options file of tfjs-for-unity: toTensor makes 0..1, Normalize the rest."""
    mean, std = (json.dumps(list(config[key])) for key in ("mean", "std"))  # type: ignore[call-overload]
    return f"""name = "Gestures"
labels = "labels.txt"

[preprocess]
scale = "1/255"
mean = {mean}
std = {std}
fit = "crop"
"""


def main(folder: Path) -> None:
    torch.manual_seed(0)
    model = timm.create_model("resnet10t", pretrained=False, num_classes=len(LABELS))
    config = resolve_model_data_config(model)
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(config["mean"], config["std"])])
    learn(model, *pictures(_TRAINING, 0, transform))

    x, y = pictures(_UNSEEN, 1, transform)
    with torch.no_grad():
        print(f"{(model(x).argmax(1) == y).float().mean():.0%} of {_UNSEEN} unseen pictures are right")

    folder.mkdir(parents=True, exist_ok=True)
    names = {"input_names": ["image"], "output_names": ["logits"]}
    with torch.no_grad():
        torch.onnx.export(model, (x[:1],), str(folder / "gestures.onnx"), external_data=False, verbose=False, **names)
    (folder / "labels.txt").write_text("\n".join(LABELS) + "\n", "utf-8")
    (folder / "tfjs-for-unity.toml").write_text(options(config), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The architectures that are tried; names are timm's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["cnn", "hybrid", "transformer", "mlp"]


@dataclass(frozen=True, slots=True)
class Network:
    """One architecture. `sizes`: pictures' height and width that it is run at, the first one where it has a fixed size;
    `free`: it takes pictures of any size; `own`: not from timm but from this folder."""

    name: str
    family: str
    kind: Kind = "cnn"
    sizes: tuple[int, ...] = (128, 97)
    free: bool = True
    own: bool = False

    @property
    def no_transposes(self) -> bool:
        """Whether channels-last order throughout is to be expected."""
        return self.kind == "cnn"


def _cnn(family: str, *names: str, sizes: tuple[int, ...] = (128, 97)) -> list[Network]:
    return [Network(name, family, "cnn", sizes) for name in names]


def _fixed(family: str, name: str, kind: Kind = "transformer", size: int = 224) -> Network:
    return Network(name, family, kind, (size,), free=False)


NETWORKS: list[Network] = [
    # --- of the published table
    *_cnn("ResNet", "resnet18", "resnet10t", "resnet14t", sizes=(224, 193)),
    *_cnn("MobileNetV2", "mobilenetv2_050", sizes=(224, 193)),
    *_cnn("ConvNeXt", "convnext_nano", sizes=(224, 193)),
    *_cnn("EfficientNet-Lite", "efficientnet_lite0", sizes=(224, 193)),
    *_cnn("MobileNetV3", "mobilenetv3_small_100", "mobilenetv3_large_100", sizes=(224, 193)),
    _fixed("ViT", "vit_tiny_patch16_224"),
    Network("yolo_like", "YOLOv8-like detector", "cnn", (256, 160), own=True),
    Network("digits", "MNIST-size network, trained", "cnn", (28,), free=False, own=True),
    # --- convolutional
    *_cnn("ConvNeXt", "convnext_atto"),
    *_cnn("ConvNeXtV2", "convnextv2_atto"),
    *_cnn("EfficientNet", "efficientnet_b0"),
    *_cnn("EfficientNetV2", "efficientnetv2_rw_t"),
    *_cnn("EfficientNet, TensorFlow's padding", "tf_efficientnet_lite0"),
    *_cnn("RegNet", "regnetx_002", "regnety_002"),
    *_cnn("DenseNet", "densenet121"),
    *_cnn("Inception", "inception_v3"),
    *_cnn("GhostNet", "ghostnet_100"),
    *_cnn("MixNet", "mixnet_s"),
    *_cnn("HRNet", "hrnet_w18_small", sizes=(128, 160)),
    *_cnn("Res2Net", "res2net50_26w_4s"),
    *_cnn("DLA", "dla34", sizes=(128, 160)),
    *_cnn("DPN", "dpn48b"),
    *_cnn("CSPNet", "cspresnet50"),
    *_cnn("Darknet", "darknet17"),
    *_cnn("RepVGG", "repvgg_a0"),
    *_cnn("ResNeXt", "resnext50_32x4d"),
    *_cnn("SE-ResNet", "legacy_seresnet18"),
    *_cnn("ReXNet", "rexnet_100"),
    *_cnn("SKNet", "skresnet18"),
    *_cnn("SelecSLS", "selecsls42b"),
    *_cnn("MobileOne", "mobileone_s0"),
    *_cnn("TinyNet", "tinynet_e"),
    *_cnn("LCNet", "lcnet_050"),
    *_cnn("HardCoRe-NAS", "hardcorenas_a"),
    *_cnn("MNASNet", "semnasnet_075", "mnasnet_small"),
    *_cnn("FBNet", "fbnetc_100", "fbnetv3_b"),
    *_cnn("ConvMixer", "convmixer_768_32"),
    *_cnn("PoolFormer", "poolformer_s12"),
    *_cnn("VGG", "vgg11", sizes=(224,)),
    *_cnn("VoVNet", "ese_vovnet19b_dw"),
    *_cnn("GENet", "gernet_s"),
    *_cnn("ResNeSt", "resnest14d"),
    *_cnn("NFNet", "nf_regnet_b0"),
    *_cnn("Xception", "xception41"),
    *_cnn("MobileNetV4", "mobilenetv4_conv_small"),
    *_cnn("InceptionNeXt", "inception_next_atto"),
    *_cnn("StarNet", "starnet_s1"),
    *_cnn("RepViT", "repvit_m0_9"),
    *_cnn("FocalNet", "focalnet_tiny_srf"),
    # --- with attention or fully connected mixing
    Network("edgenext_xx_small", "EdgeNeXt", "hybrid", (128, 160)),
    Network("mobilevit_xxs", "MobileViT", "hybrid", (128, 160)),
    Network("mobilevitv2_050", "MobileViTV2", "hybrid", (128, 160)),
    Network("fastvit_t8", "FastViT", "hybrid", (128, 160)),
    Network("pvt_v2_b0", "PVTv2", "transformer", (128, 160)),
    Network("efficientvit_b0", "EfficientViT", "hybrid", (128, 160)),
    Network("davit_tiny", "DaViT", "transformer", (128, 160)),
    _fixed("DeiT", "deit_tiny_patch16_224"),
    _fixed("Swin", "swin_tiny_patch4_window7_224"),
    _fixed("PiT", "pit_ti_224"),
    _fixed("LeViT", "levit_128s", "hybrid"),
    _fixed("XCiT", "xcit_nano_12_p16_224"),
    _fixed("CoaT", "coat_lite_tiny"),
    _fixed("EfficientFormer", "efficientformer_l1", "hybrid"),
    _fixed("MLP-Mixer", "mixer_s32_224", "mlp"),
    _fixed("ResMLP", "resmlp_12_224", "mlp"),
    _fixed("gMLP", "gmlp_ti16_224", "mlp"),
    _fixed("ConViT", "convit_tiny"),
    _fixed("CrossViT", "crossvit_tiny_240", size=240),
    _fixed("CaiT", "cait_xxs24_224"),
    _fixed("Twins", "twins_svt_small"),
    _fixed("Visformer", "visformer_tiny", "hybrid"),
    _fixed("TNT", "tnt_s_legacy_patch16_224"),
]

BY_NAME = {network.name: network for network in NETWORKS}

"""ModelSpec: the one description of a model from which every file is rendered. Frozen, validated, no I/O.

`Contract` is the ModelSpec as it travels in StreamingAssets; its JSON names are the field names
(see `docs/contract.schema.json`, generated from these classes).
"""

from builder.spec.files import FileRef, ModelFiles, ModelFormat, OutputFile, RuntimeFiles
from builder.spec.model import CONTRACT_VERSION, Contract, ModelSpec
from builder.spec.preprocess import (
    CHANNELS,
    MAX_INPUT_SIDE,
    NORMALIZATIONS,
    ChannelOrder,
    Color,
    Filter,
    Fit,
    Layout,
    Preprocess,
)
from builder.spec.tasks import Task
from builder.spec.tasks.classification import Activation, Classification
from builder.spec.tasks.detection import (
    AnchorLayer,
    AnchorsForm,
    Detection,
    DetectionForm,
    DistancesForm,
    ListsForm,
    RowsForm,
    YoloForm,
)
from builder.spec.tasks.image import Image, Tiling
from builder.spec.tasks.raw import Raw
from builder.spec.tasks.segmentation import NO_LABEL, Segmentation, SegmentationActivation, SegmentationResult
from builder.spec.tensors import DType, ExtraInput, Feedback, Fixed, Given, TensorSpec

__all__ = [
    "CHANNELS",
    "CONTRACT_VERSION",
    "MAX_INPUT_SIDE",
    "NORMALIZATIONS",
    "NO_LABEL",
    "Activation",
    "AnchorLayer",
    "AnchorsForm",
    "ChannelOrder",
    "Classification",
    "Color",
    "Contract",
    "DType",
    "Detection",
    "DetectionForm",
    "DistancesForm",
    "ExtraInput",
    "Feedback",
    "FileRef",
    "Filter",
    "Fit",
    "Fixed",
    "Given",
    "Image",
    "Layout",
    "ListsForm",
    "ModelFiles",
    "ModelFormat",
    "ModelSpec",
    "OutputFile",
    "Preprocess",
    "Raw",
    "RowsForm",
    "RuntimeFiles",
    "Segmentation",
    "SegmentationActivation",
    "SegmentationResult",
    "Task",
    "TensorSpec",
    "Tiling",
    "YoloForm",
]

"""The models that maps are made with, tiny and with random weights, saved as ordinary checkpoints. Imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def vitpose(folder: Path, joints: int = 17, size: tuple[int, int] = (64, 48)) -> Path:
    """A tiny VitPoseForPoseEstimation for so many pixels (height, width), heat maps of a quarter of them."""
    import torch
    from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation
    from transformers.models.vitpose.image_processing_pil_vitpose import VitPoseImageProcessorPil

    torch.manual_seed(3)
    backbone = VitPoseBackboneConfig(image_size=list(size), patch_size=[16, 16], hidden_size=32, num_hidden_layers=2,
                                     num_attention_heads=2, mlp_ratio=2, out_indices=[2], part_features=8)
    model = VitPoseForPoseEstimation(VitPoseConfig(backbone_config=backbone, num_labels=joints))
    return _saved(folder, model, VitPoseImageProcessorPil(size={"height": size[0], "width": size[1]}))


def rtdetr(folder: Path, name: str = "person") -> Path:
    """A tiny RTDetrForObjectDetection over a ResNet, of one class."""
    import torch
    from transformers import RTDetrConfig, RTDetrForObjectDetection, RTDetrResNetConfig
    from transformers.models.rt_detr.image_processing_pil_rt_detr import RTDetrImageProcessorPil

    torch.manual_seed(3)
    backbone = RTDetrResNetConfig(embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1],
                                  layer_type="basic", out_features=["stage2", "stage3", "stage4"])
    model = RTDetrForObjectDetection(RTDetrConfig(
        backbone_config=backbone, backbone=None, encoder_hidden_dim=32, encoder_in_channels=[8, 16, 16],
        encoder_layers=1, encoder_ffn_dim=32, encoder_attention_heads=2, d_model=32, num_queries=12,
        decoder_in_channels=[32, 32, 32], decoder_ffn_dim=32, decoder_layers=2, decoder_attention_heads=2,
        num_denoising=0, id2label={0: name}, label2id={name: 0}))
    return _saved(folder, model, RTDetrImageProcessorPil(size={"height": 64, "width": 64}))


def upernet(folder: Path, classes: int = 150) -> Path:
    """A tiny UperNetForSemanticSegmentation over a ConvNeXt."""
    import torch
    from transformers import ConvNextConfig, UperNetConfig, UperNetForSemanticSegmentation
    from transformers.models.segformer.image_processing_pil_segformer import SegformerImageProcessorPil

    torch.manual_seed(3)
    backbone = ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1],
                              out_features=["stage1", "stage2", "stage3", "stage4"])
    model = UperNetForSemanticSegmentation(UperNetConfig(
        backbone_config=backbone, hidden_size=16, use_auxiliary_head=False, num_labels=classes))
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3)
    return _saved(folder, model, SegformerImageProcessorPil(size={"height": 64, "width": 64}, do_reduce_labels=True))


def segformer(folder: Path) -> Path:
    """A tiny SegformerForSemanticSegmentation of 150 classes."""
    import torch
    from transformers import SegformerConfig, SegformerForSemanticSegmentation
    from transformers.models.segformer.image_processing_pil_segformer import SegformerImageProcessorPil

    torch.manual_seed(3)
    model = SegformerForSemanticSegmentation(SegformerConfig(
        hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2], decoder_hidden_size=16,
        num_labels=150))
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3)
    return _saved(folder, model, SegformerImageProcessorPil(size={"height": 64, "width": 64}))


def _saved(folder: Path, model: Any, processor: Any) -> Path:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder

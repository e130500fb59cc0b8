"""The models that look at real pictures, tiny and with random weights, saved as ordinary checkpoints. Imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.generators.tiny import WORDS, tokenizer

SIDES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}


def owlv2(folder: Path) -> Path:
    """A tiny Owlv2ForObjectDetection, 64 px in patches of 16: 16 boxes."""
    import torch
    from transformers import Owlv2Config, Owlv2ForObjectDetection, Owlv2Processor
    from transformers.models.owlv2.image_processing_pil_owlv2 import Owlv2ImageProcessorPil

    torch.manual_seed(6)
    text = {**SIDES, "vocab_size": len(WORDS), "max_position_embeddings": 16, "pad_token_id": 0, "bos_token_id": 2,
            "eos_token_id": 3}
    model = Owlv2ForObjectDetection(Owlv2Config(
        text_config=text, vision_config={**SIDES, "image_size": 64, "patch_size": 16}, projection_dim=32))
    _loud(model)
    model.save_pretrained(folder)
    words = tokenizer(chat=False)
    words.model_max_length = 16
    Owlv2Processor(Owlv2ImageProcessorPil(size={"height": 64, "width": 64}), words).save_pretrained(folder)
    return folder


def owlvit(folder: Path) -> Path:
    """A tiny OwlViTForObjectDetection, as the one above."""
    import torch
    from transformers import OwlViTConfig, OwlViTForObjectDetection, OwlViTProcessor
    from transformers.models.owlvit.image_processing_pil_owlvit import OwlViTImageProcessorPil

    torch.manual_seed(6)
    text = {**SIDES, "vocab_size": len(WORDS), "max_position_embeddings": 16, "pad_token_id": 0, "bos_token_id": 2,
            "eos_token_id": 3}
    model = OwlViTForObjectDetection(OwlViTConfig(
        text_config=text, vision_config={**SIDES, "image_size": 64, "patch_size": 16}, projection_dim=32))
    _loud(model)
    model.save_pretrained(folder)
    words = tokenizer(chat=False)
    words.model_max_length = 16
    images = OwlViTImageProcessorPil(size={"height": 64, "width": 64}, do_center_crop=False)
    OwlViTProcessor(images, words).save_pretrained(folder)
    return folder


def mm_grounding_dino(folder: Path) -> Path:
    """A tiny MMGroundingDinoForObjectDetection, as the next one."""
    return grounding_dino(folder, "MMGroundingDino")


def grounding_dino(folder: Path, name: str = "GroundingDino") -> Path:
    """A tiny GroundingDinoForObjectDetection over a Swin and a BERT: 12 boxes, the words of BERT's own numbers."""
    import torch
    import transformers
    from transformers import BertTokenizerFast, GroundingDinoProcessor, SwinConfig
    from transformers.models.grounding_dino.image_processing_pil_grounding_dino import GroundingDinoImageProcessorPil

    torch.manual_seed(7)
    folder.mkdir(parents=True, exist_ok=True)
    size = 1040
    words = [f"[unused{number}]" for number in range(size)]
    for number, word in {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1012: ".", 1029: "?",
                         **dict(enumerate(WORDS[4:], 1030 - len(WORDS)))}.items():
        words[number] = word
    (folder / "vocab.txt").write_text("\n".join(words))
    swin = SwinConfig(image_size=64, embed_dim=8, depths=(1, 1, 1), num_heads=(1, 2, 2), window_size=2,
                      out_indices=(2, 3))
    config, kind = (getattr(transformers, f"{name}{what}") for what in ("Config", "ForObjectDetection"))
    model = kind(config(
        backbone_config=swin, use_timm_backbone=False, d_model=32, encoder_layers=1, decoder_layers=2,
        encoder_ffn_dim=32, decoder_ffn_dim=32, encoder_attention_heads=2, decoder_attention_heads=2, num_queries=12,
        num_feature_levels=3, text_config={**SIDES, "model_type": "bert", "vocab_size": size,
                                           "max_position_embeddings": 64}, max_text_len=32))
    _loud(model)
    model.save_pretrained(folder)
    images = GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96})
    GroundingDinoProcessor(images, BertTokenizerFast(str(folder / "vocab.txt"))).save_pretrained(folder)
    return folder


def sam(folder: Path) -> Path:
    """A tiny SamModel, 64 px."""
    import torch
    from transformers import SamConfig, SamMaskDecoderConfig, SamModel, SamProcessor, SamPromptEncoderConfig
    from transformers.models.sam.configuration_sam import SamVisionConfig
    from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

    torch.manual_seed(8)
    vision = SamVisionConfig(hidden_size=32, output_channels=16, num_hidden_layers=1, num_attention_heads=2,
                             image_size=64, patch_size=16, window_size=2, global_attn_indexes=[0], num_pos_feats=8,
                             mlp_dim=32)
    model = SamModel(SamConfig(
        vision_config=vision, prompt_encoder_config=SamPromptEncoderConfig(hidden_size=16, image_size=64, patch_size=16,
                                                                           mask_input_channels=4),
        mask_decoder_config=SamMaskDecoderConfig(hidden_size=16, mlp_dim=16, num_hidden_layers=1,
                                                 num_attention_heads=2, iou_head_hidden_dim=16)))
    _loud(model, convolutions=True)
    model.save_pretrained(folder)
    SamProcessor(SamImageProcessorPil(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64})).save_pretrained(
        folder)
    return folder


def sam2(folder: Path) -> Path:
    """A tiny Sam2Model, 64 px; without a processor, which would need torchvision."""
    import torch
    from transformers import Sam2Config, Sam2MaskDecoderConfig, Sam2Model, Sam2PromptEncoderConfig, Sam2VisionConfig
    from transformers.models.sam2.configuration_sam2 import Sam2HieraDetConfig

    torch.manual_seed(9)
    sides = [8, 16, 32, 64]
    hiera = Sam2HieraDetConfig(hidden_size=8, image_size=[64, 64], blocks_per_stage=[1, 1, 2, 1],
                               embed_dim_per_stage=sides, num_attention_heads_per_stage=[1, 1, 2, 2],
                               window_size_per_stage=[4, 2, 2, 2], global_attention_blocks=[3],
                               window_positional_embedding_background_size=[2, 2])
    vision = Sam2VisionConfig(backbone_config=hiera, backbone_channel_list=sides[::-1], fpn_hidden_size=32,
                              backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]])
    model = Sam2Model(Sam2Config(
        vision_config=vision,
        prompt_encoder_config=Sam2PromptEncoderConfig(hidden_size=32, image_size=64, patch_size=16),
        mask_decoder_config=Sam2MaskDecoderConfig(hidden_size=32, mlp_dim=16, num_hidden_layers=1,
                                                  num_attention_heads=2, iou_head_hidden_dim=16)))
    _loud(model, convolutions=True)
    model.save_pretrained(folder)
    return folder


def _loud(model: Any, convolutions: bool = False) -> None:
    """Louder than it is made, so that what it sees can be told from its answers."""
    import torch

    for module in model.modules():
        if isinstance(module, torch.nn.Linear) or (convolutions and isinstance(module, torch.nn.Conv2d)):
            torch.nn.init.normal_(module.weight, std=0.3)

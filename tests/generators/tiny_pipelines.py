"""A tiny checkpoint of random weights for every pipeline class of the catalogue: real classes, small settings.

`PIPELINES` maps a class name to a function that builds the pipeline, and to what a call of it needs at 64 pixels
besides what the catalogue says. `save(name, folder)` writes it as its hub repository looks. Imports torch when called.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.generators import tiny_parts as of
from tests.generators import tiny_stable as stable


class Tiny(NamedTuple):
    """How to build a pipeline, what its calls need besides, and the side of its pictures."""

    build: Callable[[], Any]
    call: Mapping[str, Any]
    side: int = 64


def save(name: str, folder: Path) -> Path:
    """The checkpoint of a class, as an ordinary folder."""
    import torch

    torch.manual_seed(1)
    pipe = PIPELINES[name].build()
    _stir(pipe)
    pipe.save_pretrained(folder)
    _as_published(folder)
    return folder


def _stir(pipe: Any) -> None:
    """Weights that begin as zeros are no longer zeros: a fresh transformer passes nothing of its words on."""
    import torch

    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            for weight in part.parameters():
                if weight.ndim > 1 and not weight.any():
                    torch.nn.init.normal_(weight, std=0.1)


def _as_published(folder: Path) -> None:
    """Processors that cannot be made without torchvision are saved as what stands for them, and renamed."""
    from generators.opening import PICTURES_ONLY

    index = json.loads((folder / "model_index.json").read_text())
    published = {stand_in: kind for kind, stand_in in PICTURES_ONLY.items()}
    if index["_class_name"] == "Flux2Pipeline":
        index["tokenizer"] = ["transformers", "PixtralProcessor"]
    for name, value in index.items():
        if isinstance(value, list) and value[1] in published:
            index[name] = ["transformers", published[value[1]]]
            for file in (folder / name).glob("*.json"):
                file.write_text(file.read_text().replace(value[1], published[value[1]]))
    (folder / "model_index.json").write_text(json.dumps(index))


# FLUX


def _flux(kind: str, **net: Any) -> Any:
    import diffusers

    (first, words_1), (second, words_2) = of.clip(), of.t5(16)
    transformer = diffusers.FluxTransformer2DModel(**{
        "patch_size": 1, "in_channels": 16, "num_layers": 1, "num_single_layers": 1, "attention_head_dim": 16,
        "num_attention_heads": 2, "joint_attention_dim": 16, "pooled_projection_dim": 16, "guidance_embeds": True,
        "axes_dims_rope": (4, 4, 8), **net})
    return getattr(diffusers, kind)(of.flow(), of.flux_vae(), first, words_1, second, words_2, transformer)


def chroma() -> Any:
    from diffusers import ChromaPipeline, ChromaTransformer2DModel

    encoder, tokenizer = of.t5(16)
    net = ChromaTransformer2DModel(patch_size=1, in_channels=16, num_layers=1, num_single_layers=1,
                                   attention_head_dim=16, num_attention_heads=2, joint_attention_dim=16,
                                   axes_dims_rope=(4, 4, 8), approximator_hidden_dim=32, approximator_layers=1,
                                   approximator_num_channels=16)
    return ChromaPipeline(of.flow(), of.flux_vae(), encoder, tokenizer, net)


def flux2() -> Any:
    from diffusers import Flux2Pipeline
    from transformers import Mistral3Config, Mistral3ForConditionalGeneration

    made = of.words(letters=False)
    made.add_special_tokens({"additional_special_tokens": [*of.SPECIAL, "[IMG]", "[IMG_BREAK]", "[IMG_END]"]})
    text = {"model_type": "mistral", "vocab_size": len(made), "hidden_size": 16, "intermediate_size": 32,
            "num_attention_heads": 2, "num_hidden_layers": 2, "num_key_value_heads": 2, "head_dim": 8,
            "max_position_embeddings": 512, "sliding_window": None}
    eyes = {"model_type": "pixtral", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 32, "image_size": 28, "patch_size": 14, "head_dim": 8}
    encoder = Mistral3ForConditionalGeneration(Mistral3Config(
        text_config=text, vision_config=eyes, image_token_index=of.token_id(made, "[IMG]"), vision_feature_layer=-1))
    return Flux2Pipeline(of.flow(), of.flux2_vae(), encoder, of.pixtral(made), of.flux2_net(32, True))


def klein(kind: str) -> Any:
    import diffusers

    encoder, tokenizer = of.qwen3("Qwen3ForCausalLM", 32)
    return getattr(diffusers, kind)(of.flow(), of.flux2_vae(), encoder, tokenizer, of.flux2_net(64),
                                    is_distilled=False)


# Qwen-Image


def qwen(kind: str) -> Any:
    import diffusers

    encoder, tokenizer = of.qwen25vl()
    more = {} if kind == "QwenImagePipeline" else {"processor": of.processor("Qwen2VLProcessor", tokenizer)}
    return getattr(diffusers, kind)(scheduler=of.flow(), vae=of.qwen_vae(), text_encoder=encoder, tokenizer=tokenizer,
                                    transformer=of.qwen_net(), **more)


def qwen21() -> Any:
    from diffusers import AutoencoderKLQwenImage21, QwenImage21Pipeline, QwenImage21Transformer2DModel

    encoder, tokenizer = of.qwen3vl()
    net = QwenImage21Transformer2DModel(in_channels=4, out_channels=4, num_layers=1, attention_head_dim=16,
                                        num_attention_heads=2, context_in_dim=16, axes_dims_rope=(8, 4, 4))
    codec = AutoencoderKLQwenImage21(base_dim=8, decoder_base_dim=8, z_dim=4, dim_mult=[1, 1, 1, 1, 1],
                                     num_res_blocks=1, latents_mean=[0.0] * 4, latents_std=[1.0] * 4)
    return QwenImage21Pipeline(scheduler=of.flow(), vae=codec, text_encoder=encoder,
                               processor=of.processor("Qwen3VLProcessor", tokenizer), transformer=net)


# Others


def z_image() -> Any:
    from diffusers import ZImagePipeline, ZImageTransformer2DModel

    encoder, tokenizer = of.qwen3("Qwen3Model")
    net = ZImageTransformer2DModel(in_channels=4, dim=32, n_layers=1, n_refiner_layers=1, n_heads=2, n_kv_heads=2,
                                   cap_feat_dim=16, axes_dims=[8, 4, 4], axes_lens=[512, 64, 64])
    for name in ("x_pad_token", "cap_pad_token"):  # made empty by the class, filled by its weights
        getattr(net, name).data.fill_(1.0)
    return ZImagePipeline(of.flow(), of.flux_vae(), encoder, tokenizer, net)


def _sana(kind: str, scheduler: Any, **more: Any) -> Any:
    import diffusers

    encoder, tokenizer = of.gemma()
    net = diffusers.SanaTransformer2DModel(
        patch_size=1, in_channels=4, out_channels=4, num_layers=1, num_attention_heads=2, attention_head_dim=4,
        num_cross_attention_heads=2, cross_attention_head_dim=4, cross_attention_dim=8, caption_channels=16,
        sample_size=32, **more)
    return getattr(diffusers, kind)(tokenizer, encoder, of.dc(), net, scheduler)


def sana() -> Any:
    from diffusers import DPMSolverMultistepScheduler

    return _sana("SanaPipeline", DPMSolverMultistepScheduler(use_flow_sigmas=True, prediction_type="flow_prediction",
                                                             flow_shift=3.0))


def sana_sprint() -> Any:
    from diffusers import SCMScheduler

    return _sana("SanaSprintPipeline", SCMScheduler(), guidance_embeds=True, qk_norm="rms_norm_across_heads")


def pixart() -> Any:
    from diffusers import DPMSolverMultistepScheduler, PixArtSigmaPipeline, PixArtTransformer2DModel

    encoder, tokenizer = of.t5(16)
    net = PixArtTransformer2DModel(sample_size=32, num_layers=1, patch_size=2, attention_head_dim=8,
                                   num_attention_heads=2, caption_channels=16, in_channels=4, out_channels=8,
                                   cross_attention_dim=16)
    return PixArtSigmaPipeline(tokenizer, encoder, of.vae(), net, DPMSolverMultistepScheduler())


def lumina2() -> Any:
    from diffusers import Lumina2Pipeline, Lumina2Transformer2DModel

    encoder, tokenizer = of.gemma()
    net = Lumina2Transformer2DModel(sample_size=32, patch_size=2, in_channels=4, hidden_size=16, num_layers=1,
                                    num_refiner_layers=1, num_attention_heads=2, num_kv_heads=2, multiple_of=16,
                                    axes_dim_rope=(4, 2, 2), axes_lens=(512, 64, 64), cap_feat_dim=16)
    return Lumina2Pipeline(net, of.flow(), of.flux_vae(levels=4), encoder, tokenizer)


def hidream() -> Any:
    from diffusers import HiDreamImagePipeline, HiDreamImageTransformer2DModel
    from transformers import LlamaConfig, LlamaForCausalLM

    (first, words_1), (second, words_2), (third, words_3) = of.clip(True), of.clip(True), of.t5(16)
    words_4 = of.words(letters=False)
    fourth = LlamaForCausalLM(LlamaConfig(vocab_size=len(words_4), hidden_size=16, intermediate_size=32,
                                          num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=256))
    net = HiDreamImageTransformer2DModel(patch_size=2, in_channels=4, out_channels=4, num_layers=1,
                                         num_single_layers=1, attention_head_dim=8, num_attention_heads=2,
                                         caption_channels=[16, 16], text_emb_dim=32, num_routed_experts=2,
                                         num_activated_experts=1, axes_dims_rope=(4, 2, 2), max_resolution=(64, 64),
                                         llama_layers=(0, 1))
    return HiDreamImagePipeline(of.flow(), of.flux_vae(), first, words_1, second, words_2, third, words_3, fourth,
                                words_4,
                                net)


def krea2() -> Any:
    from diffusers import Krea2Pipeline, Krea2Transformer2DModel

    encoder, tokenizer = of.qwen3vl("Qwen3VLModel")
    net = Krea2Transformer2DModel(in_channels=16, num_layers=1, attention_head_dim=8, num_attention_heads=2,
                                  num_key_value_heads=2, intermediate_size=32, timestep_embed_dim=8,
                                  text_hidden_dim=16, num_text_layers=2, text_num_attention_heads=2,
                                  text_num_key_value_heads=2, text_intermediate_size=16, num_layerwise_text_blocks=1,
                                  num_refiner_text_blocks=1, axes_dims_rope=(4, 2, 2))
    return Krea2Pipeline(of.flow(), of.qwen_vae(), encoder, tokenizer, net, text_encoder_select_layers=(1, 2))


def ernie() -> Any:
    from diffusers import ErnieImagePipeline, ErnieImageTransformer2DModel
    from transformers import Mistral3Config, Mistral3Model

    made = of.words(letters=False, around="<s> $A")
    text = {"model_type": "ministral3", "vocab_size": len(made), "hidden_size": 16, "intermediate_size": 32,
            "num_attention_heads": 2, "num_hidden_layers": 2, "num_key_value_heads": 2, "head_dim": 8,
            "max_position_embeddings": 512, "sliding_window": None}
    eyes = {"model_type": "pixtral", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 32, "image_size": 28, "patch_size": 14, "head_dim": 8}
    encoder = Mistral3Model(Mistral3Config(text_config=text, vision_config=eyes, image_token_index=5))
    net = ErnieImageTransformer2DModel(hidden_size=32, num_attention_heads=2, num_layers=1, ffn_hidden_size=32,
                                       in_channels=16, out_channels=16, patch_size=1, text_in_dim=16,
                                       rope_axes_dim=(8, 4, 4))
    return ErnieImagePipeline(net, of.flux2_vae(), encoder, made, of.flow())


def ideogram() -> Any:
    from diffusers import Ideogram4Pipeline, Ideogram4Transformer2DModel

    def net() -> Any:
        return Ideogram4Transformer2DModel(in_channels=16, num_layers=1, attention_head_dim=16, num_attention_heads=2,
                                           intermediate_size=32, adaln_dim=16, llm_features_dim=13 * 16,
                                           mrope_section=(4, 2, 2))

    encoder, tokenizer = of.qwen3vl("Qwen3VLModel", layers=36)
    return Ideogram4Pipeline(of.flow(), of.flux2_vae(), encoder, tokenizer, net(), net())


def _longcat(kind: str) -> Any:
    import diffusers

    encoder, tokenizer = of.qwen25vl()
    net = diffusers.LongCatImageTransformer2DModel(
        patch_size=1, in_channels=64, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=16, pooled_projection_dim=16, axes_dims_rope=(4, 4, 8))
    return getattr(diffusers, kind)(scheduler=of.flow(), vae=of.flux_vae(16, 4), text_encoder=encoder,
                                    tokenizer=tokenizer,
                                    text_processor=of.processor("Qwen2VLProcessor", tokenizer), transformer=net)


def ovis() -> Any:
    from diffusers import OvisImagePipeline, OvisImageTransformer2DModel

    encoder, tokenizer = of.qwen3("Qwen3Model", letters=True)
    net = OvisImageTransformer2DModel(patch_size=1, in_channels=16, out_channels=16, num_layers=1, num_single_layers=1,
                                      attention_head_dim=16, num_attention_heads=2, joint_attention_dim=16,
                                      axes_dims_rope=(4, 4, 8))
    return OvisImagePipeline(of.flow(), of.flux_vae(), encoder, tokenizer, net)


def nucleus() -> Any:
    from diffusers import NucleusMoEImagePipeline, NucleusMoEImageTransformer2DModel

    encoder, tokenizer = of.qwen3vl(layers=9)
    net = NucleusMoEImageTransformer2DModel(patch_size=2, in_channels=16, out_channels=4, num_layers=1,
                                            attention_head_dim=16, num_attention_heads=2, joint_attention_dim=16,
                                            axes_dims_rope=(8, 4, 4), moe_enabled=False, capacity_factors=[8.0])
    return NucleusMoEImagePipeline(net, of.flow(), of.qwen_vae(), encoder, of.processor("Qwen3VLProcessor", tokenizer))


def hunyuan() -> Any:
    from diffusers import AutoencoderKLHunyuanImage, HunyuanImagePipeline, HunyuanImageTransformer2DModel
    from diffusers.guiders import AdaptiveProjectedMixGuidance
    from transformers import ByT5Tokenizer, T5Config, T5EncoderModel

    encoder, tokenizer = of.qwen25vl()
    glyphs = T5EncoderModel(T5Config(vocab_size=384, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
                                     is_encoder_decoder=False, use_cache=False, tie_word_embeddings=False))
    net = HunyuanImageTransformer2DModel(in_channels=4, out_channels=4, num_attention_heads=2, attention_head_dim=8,
                                         num_layers=1, num_single_layers=1, num_refiner_layers=1, patch_size=(1, 1),
                                         text_embed_dim=16, text_embed_2_dim=16, rope_axes_dim=(4, 4))
    codec = AutoencoderKLHunyuanImage(in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(32,) * 4,
                                      layers_per_block=1, scaling_factor=0.48, spatial_compression_ratio=8,
                                      sample_size=64)
    return HunyuanImagePipeline(of.flow(), codec, encoder, tokenizer, glyphs, ByT5Tokenizer(), net,
                                AdaptiveProjectedMixGuidance(), AdaptiveProjectedMixGuidance())


def cogview4() -> Any:
    from diffusers import CogView4Pipeline, CogView4Transformer2DModel
    from transformers import GlmConfig, GlmModel

    made = of.words(letters=False, around="<s> $A")
    encoder = GlmModel(GlmConfig(vocab_size=len(made), hidden_size=16, intermediate_size=16, num_hidden_layers=2,
                                 num_attention_heads=2, num_key_value_heads=2, head_dim=8, pad_token_id=0,
                                 max_position_embeddings=1024))
    net = CogView4Transformer2DModel(patch_size=2, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8,
                                     num_attention_heads=2, text_embed_dim=16, time_embed_dim=8, condition_dim=4)
    noise = of.flow(base_shift=0.25, max_shift=0.75, use_dynamic_shifting=True, time_shift_type="linear")
    return CogView4Pipeline(made, encoder, of.vae(), net, noise)


def auraflow() -> Any:
    from diffusers import AuraFlowPipeline, AuraFlowTransformer2DModel

    encoder, tokenizer = of.t5(16, "UMT5")
    net = AuraFlowTransformer2DModel(sample_size=32, patch_size=2, in_channels=4, out_channels=4, num_mmdit_layers=1,
                                     num_single_dit_layers=1, attention_head_dim=8, num_attention_heads=2,
                                     caption_projection_dim=16, joint_attention_dim=16, pos_embed_max_size=1024)
    return AuraFlowPipeline(tokenizer, encoder, of.vae(), net, of.flow())


def _kandinsky(kind: str, visual: bool) -> Any:
    import diffusers

    (first, words_1), (second, words_2) = of.qwen25vl(), of.clip()
    net = diffusers.Kandinsky5Transformer3DModel(
        in_visual_dim=4, in_text_dim=16, in_text_dim2=16, time_dim=16, out_visual_dim=4, patch_size=(1, 2, 2),
        model_dim=16, ff_dim=32, num_text_blocks=1, num_visual_blocks=1, axes_dims=(4, 6, 6), visual_cond=visual,
        attention_type="regular")
    return getattr(diffusers, kind)(net, of.flux_vae(levels=4), first, of.processor("Qwen2VLProcessor", words_1),
                                    second,
                                    words_2, of.flow())


def dreamlite() -> Any:
    from diffusers import AutoencoderTiny, DreamLitePipeline
    from diffusers.models import DreamLiteUNetModel

    encoder, tokenizer = of.qwen3vl()
    unet = DreamLiteUNetModel(
        sample_size=32, block_out_channels=(16, 32), cross_attention_dim=16, attention_head_dim=8, layers_per_block=1,
        norm_num_groups=4, up_block_types=("DreamLiteCrossAttnUpBlock2D", "DreamLiteUpBlock2D"),
        down_block_types=("DreamLiteCrossAttnNoSelfAttnDownBlock2D", "DreamLiteCrossAttnDownBlock2D"))
    codec = AutoencoderTiny(encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8),
                            num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1), latent_channels=4)
    return DreamLitePipeline(encoder, tokenizer, of.processor("Qwen3VLProcessor", tokenizer), codec, unet, of.flow())


def glm() -> Any:
    from diffusers import GlmImagePipeline, GlmImageTransformer2DModel
    from transformers import (
        ByT5Tokenizer,
        GlmImageConfig,
        GlmImageForConditionalGeneration,
        GlmImageImageProcessorPil,
        GlmImageProcessor,
        T5Config,
        T5EncoderModel,
    )

    made = of.words(letters=False)
    named = {"image_token": "<|image|>", "grid_bos_token": "<sop>", "grid_eos_token": "<eop>"}
    made.add_special_tokens({"additional_special_tokens": [*of.SPECIAL, *named.values(), "<|dit_token_16384|>",
                                                           "<|dit_token_16385|>"]})
    made._set_model_specific_special_tokens(named)
    made.chat_template = made.chat_template.replace("<|vision_start|><|image_pad|><|vision_end|>", "<|image|>")
    first = 64
    text = {"vocab_size": first + 160, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1,
            "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 512,
            "vision_vocab_size": 128, "pad_token_id": 0, "eos_token_id": 3,
            "rope_parameters": {"mrope_section": (4, 2, 2)}}
    eyes = {"depth": 1, "hidden_size": 32, "num_heads": 2, "image_size": 32, "patch_size": 8, "intermediate_size": 32}
    config = GlmImageConfig(text_config=text, vision_config=eyes, vq_config={
        "embed_dim": 32, "num_embeddings": 128, "latent_channels": 32}, image_token_id=of.token_id(made, "<|image|>"),
        image_start_token_id=of.token_id(made, "<|dit_token_16384|>"),
        image_end_token_id=of.token_id(made, "<|dit_token_16385|>"))
    glyphs = T5EncoderModel(T5Config(vocab_size=384, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
                                     is_encoder_decoder=False, use_cache=False, tie_word_embeddings=False))
    net = GlmImageTransformer2DModel(patch_size=2, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8,
                                     num_attention_heads=2, text_embed_dim=16, time_embed_dim=16, condition_dim=8,
                                     prior_vq_quantizer_codebook_size=128)
    sight = GlmImageImageProcessorPil(patch_size=8, merge_size=1, temporal_patch_size=1,
                                      size={"shortest_edge": 16 * 16, "longest_edge": 32 * 32})
    reader = GlmImageProcessor(sight, made, chat_template=made.chat_template)
    return GlmImagePipeline(ByT5Tokenizer(), reader, glyphs, GlmImageForConditionalGeneration(config),
                            of.vae(levels=4, latents_mean=[0.0] * 4, latents_std=[1.0] * 4), net, of.flow())


def amused() -> Any:
    from diffusers import AmusedPipeline, AmusedScheduler, UVit2DModel, VQModel

    encoder, tokenizer = of.clip(True)
    net = UVit2DModel(hidden_size=16, cond_embed_dim=16, micro_cond_encode_dim=2, micro_cond_embed_dim=10,
                      encoder_hidden_size=16, vocab_size=33, codebook_size=32, in_channels=16, block_out_channels=16,
                      num_res_blocks=1, downsample=False, upsample=False, block_num_heads=2, num_hidden_layers=1,
                      num_attention_heads=2, intermediate_size=32, sample_size=16)
    codes = VQModel(block_out_channels=(8, 8, 8), down_block_types=("DownEncoderBlock2D",) * 3, sample_size=64,
                    up_block_types=("UpDecoderBlock2D",) * 3, layers_per_block=1, latent_channels=4, norm_num_groups=4,
                    num_vq_embeddings=32, vq_embed_dim=4, lookup_from_codebook=True, mid_block_add_attention=False)
    return AmusedPipeline(codes, tokenizer, encoder, net, AmusedScheduler(mask_token_id=32))


_SHORT = {"max_sequence_length": 32}
PIPELINES: dict[str, Tiny] = {
    "StableDiffusionGLIGENPipeline": Tiny(stable.gligen, {}),
    "StableDiffusionPipeline": Tiny(lambda: stable.sd("StableDiffusionPipeline"), {}),
    "StableDiffusionInstructPix2PixPipeline": Tiny(
        lambda: stable.sd("StableDiffusionInstructPix2PixPipeline", in_channels=8), {}),
    "LatentConsistencyModelPipeline": Tiny(
        lambda: stable.sd("LatentConsistencyModelPipeline", "LCMScheduler", time_cond_proj_dim=16), {}),
    "StableDiffusionXLPipeline": Tiny(stable.sdxl, {}),
    "StableDiffusion3Pipeline": Tiny(stable.sd3, _SHORT),
    "FluxPipeline": Tiny(lambda: _flux("FluxPipeline"), _SHORT),
    "FluxKontextPipeline": Tiny(lambda: _flux("FluxKontextPipeline"),
                                {**_SHORT, "_auto_resize": False, "max_area": 64 * 64}),
    "FluxFillPipeline": Tiny(lambda: _flux("FluxFillPipeline", in_channels=48, out_channels=16), _SHORT),
    "ChromaPipeline": Tiny(chroma, _SHORT),
    "Flux2Pipeline": Tiny(flux2, {**_SHORT, "text_encoder_out_layers": [1, 2]}),
    "Flux2KleinPipeline": Tiny(lambda: klein("Flux2KleinPipeline"), {**_SHORT, "text_encoder_out_layers": [1, 2]}),
    "Flux2KleinKVPipeline": Tiny(lambda: klein("Flux2KleinKVPipeline"),
                                 {**_SHORT, "text_encoder_out_layers": [1, 2]}),
    "QwenImagePipeline": Tiny(lambda: qwen("QwenImagePipeline"), {}),
    "QwenImageEditPipeline": Tiny(lambda: qwen("QwenImageEditPipeline"), {}),
    "QwenImageEditPlusPipeline": Tiny(lambda: qwen("QwenImageEditPlusPipeline"), {}),
    "QwenImage21Pipeline": Tiny(qwen21, {"output_resolution": 64}),
    "ZImagePipeline": Tiny(z_image, _SHORT),
    "SanaPipeline": Tiny(sana, {**_SHORT, "use_resolution_binning": False, "complex_human_instruction": None}),
    "SanaSprintPipeline": Tiny(sana_sprint, {**_SHORT, "use_resolution_binning": False,
                                             "complex_human_instruction": None}),
    "PixArtSigmaPipeline": Tiny(pixart, {**_SHORT, "use_resolution_binning": False, "clean_caption": False}),
    "Lumina2Pipeline": Tiny(lumina2, {}),
    "HiDreamImagePipeline": Tiny(hidream, _SHORT, side=256),
    "Krea2Pipeline": Tiny(krea2, {}),
    "ErnieImagePipeline": Tiny(ernie, {"use_pe": False}),
    "Ideogram4Pipeline": Tiny(ideogram, {"max_sequence_length": 256, "guidance_scale": 3.0}),
    "LongCatImagePipeline": Tiny(lambda: _longcat("LongCatImagePipeline"), {"enable_prompt_rewrite": False}),
    "LongCatImageEditPipeline": Tiny(lambda: _longcat("LongCatImageEditPipeline"), {}),
    "OvisImagePipeline": Tiny(ovis, {}),
    "NucleusMoEImagePipeline": Tiny(nucleus, {}),
    "HunyuanImagePipeline": Tiny(hunyuan, {}),
    "CogView4Pipeline": Tiny(cogview4, _SHORT),
    "AuraFlowPipeline": Tiny(auraflow, _SHORT),
    "Kandinsky5T2IPipeline": Tiny(lambda: _kandinsky("Kandinsky5T2IPipeline", False), {}, side=1024),
    "Kandinsky5I2IPipeline": Tiny(lambda: _kandinsky("Kandinsky5I2IPipeline", True), {}),
    "DreamLitePipeline": Tiny(dreamlite, {}),
    "GlmImagePipeline": Tiny(glm, {"max_sequence_length": 32}),
    "AmusedPipeline": Tiny(amused, {}),
    "StableDiffusionUpscalePipeline": Tiny(stable.upscale4, {}),
    "StableDiffusionLatentUpscalePipeline": Tiny(stable.upscale2, {}),
}

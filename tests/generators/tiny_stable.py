"""Tiny Stable Diffusion of every kind, as in tiny_pipelines.py: 1.5 and its like, XL, 3, those that enlarge."""

from __future__ import annotations

from typing import Any

from tests.generators import tiny_parts as of


def sd(kind: str, scheduler: str = "PNDMScheduler", **unet: Any) -> Any:
    import diffusers

    encoder, tokenizer = of.clip()
    more = {"skip_prk_steps": True} if scheduler == "PNDMScheduler" else {}
    noise = getattr(diffusers, scheduler)(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", **more)
    return getattr(diffusers, kind)(
        vae=of.vae(), text_encoder=encoder, tokenizer=tokenizer, unet=of.unet(**unet), scheduler=noise,
        safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def gligen() -> Any:
    """The gates of what was not trained are shut; here they stand open."""
    pipe = sd("StableDiffusionGLIGENPipeline", attention_type="gated")
    for name, weight in pipe.unet.named_parameters():
        if name.endswith(("alpha_attn", "alpha_dense")):
            weight.data.fill_(1.0)
    return pipe


def upscale4() -> Any:
    """Latents are 4 times smaller than what comes out, so the small picture lies beside them; noise has a class."""
    from diffusers import DDIMScheduler, DDPMScheduler, StableDiffusionUpscalePipeline

    encoder, tokenizer = of.clip()
    return StableDiffusionUpscalePipeline(
        of.vae(levels=3), encoder, tokenizer, of.unet(in_channels=7, class_embed_type=None, num_class_embeds=1000),
        DDPMScheduler(), DDIMScheduler(prediction_type="v_prediction"), max_noise_level=350)


def upscale2() -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionLatentUpscalePipeline

    encoder, tokenizer = of.clip()
    unet = of.unet(in_channels=8, out_channels=5, time_cond_proj_dim=128 + 16, act_fn="gelu", norm_num_groups=None,
                   attention_head_dim=8, conv_in_kernel=1, conv_out_kernel=1, only_cross_attention=False,
                   down_block_types=("KDownBlock2D", *("KCrossAttnDownBlock2D",) * 3), mid_block_type=None,
                   up_block_types=(*("KCrossAttnUpBlock2D",) * 3, "KUpBlock2D"), block_out_channels=(32, 32, 64, 64),
                   resnet_time_scale_shift="scale_shift", time_embedding_type="fourier", timestep_post_act="gelu")
    return StableDiffusionLatentUpscalePipeline(of.vae(levels=4), encoder, tokenizer, unet,
                                                EulerDiscreteScheduler(prediction_type="sample"))


def sd3() -> Any:
    from diffusers import SD3Transformer2DModel, StableDiffusion3Pipeline

    (first, words_1), (second, words_2), (third, words_3) = of.clip(True), of.clip(True), of.t5(32)
    net = SD3Transformer2DModel(sample_size=32, patch_size=2, in_channels=16, out_channels=16, num_layers=1,
                                attention_head_dim=8, num_attention_heads=2, caption_projection_dim=16,
                                joint_attention_dim=32, pooled_projection_dim=32, pos_embed_max_size=32)
    return StableDiffusion3Pipeline(net, of.flow(), of.flux_vae(16), first, words_1, second, words_2, third, words_3)


def sdxl() -> Any:
    from diffusers import DPMSolverMultistepScheduler, StableDiffusionXLPipeline

    (first, words_1), (second, words_2) = of.clip(), of.clip(True)
    unet = of.unet(cross_attention_dim=32, attention_head_dim=(2, 4), addition_embed_type="text_time",
                 addition_time_embed_dim=8, projection_class_embeddings_input_dim=64, use_linear_projection=True,
                 transformer_layers_per_block=(1, 1))
    noise = DPMSolverMultistepScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    return StableDiffusionXLPipeline(of.vae(), first, second, words_1, words_2, unet, noise, add_watermarker=False)

"""The parts that tiny pipelines are made of: words, autoencoders, text encoders, nets that several share."""

from __future__ import annotations

from typing import Any

from tests.generators import tiny

SPECIAL = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>",
           "<|endoftext|>")


def words(letters: bool = True, longest: int = 512, around: str = "$A") -> Any:
    """A tokenizer of one token a letter (or a word) with the marks of Qwen's chat; `around` puts marks about a text."""
    from tokenizers.processors import TemplateProcessing

    made = tiny.tokenizer(letters=letters)
    made.backend_tokenizer.post_processor = TemplateProcessing(
        single=around, pair="$A $B", special_tokens=[("<s>", 2), ("</s>", 3)])
    made.add_special_tokens({"additional_special_tokens": list(SPECIAL)})
    made.model_max_length = longest
    made.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }} {% if m['content'] is string %}{{ m['content'] }}"
        "{% else %}{% for part in m['content'] %}{% if part['type'] == 'image' %}<|vision_start|><|image_pad|>"
        "<|vision_end|>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant {% endif %}")
    return made


def token_id(tokenizer: Any, token: str) -> int:
    return tokenizer.convert_tokens_to_ids(token)


def vae(channels: int = 4, levels: int = 2, **more: Any) -> Any:
    """An AutoencoderKL that makes pictures smaller by 2 ** (levels - 1)."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(block_out_channels=(8,) * levels, latent_channels=channels, norm_num_groups=4, sample_size=64,
                         layers_per_block=1, down_block_types=("DownEncoderBlock2D",) * levels,
                         up_block_types=("UpDecoderBlock2D",) * levels, **more)


def flux_vae(channels: int = 4, levels: int = 2) -> Any:
    return vae(channels, levels, use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.06,
               scaling_factor=8.0)  # what a source looks like shall be seen beside the noise


def flux2_vae() -> Any:
    from diffusers import AutoencoderKLFlux2

    return AutoencoderKLFlux2(block_out_channels=(8,) * 4, layers_per_block=1, latent_channels=4, norm_num_groups=4,
                              sample_size=64, mid_block_add_attention=False,
                              down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)


def qwen_vae() -> Any:
    from diffusers import AutoencoderKLQwenImage

    return AutoencoderKLQwenImage(base_dim=12, z_dim=4, dim_mult=[1, 2, 4, 4], num_res_blocks=1,
                                  temperal_downsample=[False, True, True], latents_mean=[0.0] * 4,
                                  latents_std=[0.1] * 4)


def flow(**more: Any) -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**more)


def clip(projection: bool = False, width: int = 16) -> Any:
    """CLIP's text model with as many words as `words()` has, and its tokenizer."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    made = words(letters=False, longest=77, around="<s> $A </s>")
    config = CLIPTextConfig(vocab_size=len(made), hidden_size=width, intermediate_size=32, num_hidden_layers=2,
                            num_attention_heads=2, max_position_embeddings=77, projection_dim=width, pad_token_id=0,
                            bos_token_id=2, eos_token_id=3)
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config), made


def t5(width: int = 16, kind: str = "T5") -> Any:
    """T5's encoder (or UMT5's) and its tokenizer."""
    import transformers

    made = words(letters=False, around="$A </s>")
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(made), d_model=width, d_kv=8, d_ff=32, num_layers=2, num_heads=2, pad_token_id=0,
        relative_attention_num_buckets=8, relative_attention_max_distance=32, is_encoder_decoder=False,
        use_cache=False, tie_word_embeddings=False)
    return getattr(transformers, f"{kind}EncoderModel")(config), made


def gemma(width: int = 16) -> Any:
    from transformers import Gemma2Config, Gemma2Model

    made = words(letters=False, around="<s> $A")
    return Gemma2Model(Gemma2Config(vocab_size=len(made), head_dim=8, hidden_size=width, intermediate_size=32,
                                    num_attention_heads=2, num_hidden_layers=2, num_key_value_heads=2,
                                    sliding_window=64, max_position_embeddings=512, pad_token_id=0, bos_token_id=2,
                                    eos_token_id=3)), made


def qwen3(kind: str, width: int = 16, layers: int = 2, letters: bool = False) -> Any:
    import transformers

    made = words(letters)
    config = transformers.Qwen3Config(vocab_size=len(made), hidden_size=width, intermediate_size=32,
                                      num_hidden_layers=layers, num_attention_heads=2, num_key_value_heads=2,
                                      head_dim=8, max_position_embeddings=1024)
    return getattr(transformers, kind)(config), made


def vision_tokens(made: Any) -> dict[str, int]:
    return {"image_token_id": token_id(made, "<|image_pad|>"), "video_token_id": token_id(made, "<|video_pad|>"),
            "vision_start_token_id": token_id(made, "<|vision_start|>"),
            "vision_end_token_id": token_id(made, "<|vision_end|>")}


def qwen25vl(width: int = 16) -> Any:
    """Qwen2.5-VL and its tokenizer, one token a letter: pipelines cut a fixed number of tokens off the front."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    made, half = words(longest=2048), width // 8
    text = {"hidden_size": width, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
            "num_key_value_heads": 2, "vocab_size": len(made), "max_position_embeddings": 4096,
            "rope_parameters": {"mrope_section": [half // 2, half // 2, half], "rope_type": "default",
                                "rope_theta": 1000000.0}}
    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": width,
              "fullatt_block_indexes": [0]}
    config = Qwen2_5_VLConfig(text_config=text, vision_config=vision, bos_token_id=2, eos_token_id=3,
                              **vision_tokens(made))
    return Qwen2_5_VLForConditionalGeneration(config), made


def qwen3vl(kind: str = "Qwen3VLForConditionalGeneration", layers: int = 2, width: int = 16) -> Any:
    import transformers

    made = words(longest=2048)
    text = {"hidden_size": width, "intermediate_size": 16, "num_hidden_layers": layers, "num_attention_heads": 2,
            "num_key_value_heads": 2, "head_dim": 8, "vocab_size": len(made), "max_position_embeddings": 4096,
            "rope_parameters": {"mrope_section": [1, 1, 2], "rope_type": "default", "rope_theta": 1000000.0,
                                "mrope_interleaved": True}}
    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": width,
              "deepstack_visual_indexes": [0], "num_position_embeddings": 16}
    config = transformers.Qwen3VLConfig(text_config=text, vision_config=vision, **vision_tokens(made))
    return getattr(transformers, kind)(config), made


def processor(kind: str, made: Any) -> Any:
    """Qwen's processor of pictures and words."""
    from transformers import Qwen2VLImageProcessorPil

    from generators.opening import without_torchvision

    small = {"shortest_edge": 56 * 56, "longest_edge": 112 * 112}
    patch = 16 if kind == "Qwen3VLProcessor" else 14
    eyes = Qwen2VLImageProcessorPil(size=small, patch_size=patch)
    return without_torchvision(kind)(eyes, made, chat_template=made.chat_template)


def unet(**more: Any) -> Any:
    from diffusers import UNet2DConditionModel

    settings = {"sample_size": 32, "block_out_channels": (8, 16), "layers_per_block": 1, "norm_num_groups": 4,
                "attention_head_dim": 4, "cross_attention_dim": 16,
                "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
                "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D")}
    return UNet2DConditionModel(**{**settings, **more})


def flux2_net(width: int, guided: bool = False) -> Any:
    from diffusers import Flux2Transformer2DModel

    return Flux2Transformer2DModel(in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
                                   num_attention_heads=2, joint_attention_dim=width, axes_dims_rope=(4, 4, 4, 4),
                                   guidance_embeds=guided)


def pixtral(made: Any) -> Any:
    from importlib.util import find_spec

    if find_spec("torchvision") is None:
        return made
    from transformers import PixtralImageProcessorPil, PixtralProcessor

    return PixtralProcessor(PixtralImageProcessorPil(), made, chat_template=made.chat_template)


def qwen_net() -> Any:
    from diffusers import QwenImageTransformer2DModel

    return QwenImageTransformer2DModel(patch_size=2, in_channels=16, out_channels=4, num_layers=1,
                                       attention_head_dim=16, num_attention_heads=2, joint_attention_dim=16,
                                       guidance_embeds=False, axes_dims_rope=(8, 4, 4))


def dc() -> Any:
    from diffusers import AutoencoderDC

    blocks = ("ResBlock", "EfficientViTBlock")
    return AutoencoderDC(latent_channels=4, attention_head_dim=2, encoder_block_types=blocks,
                         decoder_block_types=blocks, encoder_block_out_channels=(8, 8),
                         decoder_block_out_channels=(8, 8), encoder_qkv_multiscales=((), (5,)),
                         decoder_qkv_multiscales=((), (5,)), encoder_layers_per_block=(1, 1),
                         decoder_layers_per_block=(1, 1), downsample_block_type="conv",
                         upsample_block_type="interpolate", decoder_norm_types="rms_norm", decoder_act_fns="silu",
                         scaling_factor=0.41)

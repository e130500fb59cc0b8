"""Real pipeline classes with random weights of a few hundred kB, saved as ordinary checkpoints. Imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WORDS = ["<pad>", "<unk>", "<s>", "</s>", "a", "red", "blue", "green", "circle", "square", "dog", "cat", "make", "it",
         "left", "of", "the", "two"]


def tokenizer(chat: bool = True, letters: bool = False) -> Any:
    """Knows a dozen words and takes everything else for <unk>: one token a word, or one a letter."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    plain = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    plain.pre_tokenizer = (pre_tokenizers.Split(Regex("."), "isolated") if letters
                           else pre_tokenizers.WhitespaceSplit())
    made = PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
                                   eos_token="</s>", padding_side="right", model_max_length=77)
    if chat:
        made.model_max_length = 2048
        made.chat_template = "{% for m in messages %}{{ m['content'] }} {% endfor %}"
    return made


def klein(folder: Path) -> Path:
    """A tiny Flux2KleinPipeline, 64 px."""
    import torch
    from diffusers import (
        AutoencoderKLFlux2,
        FlowMatchEulerDiscreteScheduler,
        Flux2KleinPipeline,
        Flux2Transformer2DModel,
    )
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(1)
    text = Qwen3ForCausalLM(Qwen3Config(vocab_size=len(WORDS), hidden_size=32, intermediate_size=64,
                                        num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, head_dim=16,
                                        max_position_embeddings=64, tie_word_embeddings=True))
    vae = AutoencoderKLFlux2(block_out_channels=(16, 16, 16, 16), layers_per_block=1, latent_channels=4,
                             norm_num_groups=4, sample_size=64, mid_block_add_attention=False,
                             down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)
    net = Flux2Transformer2DModel(in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
                                  num_attention_heads=2, joint_attention_dim=64, axes_dims_rope=(4, 4, 4, 4),
                                  guidance_embeds=False)
    pipe = Flux2KleinPipeline(scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, text_encoder=text,
                              tokenizer=tokenizer(), transformer=net, is_distilled=False)
    pipe.save_pretrained(folder)
    return folder


def sdxl(folder: Path) -> Path:
    """A tiny StableDiffusionXLPipeline, 64 px."""
    import torch
    from diffusers import AutoencoderKL, EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(1)
    config = CLIPTextConfig(vocab_size=len(WORDS), hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                            num_attention_heads=2, max_position_embeddings=77, projection_dim=16, pad_token_id=0,
                            bos_token_id=2, eos_token_id=3)
    vae = AutoencoderKL(block_out_channels=(8, 16), latent_channels=4, norm_num_groups=4, sample_size=64,
                        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2)
    unet = UNet2DConditionModel(
        sample_size=32, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, attention_head_dim=(2, 4),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32, addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=64, use_linear_projection=True,
        transformer_layers_per_block=(1, 1))
    words = tokenizer(chat=False)
    pipe = StableDiffusionXLPipeline(
        vae=vae, text_encoder=CLIPTextModel(config), text_encoder_2=CLIPTextModelWithProjection(config),
        tokenizer=words, tokenizer_2=words, unet=unet,
        scheduler=EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
        add_watermarker=False)
    pipe.save_pretrained(folder)
    return folder


def qwen_image(folder: Path) -> Path:
    """A tiny QwenImagePipeline, 64 px."""
    import torch
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImagePipeline,
        QwenImageTransformer2DModel,
    )
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(1)
    vae = AutoencoderKLQwenImage(base_dim=12, z_dim=4, dim_mult=[1, 2, 4, 4], num_res_blocks=1,
                                 temperal_downsample=[False, True, True], latents_mean=[0.0] * 4,
                                 latents_std=[1.0] * 4)
    net = QwenImageTransformer2DModel(patch_size=2, in_channels=16, out_channels=4, num_layers=1,
                                      attention_head_dim=16, num_attention_heads=2, joint_attention_dim=16,
                                      guidance_embeds=False, axes_dims_rope=(8, 4, 4))
    config = Qwen2_5_VLConfig(
        text_config={"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                     "num_key_value_heads": 2, "vocab_size": len(WORDS), "max_position_embeddings": 256,
                     "rope_parameters": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default",
                                         "rope_theta": 1000000.0}},
        vision_config={"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16},
        bos_token_id=2, eos_token_id=3)
    pipe = QwenImagePipeline(scheduler=FlowMatchEulerDiscreteScheduler(), vae=vae, tokenizer=tokenizer(letters=True),
                             text_encoder=Qwen2_5_VLForConditionalGeneration(config), transformer=net)
    pipe.save_pretrained(folder)
    return folder


def picture_tokens(folder: Path) -> Path:
    """A tiny VQModel: 64 px, 4 x 4 codes out of 32."""
    import torch
    from diffusers import VQModel

    torch.manual_seed(1)
    model = VQModel(block_out_channels=(8,) * 5, down_block_types=("DownEncoderBlock2D",) * 5,
                    up_block_types=("UpDecoderBlock2D",) * 5, layers_per_block=1, latent_channels=4, norm_num_groups=4,
                    num_vq_embeddings=32, vq_embed_dim=4, sample_size=64, lookup_from_codebook=True,
                    mid_block_add_attention=False)
    torch.nn.init.normal_(model.quantize.embedding.weight)
    model.save_pretrained(folder)
    return folder


def autoregressive(folder: Path) -> Path:
    """A tiny LlamaForCausalLM over the words and the codes of `picture_tokens`, 64 px."""
    import json

    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from generators.autoregressive import Vocabulary

    picture_tokens(folder / "tokens")
    torch.manual_seed(1)
    ids = Vocabulary.after(len(WORDS), 4, 32)
    config = LlamaConfig(vocab_size=ids.size, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                         num_attention_heads=2, max_position_embeddings=128, initializer_range=0.3,
                         tie_word_embeddings=True, bos_token_id=None, eos_token_id=None, picture=vars(ids))
    LlamaForCausalLM(config).save_pretrained(folder / "transformer")
    tokenizer(chat=False).save_pretrained(folder / "transformer")
    parts = {"tokens": ["diffusers", "VQModel"], "transformer": ["transformers", "LlamaForCausalLM"]}
    index = {"_class_name": "Autoregressive", "_sizes": [[64, 64]], **parts}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def chat(folder: Path) -> Path:
    """A tiny Qwen3ForCausalLM with a chat template."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(1)
    model = Qwen3ForCausalLM(Qwen3Config(vocab_size=len(WORDS), hidden_size=32, intermediate_size=64,
                                         num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
                                         head_dim=16, max_position_embeddings=512, eos_token_id=3))
    model.save_pretrained(folder)
    made = tokenizer()
    made.chat_template = (
        "{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}"
        "{% for m in messages %}{{ m.role }} {{ m.content }} {% for c in m.tool_calls or [] %}"
        "{{ c.function.arguments.what }} {% endfor %}{% endfor %}")
    made.save_pretrained(folder)
    return folder


def unified(folder: Path, masked: bool = False) -> Path:
    """A tiny LlamaForCausalLM over words, tasks and the codes of `picture_tokens`, 64 px."""
    import json

    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from generators.unified import Vocabulary

    picture_tokens(folder / "tokens")
    torch.manual_seed(1)
    ids = Vocabulary.after(len(WORDS), 4, 32, masked)
    config = LlamaConfig(vocab_size=ids.size, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                         num_attention_heads=2, max_position_embeddings=160, initializer_range=0.3,
                         tie_word_embeddings=True, bos_token_id=None, eos_token_id=3, picture=vars(ids))
    LlamaForCausalLM(config).save_pretrained(folder / "transformer")
    tokenizer(chat=False).save_pretrained(folder / "transformer")
    parts = {"tokens": ["diffusers", "VQModel"], "transformer": ["transformers", "LlamaForCausalLM"]}
    index = {"_class_name": "Unified", "_sizes": [[64, 64]], **parts}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def unified_masked(folder: Path) -> Path:
    """The same, of the kind that fills in pictures."""
    return unified(folder, masked=True)


def hybrid(folder: Path) -> Path:
    """`autoregressive` for the draft and a tiny Stable Diffusion that refines it, both inside the folder."""
    import json

    from tests.generators import tiny_pipelines

    autoregressive(folder / "draft")
    tiny_pipelines.save("StableDiffusionPipeline", folder / "refiner")
    index = {"_class_name": "Hybrid", "_draft": "draft", "_refiner": "refiner", "_strength": 0.5}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def janus(folder: Path) -> Path:
    """A tiny JanusForConditionalGeneration with its processor, 64 px of 4 x 4 codes."""
    import torch
    from transformers import (
        JanusConfig,
        JanusForConditionalGeneration,
        JanusProcessor,
        JanusVisionConfig,
        JanusVQVAEConfig,
        LlamaConfig,
    )
    from transformers.models.janus.image_processing_pil_janus import JanusImageProcessorPil

    words = tokenizer()
    marks = {"image_token": "<image_placeholder>", "boi_token": "<begin_of_image>", "eoi_token": "<end_of_image>"}
    words.add_special_tokens({"additional_special_tokens": list(marks.values())})
    words = type(words)(tokenizer_object=words.backend_tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
                        eos_token="</s>", extra_special_tokens=marks)
    words.chat_template = (
        "{% for m in messages %}{% for part in m['content'] %}{% if part['type'] == 'image' %}<image_placeholder> "
        "{% else %}{{ part['text'] }} {% endif %}{% endfor %}{% endfor %}")
    ids = {name: words.convert_tokens_to_ids(mark) for name, mark in marks.items()}
    torch.manual_seed(1)
    vision = JanusVisionConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=64, patch_size=16,
                               projection_dim=32, depth=2, num_image_tokens=16, mlp_ratio=2.0)
    codes = JanusVQVAEConfig(embed_dim=4, num_embeddings=64, latent_channels=8, base_channels=32, num_res_blocks=1,
                             channel_multiplier=(1,) * 5, num_patches=4, projection_dim=32,
                             image_token_embed_dim=32)
    text = LlamaConfig(vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                       num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=128)
    net = JanusForConditionalGeneration(JanusConfig(text_config=text, vision_config=vision, vq_config=codes,
                                                    image_token_id=ids["image_token"]))
    net.generation_config.update(pad_token_id=words.pad_token_id, bos_token_id=words.bos_token_id,
                                 eos_token_id=words.eos_token_id)
    net.generation_config.generation_kwargs = {"boi_token_id": ids["boi_token"]}
    net.generation_config._from_model_config = False  # as published; else what is not the library's own is dropped
    net.save_pretrained(folder)
    eyes = JanusImageProcessorPil(size={"height": 64, "width": 64}, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    JanusProcessor(eyes, words, chat_template=words.chat_template, num_image_tokens=16).save_pretrained(folder)
    return folder


def emu3(folder: Path) -> Path:
    """A tiny Emu3ForConditionalGeneration with its processor: a code for 8 x 8 px, of 64."""
    import torch
    from transformers import (
        Emu3Config,
        Emu3ForConditionalGeneration,
        Emu3ImageProcessor,
        Emu3Processor,
        Emu3TextConfig,
        Emu3VQVAEConfig,
    )

    words = tokenizer()
    marks = {"image_token": "<image>", "boi_token": "<|image start|>", "eoi_token": "<|image end|>",
             "image_wrapper_token": "<|image token|>", "eof_token": "<|extra_201|>"}
    codes = [f"<|visual token {number:06d}|>" for number in range(64)]
    words.add_special_tokens({"additional_special_tokens": [*marks.values(), "<|extra_200|>", *codes]})
    words = type(words)(tokenizer_object=words.backend_tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>",
                        eos_token="</s>", extra_special_tokens=marks)
    template = (
        "{% for m in messages %}{% for part in m['content'] %}{% if part['type'] == 'image' %}<image> "
        "{% else %}{{ part['text'] }} {% endif %}{% endfor %}{% endfor %}")
    torch.manual_seed(1)
    text = Emu3TextConfig(vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=1,
                          num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=512,
                          initializer_range=0.4, pad_token_id=0, bos_token_id=2, eos_token_id=3)
    looks = Emu3VQVAEConfig(codebook_size=64, base_channels=32, channel_multiplier=(1,) * 4, num_res_blocks=1,
                            hidden_size=32)
    net = Emu3ForConditionalGeneration(Emu3Config(text_config=text, vq_config=looks, vocabulary_map=words.get_vocab()))
    net.save_pretrained(folder)
    eyes = Emu3ImageProcessor(min_pixels=32 * 32, max_pixels=64 * 64)
    Emu3Processor(eyes, words, chat_template=template).save_pretrained(folder)
    return folder

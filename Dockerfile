# The ML backend. Build: docker build -t weft .
# On a GPU host: --build-arg TORCH_INDEX=https://pypi.org/simple (the ordinary index has CUDA builds).
FROM python:3.11-slim

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# torch first: it is large, and changes less often than the code.
RUN pip install --index-url "$TORCH_INDEX" "torch>=2.14,<3" "torchvision>=0.29,<1"

COPY pyproject.toml README.md ./
COPY ontology ontology
COPY tagger tagger
COPY backend backend
RUN pip install --editable ".[postgres]" \
    && useradd --create-home --uid 10001 weft \
    && install --directory --owner weft /data

USER weft
ENV WEFT_HOST=0.0.0.0 \
    WEFT_PORT=9090 \
    WEFT_DATA_DIR=/data \
    WEFT_LOG_JSON=true
VOLUME /data
EXPOSE 9090

HEALTHCHECK --interval=10s --timeout=2s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9090/health', timeout=2)"]

CMD ["weft", "serve"]

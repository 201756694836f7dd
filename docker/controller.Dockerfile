# The controller: no torch, no root.
FROM python:3.11-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md ./
COPY controller controller
COPY migrations migrations
COPY shared shared
COPY worker worker
RUN pip install --no-cache-dir -c constraints.txt '.[controller]' \
    && useradd --system --no-create-home crossfade
USER crossfade
WORKDIR /tmp
ENTRYPOINT ["crossfade", "serve"]

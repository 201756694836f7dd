#!/bin/sh
# Write .env, which docker-compose.yml reads: a new random secret for every role. Run it once, from any folder.
set -eu
umask 077
cd "$(dirname "$0")/.."

secret() { od -An -N 32 -t x1 /dev/urandom | tr -d ' \n'; }

if [ -e .env ]; then
    echo ".env is there already; to start afresh remove it, and the volumes with: docker compose down --volumes" >&2
    exit 2
fi
for name in ADMIN_TOKEN POSTGRES_PASSWORD REDIS_CONTROLLER_PASSWORD REDIS_WORKER_PASSWORD GRAFANA_PASSWORD; do
    echo "CROSSFADE_$name=$(secret)"
done > .env
echo "wrote .env, which only you can read; go on with: docker compose up --build"

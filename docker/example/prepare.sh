#!/bin/sh
# Make the example's corpus, register its run, and make the token that the evaluator posts scores with.
# What is there already stays: `docker compose up` runs this every time.
set -eu
umask 077
here=$(dirname "$0")

cp "$here/corpus.yaml" corpus.yaml
sed "s/WORKER_PASSWORD/$CROSSFADE_REDIS_WORKER_PASSWORD/" "$here/run.yaml" > run.yaml
crossfade data prepare corpus.yaml
crossfade register run.yaml --evaluator-token evaluator_token

#!/bin/sh
# Start Redis with the users of users.acl. The hashes of their passwords are put in here, so no file holds a password.
set -eu
users=${TMPDIR:-/tmp}/users.acl

hash() { printf '%s' "$1" | sha256sum | cut -d ' ' -f 1; }

sed -e "s/#CONTROLLER_PASSWORD/#$(hash "$CROSSFADE_REDIS_CONTROLLER_PASSWORD")/" \
    -e "s/#WORKER_PASSWORD/#$(hash "$CROSSFADE_REDIS_WORKER_PASSWORD")/" \
    "$(dirname "$0")/users.acl" > "$users"
exec redis-server --aclfile "$users" --appendonly yes "$@"

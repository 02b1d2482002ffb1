#!/usr/bin/env bash
# Brings, watches and cancels loads with curl and jq.
#
#   loads.sh load crm/orders orders-2026-01-31 s3://exports/2026-01-31/orders/
#   loads.sh watch LOAD
#   loads.sh cancel LOAD
#
# The second word after "load" is the idempotency key. It names the batch, not the attempt: a job
# that runs twice brings one load. Exit codes: 0 complete, 1 failed or cancelled, 2 refused.
set -euo pipefail

url=${HEADGATE_API_URL:-http://127.0.0.1:8080}

# The key comes by a file descriptor, because every user of the machine can read a command line.
call() {
  local path=$1
  shift
  curl --silent --show-error --fail-with-body --max-time 30 \
    --retry 5 --retry-connrefused --header @<(printf 'authorization: Bearer %s' "$HEADGATE_API_KEY") \
    "$url$path" "$@"
}

# An error is problem+json: branch on its code, never on its text.
refused() {
  jq -r '"refused: \(.code): \(.detail)"' <<<"$1" >&2
  exit 2
}

enqueue() {
  local target=$1 key=$2 uri=$3 kind=uri answer
  [[ $uri == */ ]] && kind=prefix
  answer=$(jq -n --arg source "${target%%/*}" --arg object "${target#*/}" --arg kind "$kind" --arg uri "$uri" \
    '{sourceName: $source, object: $object, operation: "upsert", source: {($kind): $uri}}' |
    call /v1/loads --json @- --header "idempotency-key: $key") || refused "$answer"
  jq -r .id <<<"$answer"
}

# Asks every few seconds until the load has ended.
follow() {
  local answer state
  while true; do
    answer=$(call "/v1/loads/$1") || refused "$answer"
    state=$(jq -r .state <<<"$answer")
    case $state in complete | failed | cancelled) break ;; esac
    sleep 2
  done
  report "$answer" complete
}

# Prints the load's events up to its end, from the beginning of the feed (server-sent events).
watch() {
  local line events
  exec {events}< <(exec curl --silent --no-buffer --header 'last-event-id: 0-0' \
    --header @<(printf 'authorization: Bearer %s' "$HEADGATE_API_KEY") "$url/v1/events?load=$1")
  while read -r -u "$events" line; do
    [[ $line == 'event: '* ]] || continue
    echo "${line#event: }"
    [[ $line != 'event: load.ended' ]] || break
  done
  # Else curl would only notice at the next event that nobody reads any more.
  kill $! 2>/dev/null || true
}

report() {
  jq -r '[.state, .id, .reason.code // empty, .reason.message // empty] | join(" ")' <<<"$1"
  [[ $(jq -r .state <<<"$1") == "$2" ]]
}

case ${1:-} in
  load)
    load=$(enqueue "$2" "$3" "$4")
    echo "accepted $load"
    follow "$load"
    ;;
  watch)
    watch "$2"
    follow "$2"
    ;;
  cancel)
    answer=$(call "/v1/loads/$2/cancel" --request POST) || refused "$answer"
    report "$answer" cancelled
    ;;
  *)
    grep '^#  ' "$0" >&2
    exit 2
    ;;
esac

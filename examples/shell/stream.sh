#!/usr/bin/env bash
# Brings, watches and cancels loads with redis-cli and jq, for systems that reach Redis and not the API.
#
#   stream.sh load crm/orders orders-2026-01-31 s3://exports/2026-01-31/orders/
#   stream.sh watch LOAD
#   stream.sh cancel LOAD
#
# The second word after "load" is the idempotency key. It names the batch, not the attempt: an entry
# that is added twice is one load. The password comes from REDISCLI_AUTH.
# Exit codes: 0 complete, 1 failed or cancelled, 2 refused, 3 no answer.
set -euo pipefail

prefix=${HEADGATE_PREFIX:-headgate}

redis() {
  redis-cli -u "${HEADGATE_REDIS_URL:-redis://127.0.0.1:6379}" --json "$@"
}

# Adds an entry of these fields and prints its answer, which carries the entry's id and comes later.
ask() {
  local entry answer
  entry=$(redis XADD "$prefix:requests" '*' "$@" | jq -r .)
  for _ in {1..60}; do
    for stream in accepted refused; do
      answer=$(redis XRANGE "$prefix:$stream" "$entry" + |
        jq -c --arg entry "$entry" 'map(.[1] | [_nwise(2) | {(.[0]): .[1]}] | add) | map(select(.entry == $entry))[0] // empty')
      [[ -z $answer ]] || break 2
    done
    sleep 0.5
  done
  if [[ -z $answer ]]; then
    echo "no worker has answered entry $entry" >&2
    exit 3
  elif [[ $stream == refused ]]; then
    jq -r '"refused: \(.code): \(.message)"' <<<"$answer" >&2
    exit 2
  fi
  echo "$answer"
}

# Reads the feed of events from an id on until the load has ended.
follow() {
  local load=$1 after=$2 page event
  while true; do
    page=$(redis XREAD COUNT 1000 BLOCK 5000 STREAMS "$prefix:events" "$after")
    [[ $page != null ]] || continue
    after=$(jq -r '.[][-1][0]' <<<"$page")
    while read -r event; do
      jq -r .type <<<"$event"
      if [[ $(jq -r .type <<<"$event") == load.ended ]]; then
        jq -r '[.state, .loadId, .code // empty, .message // empty] | join(" ")' <<<"$event"
        [[ $(jq -r .state <<<"$event") == complete ]]
        return
      fi
    done < <(jq -c --arg load "$load" '.[][][1] | [_nwise(2) | {(.[0]): .[1]}] | add | .event | fromjson | select(.loadId == $load)' <<<"$page")
  done
}

case ${1:-} in
  load)
    kind=uri
    [[ $4 == */ ]] && kind=prefix
    request=$(jq -cn --arg source "${2%%/*}" --arg object "${2#*/}" --arg kind "$kind" --arg uri "$4" \
      '{sourceName: $source, object: $object, operation: "upsert", source: {($kind): $uri}}')
    answer=$(ask request "$request" key "$3")
    load=$(jq -r .load <<<"$answer")
    echo "accepted $load"
    # A request that was answered before may have ended long ago: read from the first event.
    follow "$load" 0
    ;;
  watch) follow "$2" 0 ;;
  cancel)
    answer=$(ask cancel "$2")
    jq -r '"\(.state) \(.load)"' <<<"$answer"
    ;;
  *)
    grep '^#  ' "$0" >&2
    exit 2
    ;;
esac

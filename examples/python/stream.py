#!/usr/bin/env python3
"""Bring, watch and cancel loads by Redis alone, for systems that reach Redis and not the API. Needs `redis`.

  stream.py load --to crm/orders --key orders-2026-01-31 s3://exports/2026-01-31/orders/
  stream.py watch LOAD
  stream.py cancel LOAD

The key names the batch, not the attempt: an entry that is added twice is one load.
Exit codes: 0 complete, 1 failed or cancelled, 2 refused, 3 no answer.
"""

import argparse
import json
import os
import sys
import time

import redis

PREFIX = os.environ.get("HEADGATE_PREFIX", "headgate")


class Refused(Exception):
    """The request was refused. Branch on `code`, never on the text."""

    def __init__(self, answer):
        super().__init__(f"{answer['code']}: {answer['message']}")
        self.code = answer["code"]


def ask(client, fields, seconds=30):
    """Adds a request and waits for its answer, which carries the entry's id and comes after it."""
    entry = client.xadd(f"{PREFIX}:requests", fields)
    after = {f"{PREFIX}:accepted": entry, f"{PREFIX}:refused": entry}
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for stream, answers in client.xread(after, block=1000):
            for after[stream], answer in answers:
                if answer["entry"] != entry:
                    continue
                if stream.endswith(":refused"):
                    raise Refused(answer)
                return answer
    raise TimeoutError(f"no worker has answered entry {entry}")


def follow(client, load_id):
    """Yields the load's events, from the first that the feed still has to the load's end."""
    after = "0"
    while True:
        for _, entries in client.xread({f"{PREFIX}:events": after}, count=1000, block=5000):
            for after, entry in entries:
                event = json.loads(entry["event"])
                if event.get("loadId") != load_id:
                    continue
                yield event
                if event["type"] == "load.ended":
                    return


def load(client, args):
    source_name, _, object_name = args.to.partition("/")
    request = {
        "sourceName": source_name,
        "object": object_name,
        "operation": args.operation,
        "source": {"prefix" if args.uri.endswith("/") else "uri": args.uri},
    }
    answer = ask(client, {"request": json.dumps(request), "key": args.key})
    print(f"accepted {answer['load']}", flush=True)
    args.load = answer["load"]
    return watch(client, args)


def watch(client, args):
    for event in follow(client, args.load):
        print(event["type"], flush=True)
    print(event["state"], args.load, event.get("message", ""))
    return 0 if event["state"] == "complete" else 1


def cancel(client, args):
    answer = ask(client, {"cancel": args.load})
    print(answer["state"], answer["load"])
    return 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("load")
    command.add_argument("uri")
    command.add_argument("--to", required=True, metavar="SOURCE/OBJECT")
    command.add_argument("--key", required=True, help="idempotency key")
    command.add_argument("--operation", choices=["upsert", "delete"], default="upsert")
    command.set_defaults(run=load)
    for name, run in (("watch", watch), ("cancel", cancel)):
        command = commands.add_parser(name)
        command.add_argument("load")
        command.set_defaults(run=run)
    args = parser.parse_args()

    url = os.environ.get("HEADGATE_REDIS_URL", "redis://127.0.0.1:6379")
    client = redis.Redis.from_url(url, decode_responses=True)
    try:
        return args.run(client, args)
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 2
    except TimeoutError as late:
        print(late, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Bring, watch and cancel loads.

  loads.py load --to crm/orders --key orders-2026-01-31 s3://exports/2026-01-31/orders/
  loads.py watch LOAD
  loads.py cancel LOAD

The key names the batch, not the attempt: a job that runs twice brings one load.
Exit codes: 0 complete, 1 failed or cancelled, 2 refused.
"""

import argparse
import os
import sys

from headgate import ENDED, Headgate, Problem


def load(headgate, args):
    source_name, _, object_name = args.to.partition("/")
    source = {"prefix": args.uri} if args.uri.endswith("/") else {"uri": args.uri}
    accepted = headgate.enqueue(
        {
            "sourceName": source_name,
            "object": object_name,
            "operation": args.operation,
            "source": source,
        },
        idempotency_key=args.key,
    )
    print(f"accepted {accepted['id']}", flush=True)
    if args.detach:
        return 0
    return report(headgate.wait(accepted["id"], every=args.every))


def watch(headgate, args):
    """Follows by events; asks once at first, for the load may have ended before."""
    current = headgate.get(args.load)
    if current["state"] in ENDED:
        return report(current)
    # From the beginning of the feed, so that nothing between the two calls is missed.
    for _, event_type, data in headgate.events(last_event_id="0-0", load=args.load):
        print(event_type, data, flush=True)
        if event_type == "load.ended":
            return report(headgate.get(args.load))


def cancel(headgate, args):
    return report(headgate.cancel(args.load), wanted="cancelled")


def report(ended, wanted="complete"):
    reason = ended.get("reason")
    print(f"{ended['state']} {ended['id']}" + (f" {reason['code']}: {reason['message']}" if reason else ""))
    return 0 if ended["state"] == wanted else 1


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
    command.add_argument("--every", type=float, default=5.0, help="seconds between two questions")
    command.add_argument("--detach", action="store_true", help="do not wait for the end")
    command.set_defaults(run=load)
    for name, run in (("watch", watch), ("cancel", cancel)):
        command = commands.add_parser(name)
        command.add_argument("load")
        command.set_defaults(run=run)

    args = parser.parse_args()
    headgate = Headgate(
        os.environ.get("HEADGATE_API_URL", "http://127.0.0.1:8080"), os.environ["HEADGATE_API_KEY"]
    )
    try:
        return args.run(headgate, args)
    except Problem as problem:
        print(f"refused: {problem}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

"""A small client of headgate's HTTP API, to copy into your project. Needs `requests`."""

import json
import time

import requests

ENDED = {"complete", "failed", "cancelled"}
# Answers after which the same request may be sent again.
PASSING = {429, 502, 503, 504}


class Problem(Exception):
    """An error that headgate answered. Branch on `code`, never on the text."""

    def __init__(self, status, body):
        super().__init__(f"{body.get('code', status)}: {body.get('detail', 'no detail')}")
        self.status = status
        self.code = body.get("code")
        self.fields = body.get("fields", {})


class Headgate:
    def __init__(self, url, api_key, tries=5):
        self.url = url.rstrip("/")
        self.tries = tries
        self.session = requests.Session()
        self.session.headers["authorization"] = f"Bearer {api_key}"

    def enqueue(self, request, idempotency_key):
        """Brings a load. Called again with the same key it answers the same load."""
        headers = {"idempotency-key": idempotency_key}
        return self._call("POST", "/v1/loads", json=request, headers=headers)

    def get(self, load_id):
        return self._call("GET", f"/v1/loads/{load_id}")

    def cancel(self, load_id):
        """Raises Problem with code load_state where it is too late."""
        return self._call("POST", f"/v1/loads/{load_id}/cancel")

    def wait(self, load_id, every=5.0, timeout=86_400.0):
        """Asks until the load has ended, and answers it as it ended."""
        deadline = time.monotonic() + timeout
        while True:
            load = self.get(load_id)
            if load["state"] in ENDED:
                return load
            if time.monotonic() + every > deadline:
                raise TimeoutError(f"load {load_id} is still {load['state']}")
            time.sleep(every)

    def events(self, last_event_id=None, **filters):
        """Yields (id, type, data) for ever, and goes on after a lost connection where it was."""
        while True:
            headers = {"accept": "text/event-stream"}
            if last_event_id is not None:
                headers["last-event-id"] = last_event_id
            try:
                with self.session.get(
                    f"{self.url}/v1/events", params=filters, headers=headers, stream=True, timeout=60
                ) as answer:
                    self._check(answer)
                    answer.encoding = "utf-8"
                    for event in _parse(answer.iter_lines(decode_unicode=True)):
                        last_event_id = event[0]
                        yield event
            except requests.RequestException:
                time.sleep(1)

    def _call(self, method, path, **options):
        for attempt in range(1, self.tries + 1):
            wait = min(0.2 * 2**attempt, 5.0)
            try:
                answer = self.session.request(method, self.url + path, timeout=30, **options)
            except requests.ConnectionError:
                if attempt == self.tries:
                    raise
            else:
                if answer.status_code not in PASSING or attempt == self.tries:
                    self._check(answer)
                    return answer.json()
                wait = float(answer.headers.get("retry-after", wait))
            time.sleep(wait)

    @staticmethod
    def _check(answer):
        if answer.ok:
            return
        try:
            body = answer.json()
        except ValueError:
            body = {}
        raise Problem(answer.status_code, body)


def _parse(lines):
    """Server-sent events: fields up to an empty line; a line that begins with a colon is a comment."""
    event_id, event_type, data = None, "message", []
    for line in lines:
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if line == "":
            if data:
                yield event_id, event_type, json.loads("\n".join(data))
            event_type, data = "message", []
        elif field == "id":
            event_id = value
        elif field == "event":
            event_type = value
        elif field == "data":
            data.append(value)

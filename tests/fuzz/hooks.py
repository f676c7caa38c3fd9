"""Prepares a fresh installation for generated requests, and signs them.

Run by `./dev fuzz`. Makes the first organisation, its admin and a phone, logs in anew before the
token ends, and gives pings the phone's token. Reads NEARHAND_FUZZ_URL and NEARHAND_FUZZ_BOOTSTRAP.
"""

import json
import os
import time
import urllib.error
import urllib.request
import uuid

import schemathesis

URL = os.environ["NEARHAND_FUZZ_URL"]
LOGIN = "ada@harbour.example"
PASSWORD = "seven tall lighthouses"
# What phones call.
PHONES = r"^/(v1/pings|ingest/)"


def call(method, path, body, token=None):
    """One request; its answer as JSON."""
    headers = {"content-type": "application/json", "if-match": "*"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(
        URL + path,
        method=method,
        headers=headers,
        data=None if body is None else json.dumps(body).encode(),
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def set_up():
    """The first organisation with its admin, and a phone of theirs; the phone's token."""
    done = call(
        "POST",
        "/v1/setup",
        {
            "bootstrap_token": os.environ["NEARHAND_FUZZ_BOOTSTRAP"],
            "organization": {"name": "Harbour Investigations", "time_zone": "Europe/Lisbon"},
            "admin": {
                "first_name": "Ada",
                "last_name": "Lovelace",
                "email": LOGIN,
                "password": PASSWORD,
            },
        },
    )
    token, admin = done["session"]["access_token"], done["staff_id"]
    call("PUT", f"/v1/staff/{admin}/tracking", {"legal_basis": "written consent"}, token)
    return call("POST", f"/v1/staff/{admin}/devices", {"name": "phone"}, token)["token"]


def is_accepted(token):
    """Whether requests with this token are still answered."""
    try:
        call("GET", "/v1/me", None, token)
        return True
    except urllib.error.HTTPError as refusal:
        if refusal.code != 401:
            raise
        return False


def log_in():
    """A new access token. Generated logins wear out the limit of tries, so this waits its turn."""
    while True:
        try:
            return call("POST", "/v1/sessions", {"login": LOGIN, "password": PASSWORD})["access_token"]
        except urllib.error.HTTPError as refusal:
            if refusal.code != 429:
                raise
            time.sleep(float(refusal.headers["retry-after"]))


PHONE = set_up()
ADMIN = log_in()


@schemathesis.hook
def map_headers(context, headers):
    """A key for every request: a repeated one would get an old answer, about what is gone since."""
    if headers and "idempotency-key" in headers:
        headers["idempotency-key"] = str(uuid.uuid4())
    return headers


@schemathesis.auth(refresh_interval=300).apply_to(path_regex=PHONES)
class PhoneAuth:
    """Pings come from a phone."""

    def get(self, case, context):
        return PHONE

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.auth(refresh_interval=300).skip_for(path_regex=PHONES)
class AdminAuth:
    """Everything else comes from the admin."""

    def get(self, case, context):
        global ADMIN
        # Schemathesis asks again after each 401, also after one that a generated wrong login got.
        if not is_accepted(ADMIN):
            ADMIN = log_in()
        return ADMIN

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"

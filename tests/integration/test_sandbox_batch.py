"""$batch: many requests in one body, in the form SAP's guide gives."""

from __future__ import annotations

import re

import pytest

from tests.integration.test_sandbox_actions import some_open

HTTP = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"


def get(target):
    return f"{HTTP}\r\nGET {target}\r\n\r\n"


def post(target, number=1):
    return f"{HTTP}Content-ID: {number}\r\n\r\nPOST {target} HTTP/1.1\r\n\r\n{{}}"


def body_of(boundary, parts):
    return "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"


def change_set(*parts):
    return f"Content-Type: multipart/mixed; boundary=set_1\r\n\r\n{body_of('set_1', parts)}"


def send(client, *parts, body=None, **headers):
    body = body_of("batch_1", parts) if body is None else body
    headers = {"Content-Type": "multipart/mixed; boundary=batch_1", **headers}
    return client.call("POST", f"/b1s/v{client.version}/$batch", body, **headers)


def statuses(answer):
    return [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d+) ", answer.body, re.MULTILINE)]


def boundary_of(answer):
    return re.fullmatch("multipart/mixed;boundary=(.+)", answer.headers["Content-Type"])[1]


@pytest.mark.parametrize(("version", "status"), [(1, 202), (2, 200)])
def test_the_versions_answer_with_their_own_status(serve, version, status):
    _, client = serve(version)

    answer = send(client, get(f"/b1s/v{version}/Orders(1)"))

    assert answer.status == status
    assert boundary_of(answer).startswith("batchresponse_")


def test_each_part_is_a_whole_answer_in_order(serve):
    _, client = serve(2)

    answer = send(
        client, get("/b1s/v2/Orders(2)?$select=DocEntry"), get("Orders(1)?%24select=DocEntry")
    )

    boundary = boundary_of(answer).encode()
    parts = [part.strip() for part in answer.body.split(b"--" + boundary)]
    bodies = [part.partition(b"HTTP/1.1")[2].partition(b"\r\n\r\n")[2] for part in parts[1:3]]
    assert parts[0] == b""
    assert parts[3] == b"--"
    assert parts[1].startswith(
        b"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json;odata.metadata=minimal"
    )
    assert bodies == [client.get(f"Orders({entry})", select="DocEntry").body for entry in (2, 1)]


def test_a_part_has_headers_of_its_own(serve):
    _, client = serve(2)
    part = f"{HTTP}\r\nGET Orders?$select=DocEntry HTTP/1.1\r\nB1S-PageSize: 3\r\n\r\n"

    answer = send(client, part)

    assert answer.body.count(b'"DocEntry"') == 3


def test_the_first_failure_ends_the_batch(serve):
    _, client = serve()

    answer = send(client, get("Orders(1)"), get("Orders(999999)"), get("Orders(2)"))

    assert statuses(answer) == [200, 404]
    assert b'"code":-2028' in answer.body


@pytest.mark.parametrize(("obeyed", "expected"), [(False, [404]), (True, [404, 200])])
def test_whether_a_batch_goes_on_when_asked_is_a_choice(serve, obeyed, expected):
    _, client = serve(batch_continues=obeyed)

    answer = send(client, get("Orders(999999)"), get("Orders(2)"), Prefer="odata.continue-on-error")

    assert statuses(answer) == expected


def test_a_change_set_is_answered_in_a_part_of_its_own(serve):
    sandbox, client = serve(2)
    entry = some_open(sandbox)

    answer = send(
        client,
        change_set(post(f"/b1s/v2/Orders({entry})/Close", 7), post(f"Orders({entry})/Reopen", 8)),
        get(f"Orders({entry})"),
    )

    assert statuses(answer) == [204, 204, 200]
    assert re.findall(rb"Content-ID: (\d)", answer.body) == [b"7", b"8"]
    assert b"Content-Type: multipart/mixed;boundary=changesetresponse_" in answer.body


def test_a_change_set_that_fails_changes_nothing_and_is_one_error(serve):
    sandbox, client = serve(2, bump_on=frozenset({"close"}), data_version=True)
    entry = some_open(sandbox)
    before = sandbox.order(entry)

    answer = send(
        client,
        change_set(post(f"Orders({entry})/Close", 1), post(f"Orders({entry})/Close", 2)),
        get("Orders(1)"),
    )

    assert statuses(answer) == [400]
    assert b"changesetresponse" not in answer.body
    assert sandbox.order(entry) == before
    assert client.post(f"Orders({entry})/Reopen").status == 400


def test_what_was_done_before_a_failed_change_set_stays_done(serve):
    sandbox, client = serve()
    entry = some_open(sandbox)

    answer = send(
        client, post(f"Orders({entry})/Close"), change_set(post(f"Orders({entry})/Close"))
    )

    assert statuses(answer) == [204, 400]
    assert sandbox.order(entry)["DocumentStatus"] == "bost_Close"


@pytest.mark.parametrize("path", ["Login", "Logout", "$batch", "Nothing"])
def test_a_part_reaches_resources_only(serve, path):
    _, client = serve()

    assert statuses(send(client, post(path))) == [404]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "--batch_1--\r\n",
        f"--batch_1\r\n{get('Orders(1)')}",
        f"--batch_1\r\n{get('Orders(1)')}\r\n--batch_1\r\n",
        f"--other\r\n{get('Orders(1)')}\r\n--other--\r\n",
        body_of("batch_1", [f"{HTTP}\r\nGET Orders(1)"]),
        body_of("batch_1", [f"{HTTP}\r\nOrders(1)\r\n\r\n"]),
        body_of("batch_1", ["GET Orders(1)\r\n\r\n"]),
        body_of("batch_1", [change_set(get("Orders(1)"))]),
        body_of("batch_1", [change_set()]),
        body_of(
            "batch_1", [get("Orders(1)"), change_set(post("X").replace("Content-ID: 1", "A: 1"))]
        ),
        b"--batch_1\r\n\xff\r\n--batch_1--\r\n",
    ],
)
def test_a_bad_body_is_refused_whole(serve, body):
    _, client = serve(2)

    answer = send(client, body=body)

    assert (answer.status, answer.json["error"]["code"]) == (400, "-1000")


def test_a_body_that_names_no_boundary_is_refused(serve):
    _, client = serve()

    answer = send(client, get("Orders(1)"), **{"Content-Type": "application/json"})

    assert (answer.status, answer.json["error"]["code"]) == (400, -1000)


def test_a_nul_byte_is_refused_in_its_own_words(serve):
    _, client = serve()

    answer = send(client, get("Orders(1)\0"))

    assert (answer.status, answer.json["error"]["code"]) == (400, 242)


def test_bare_line_feeds_are_understood(serve):
    _, client = serve()

    answer = send(client, body=body_of("batch_1", [get("Orders(1)")]).replace("\r\n", "\n"))

    assert statuses(answer) == [200]


def test_a_batch_needs_a_session(serve):
    _, client = serve()
    client.session = {}

    assert send(client, get("Orders(1)")).status == 401

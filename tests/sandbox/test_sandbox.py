"""The whole of it over real HTTP: a client on one side, a receiver of pushes on the other."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import urllib3
from cheroot.wsgi import Server
from defusedxml import ElementTree
from flask import Flask, request

from smsflow.sandbox.clock import SystemClock
from smsflow.sandbox.server import Sandbox
from smsflow.sandbox.wire import read_date

SOON = 5  # seconds that a test waits for what takes milliseconds
PHONE = "41793026727"
OURS = "385916242493"


class Receiver:
    """A little web server that keeps what is pushed to it, and answers as told."""

    def __init__(self) -> None:
        self.pushes: queue.Queue[tuple[str, str, bytes, str | None]] = queue.Queue()
        self.answers: list[int] = []
        app = Flask(__name__)
        for path in ("/dlr", "/mo"):
            app.add_url_rule(path, path, view_func=self.keep, methods=["GET", "POST"])
        self.server = Server(("127.0.0.1", 0), app, numthreads=4, shutdown_timeout=1)
        self.server.expiration_interval = 0.05
        self.server.prepare()
        self.address = "{}:{}".format(*self.server.bind_addr)
        self.thread = threading.Thread(target=self.server.serve)
        self.thread.start()

    def keep(self) -> tuple[str, int]:
        auth = request.authorization
        user = auth.username if auth else None
        self.pushes.put((request.method, request.full_path, request.get_data(), user))
        return "", self.answers.pop() if self.answers else 200

    def stop(self) -> None:
        self.server.stop()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def sandbox(world) -> Iterator[Sandbox]:
    with Sandbox(user="u", password="p", clock=world.clock) as sandbox:
        yield sandbox


@pytest.fixture
def http() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(retries=False, timeout=SOON) as pool:
        yield pool


def call(http, sandbox, method, path, body):
    headers = urllib3.make_headers(basic_auth="u:p")
    return http.request(method, sandbox.url + path, json=body, headers=headers)


def send(http, sandbox, receiver, **message):
    message |= {"destinations": [{"to": PHONE}], "from": "InfoSMS", "text": "Hello"}
    message["notifyUrl"] = f"http://me:secret@{receiver.address}/dlr"
    return call(http, sandbox, "POST", "/sms/1/text/advanced", {"messages": [message]})


def arrives_as_minutes_pass(receiver, world):
    """The next push, while the clock jumps by minutes."""
    for _ in range(100):
        world.clock.advance(minutes=1)
        with contextlib.suppress(queue.Empty):
            return receiver.pushes.get(timeout=SOON / 100)
    raise AssertionError("nothing was pushed")


def test_delivery_reports_on_notify_url(http, sandbox, receiver, world):
    """The same body as pulled reports, with the user and password of the URL."""
    assert send(http, sandbox, receiver, callbackData="mine").status == 200
    assert receiver.pushes.empty()
    world.clock.advance(seconds=1)
    method, path, body, user = receiver.pushes.get(timeout=SOON)
    assert (method, path, user) == ("POST", "/dlr?", "me")
    (report,) = json.loads(body)["results"]
    assert report["status"]["name"] == "DELIVERED_TO_HANDSET"
    assert report["callbackData"] == "mine"


def test_a_push_that_failed_is_repeated_when_the_clock_jumps(http, sandbox, receiver, world):
    """A 500 is followed by the same report a minute later."""
    receiver.answers = [500]
    send(http, sandbox, receiver)
    world.clock.advance(seconds=1)
    first = receiver.pushes.get(timeout=SOON)
    assert arrives_as_minutes_pass(receiver, world) == first


def test_a_redirect_is_no_success(http, sandbox, receiver, world):
    """Only a 2xx ends the cycle: a 302 is followed by the same push a minute later."""
    receiver.answers = [302]
    send(http, sandbox, receiver)
    world.clock.advance(seconds=1)
    first = receiver.pushes.get(timeout=SOON)
    assert arrives_as_minutes_pass(receiver, world) == first


def test_reports_are_pushed_as_xml_where_that_is_asked_for(http, sandbox, receiver, world):
    """notifyContentType application/xml: the root is reportResponse."""
    send(http, sandbox, receiver, notifyContentType="application/xml")
    world.clock.advance(seconds=1)
    _, _, body, _ = receiver.pushes.get(timeout=SOON)
    root = ElementTree.fromstring(body)
    assert root.tag == "reportResponse"
    assert root.findtext("results/result/status/name") == "DELIVERED_TO_HANDSET"


def test_the_retry_cycle_is_hurried_through_by_setting_the_clock(http, receiver):
    """Over HTTP: a minute is gone in a moment."""
    receiver.answers = [500]
    with Sandbox(user="u", password="p", clock=SystemClock(speed=0.0)) as sandbox:
        send(http, sandbox, receiver)
        told = call(http, sandbox, "PUT", "/sandbox/clock", {"advance": 1})
        first = receiver.pushes.get(timeout=SOON)
        due = None
        while due is None:  # until the network has heard that the push failed
            due = call(http, sandbox, "GET", "/sandbox/pending", None).json()["nextDue"]
        before = read_date(told.json()["now"])
        assert (read_date(due) - before).total_seconds() == 60
        call(http, sandbox, "PUT", "/sandbox/clock", {"advance": 60})
        assert receiver.pushes.get(timeout=SOON) == first


@pytest.mark.parametrize("told", [{"speed": -1}, {"advance": "long"}, {"advance": 1e12}])
def test_a_clock_that_is_set_wrong_is_a_mistake(http, told):
    """400 with the reason; so is setting a clock that the program leads."""
    with Sandbox(user="u", password="p") as sandbox:
        assert call(http, sandbox, "PUT", "/sandbox/clock", told).status == 400


def test_a_clock_of_the_program_is_not_set(http, sandbox):
    """400: whoever made the sandbox leads its time."""
    assert call(http, sandbox, "PUT", "/sandbox/clock", {"advance": 1}).status == 400


def test_push_received_messages(http, sandbox, receiver):
    """By GET with the URL's template, and by POST in the form of a pull."""
    url = f"http://{receiver.address}/mo?who=%sender%&what=%text%"
    text = {"from": PHONE, "to": OURS, "text": "a+b", "messageId": "mo"}
    call(http, sandbox, "PUT", f"/sandbox/numbers/{OURS}", {"mo": {"url": url}})
    call(http, sandbox, "POST", "/sandbox/mo", text)
    assert receiver.pushes.get(timeout=SOON)[:2] == ("GET", f"/mo?who={PHONE}&what=a%2Bb")
    route = {"mo": {"url": f"http://{receiver.address}/mo", "method": "POST"}}
    call(http, sandbox, "PUT", f"/sandbox/numbers/{OURS}", route)
    call(http, sandbox, "POST", "/sandbox/mo", text)
    method, _, body, _ = receiver.pushes.get(timeout=SOON)
    assert method == "POST"
    assert json.loads(body)["results"][0]["text"] == "a+b"


def test_an_answer_that_is_lost_closes_the_connection(http, sandbox, receiver, world):
    """The client sees no answer, and the report still comes."""
    call(http, sandbox, "PUT", "/sandbox/faults", {"lose": 1})
    with pytest.raises(urllib3.exceptions.ProtocolError):
        send(http, sandbox, receiver)
    world.clock.advance(seconds=1)
    assert receiver.pushes.get(timeout=SOON)


def test_a_report_can_come_before_the_answer(http, sandbox, receiver):
    """When the answer is read, the push has been received."""
    call(http, sandbox, "PUT", "/sandbox/faults", {"reportFirst": 1})
    assert send(http, sandbox, receiver).status == 200
    assert receiver.pushes.get_nowait()


def test_time_can_run_faster():
    """A clock of a million times the speed is ahead of the real time at once."""
    fast, real = SystemClock(1_000_000), SystemClock()
    start = real.now()
    while real.now() == start:
        pass
    assert fast.now() - real.now() > real.now() - start


def test_a_clock_jumps_and_changes_its_speed():
    """What has gone by stays gone by."""
    clock = SystemClock(speed=0.0)
    start = clock.now()
    clock.set(ahead=timedelta(days=2))
    assert clock.now() - start == timedelta(days=2)
    clock.set(speed=1_000_000)
    assert timedelta(days=2) <= clock.now() - start


def test_stopping_ends_an_answer_that_is_held_back_and_leaves_no_thread(receiver, http):
    """`stop` waits for nobody, and joins everything."""
    before = set(threading.enumerate())
    sandbox = Sandbox(user="u", password="p")
    sandbox.start()
    call(http, sandbox, "PUT", "/sandbox/faults", {"stall": {"seconds": 600}})
    client = threading.Thread(target=send, args=(http, sandbox, receiver))
    client.start()
    receiver.pushes.get(timeout=SOON)  # accepted: its report came, the answer is held back
    sandbox.stop()
    client.join(SOON)
    assert not client.is_alive()
    assert set(threading.enumerate()) == before

"""Short links and tracking: what the handset gets, what a click tells, what a conversion is."""

from __future__ import annotations

import pytest

from smsflow.sandbox.links import Links
from tests.sandbox.conftest import START

PHONE, OTHER = "41793026727", "41793026731"
LONG = "http://www.example.com/awesomeApp/someUserId?a=b&c=d"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 9_1 like Mac OS X) AppleWebKit/601.1"


def send(client, text: str, *ids: str, **tracking: object):
    """A text to the phone under each of these ids."""
    destinations = [{"to": PHONE, "messageId": name} for name in ids]
    message = {"from": "InfoSMS", "text": text, "destinations": destinations}
    return client.advanced(message, tracking=tracking)


def got(client, world) -> list[dict]:
    """What the phone shows once everything has come."""
    world.after(seconds=1)
    return client.get(f"/sandbox/handsets/{PHONE}/messages").json["messages"]


def test_parts_are_counted_with_the_short_links_in_place(client, world):
    """25 characters for each, however long the URL; 160 in all are one part."""
    answer = send(client, "x" * 134 + " " + LONG, "a", track="URL")
    assert answer["messages"][0]["smsCount"] == 1
    (text,) = got(client, world)
    assert (len(text["text"]), text["parts"]) == (160, 1)


def test_each_text_has_links_of_its_own(client, world):
    """Two URLs in two texts are four links; what stands around them stays."""
    send(client, f"See {LONG}, or (https://a.example/x).", "a", "b", track="URL")
    texts = got(client, world)
    links = [link for text in texts for link in text["links"]]
    assert len({link["short"] for link in links}) == 4
    assert [link["url"] for link in texts[0]["links"]] == [LONG, "https://a.example/x"]
    first, second = (link["short"] for link in texts[0]["links"])
    assert texts[0]["text"] == f"See {first}, or ({second})."


@pytest.mark.parametrize("tracking", [{}, {"track": "SMS"}])
def test_without_tracking_of_urls_a_text_stays_as_it_is(client, world, tracking):
    """Conversions by SMS leave the text alone."""
    send(client, LONG, "a", **tracking)
    (text,) = got(client, world)
    assert (text["text"], text["links"]) == (LONG, [])


def click(client, path: str, agent: str = ""):
    """What a browser that follows a link is answered; it has no password."""
    return client.http.get(path, headers={"User-Agent": agent})


def test_a_click_leads_to_the_url_and_tells_who_clicked(client, world):
    """Number, prefixes of network and country, and the phone's system."""
    send(client, LONG, "a", track="URL", type="SOCIAL_INVITES", processKey="KEY")
    (text,) = got(client, world)
    (link,) = text["links"]
    response = click(client, link["path"], IPHONE)
    assert (response.status_code, response.headers["Location"]) == (302, LONG)
    assert client.get("/sandbox/clicks").json["clicks"] == [
        {
            "messageId": "a",
            "bulkId": "id-1",
            "to": PHONE,
            "networkPrefix": "79",
            "countryPrefix": "41",
            "url": LONG,
            "shortUrl": link["short"],
            "clickedAt": "2015-02-12T09:00:01.000+0000",
            "userAgent": IPHONE,
            "osType": "IOS",
            "track": "URL",
            "processKey": "KEY",
            "type": "SOCIAL_INVITES",
            "convertedAt": "2015-02-12T09:00:01.000+0000",
        }
    ]


@pytest.mark.parametrize("kind", ["application/json", "application/xml"])
def test_clicks_are_pushed_where_the_account_wants_them(client, world, kind):
    """At once, and again by the retry cycle when nobody took them."""
    told = {"url": "http://c.example/clicks", "contentType": kind}
    client.put("/sandbox/clicks", told)
    send(client, LONG, "a", track="URL")
    (text,) = got(client, world)
    click(client, text["links"][0]["path"])
    (push,) = world.after()
    assert (push.url, push.content_type) == ("http://c.example/clicks", kind)
    world.network.pushed(push, False, world.clock.now())
    (again,) = world.after(minutes=1)
    assert again.clicked[0].link.url == LONG
    client.put("/sandbox/clicks", {"url": None})
    click(client, text["links"][0]["path"])
    assert world.after() == []


@pytest.mark.parametrize(
    ("agent", "system"),
    [
        (IPHONE, "IOS"),
        ("Mozilla/5.0 (Linux; Android 5.1; Nexus 5) AppleWebKit/537.36", "ANDROID"),
        ("Mozilla/5.0 (Windows Phone 10.0; Android 4.2.1; Microsoft)", "WINDOWS_PHONE"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "WINDOWS"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "LINUX"),
        ("curl/7.88", None),
    ],
)
def test_the_system_is_read_from_the_user_agent(agent, system):
    """None where the browser doesn't say."""
    links = Links()
    short = links.shorten(LONG, "a", None)
    assert links.follow(short.removeprefix("http://eel.nu/"), agent, START).system == system


def test_links_can_have_a_base_that_browsers_reach(client, world):
    """`baseUrl`, of later versions: the link is as long as it makes it."""
    send(client, LONG, "a", track="URL", baseUrl="http://localhost:8080/")
    (text,) = got(client, world)
    assert text["text"] == "http://localhost:8080" + text["links"][0]["path"]


def test_links_are_forgotten_with_their_texts(client, world):
    """After 48 hours a link leads nowhere, and needs no password to do so."""
    send(client, LONG, "a", track="URL")
    (text,) = got(client, world)
    world.after(hours=49)
    response = click(client, text["links"][0]["path"])
    assert response.status_code == 404
    assert response.json["requestError"]["serviceException"]["messageId"] == "NOT_FOUND"


def test_what_is_forgotten_leaves_nothing_behind():
    """Neither links nor clicks."""
    links = Links()
    path = links.shorten(LONG, "a", None).removeprefix("http://eel.nu/")
    links.follow(path, "", START)
    links.forget("a")
    assert links.of("a") == list(links.clicks()) == []
    assert links.follow(path, "", START) is None


def test_no_two_links_are_alike():
    """Among many thousands."""
    links = Links()
    assert len({links.shorten(LONG, "a", None) for _ in range(20_000)}) == 20_000


def test_conversion_of_an_sms(client):
    """The client tells that the code in the text was used, and hears which process that is."""
    send(client, "Your PIN is 1a2B3c.", "pin", track="SMS", type="ONE_TIME_PIN", processKey="K")
    assert "convertedAt" not in client.get("/sandbox/messages").json["messages"][0]
    assert client.post("/ct/1/log/end/pin", {}).json == {"processKey": "K"}
    (message,) = client.get("/sandbox/messages").json["messages"]
    assert (message["type"], message["convertedAt"][:10]) == ("ONE_TIME_PIN", "2015-02-12")


def test_campaigns_of_one_type_share_a_process_key(client):
    """Where the client sets none."""
    for name, kind in (("a", "ONE_TIME_PIN"), ("b", "ONE_TIME_PIN"), ("c", "OTHER")):
        send(client, "Hello", name, track="SMS", type=kind)
    keys = [message["processKey"] for message in client.get("/sandbox/messages").json["messages"]]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("name", ["plain", "nobody"])
def test_what_is_not_tracked_is_not_converted(client, name):
    """404 for a text without tracking, and for one that is not known."""
    send(client, "Hello", "plain")
    assert client.post(f"/ct/1/log/end/{name}", {}).status_code == 404


@pytest.mark.parametrize("tracking", [{"track": "ALL"}, {"type": 1}, {"baseUrl": "nowhere"}])
def test_wrong_tracking_is_named(client, tracking):
    """400 with the path."""
    message = {"from": "InfoSMS", "text": "x", "destinations": [{"to": PHONE}]}
    body = {"messages": [message], "tracking": tracking}
    response = client.post("/sms/1/text/advanced", body)
    (path,) = response.json["requestError"]["serviceException"]["validationErrors"]
    assert path == f"tracking.{next(iter(tracking))}"

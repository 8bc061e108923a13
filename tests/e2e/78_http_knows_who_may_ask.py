"""Hosts, origins and tokens of the gateway."""
import os

from gateway import TOKEN, Gateway, write_secret
from harness import check, equal, main, matches, scenario


@scenario
def a_rebound_name_gets_nothing(t):
    t.start_bus()
    gateway = Gateway(t, "--allow-host", "bus.example")
    for path in ("/", "/status", "/events?types=a", "/metrics", "/healthz"):
        equal(gateway.refused(path, Host="evil.example"), (421, "foreign_host"))
    equal(gateway.refused("/publish?type=k", "1", Host=f"evil.example:{gateway.port}"), (421, "foreign_host"))
    for host in ("localhost", f"127.0.0.1:{gateway.port}", "[::1]:1", "bus.example"):
        equal(gateway.ask("/status", Host=host)[0], 200)
    equal(t.status()["counters"]["ingress"], 0, "events that came in")


@scenario
def pages_of_other_sites_get_nothing(t):
    t.start_bus()
    gateway = Gateway(t)
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
        for path in ("/status", "/events?types=a", "/metrics"):
            equal(gateway.refused(path, **headers), (403, "foreign_origin"))
        equal(gateway.refused("/publish?type=k", "1", **headers), (403, "foreign_origin"))


@scenario
def a_page_publishes_only_with_a_token(t):
    t.start_bus()
    origin = {"Host": "localhost", "Origin": "http://localhost"}
    equal(Gateway(t).refused("/publish?type=k", "1", **origin), (403, "token_needed"))
    gateway = Gateway(t, "--token-file", write_secret(t, "token", TOKEN))
    equal(gateway.refused("/publish?type=k", "1", **origin), (401, "unauthorized"))
    equal(gateway.ask("/publish?type=k", "1", Authorization="Bearer " + TOKEN, **origin)[0], 200)


@scenario
def beyond_loopback_a_token_is_needed(t):
    t.start_bus()
    gateway = Gateway(t, "--token-file", write_secret(t, "token", TOKEN), listen="0.0.0.0:0")
    for path in ("/status", "/metrics", "/events?types=a"):
        equal(gateway.refused(path), (401, "unauthorized"))
        equal(gateway.refused(path, Authorization="Bearer " + TOKEN[:-1]), (401, "unauthorized"))
    equal(gateway.ask("/status", Authorization="Bearer " + TOKEN)[0], 200)
    equal(gateway.ask("/")[0], 200, "the page, which has to ask for the token")


@scenario
def no_secret_is_in_the_list_of_processes(t):
    gateway = Gateway(t, "--token-file", write_secret(t, "token", TOKEN))
    with open(f"/proc/{gateway.pid}/cmdline", "rb") as f:
        check(TOKEN.encode() not in f.read(), "the token stands in the arguments")
    os.chmod(t.path("token"), 0o644)
    matches("chmod 600", t.run_cli("http", "--token-file", t.path("token"), code=2).err)


@scenario
def the_page_may_load_nothing_from_elsewhere(t):
    import http.client
    gateway = Gateway(t)
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
    connection.request("GET", "/")
    answer = connection.getresponse()
    policy, page = answer.headers["Content-Security-Policy"], answer.read().decode()
    matches("default-src 'none'.*script-src 'sha256-.*frame-ancestors 'none'", policy)
    for mark in ("src=", "@import", "//cdn", "url("):
        check(mark not in page, f"the page has {mark}")
    connection.close()


main()

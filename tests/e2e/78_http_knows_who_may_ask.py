"""Hosts, origins and tokens of the gateway."""
import os
import re
import shutil
import signal
import socket
import sys

from gateway import TOKEN, Gateway, write_secret
from harness import WAIT, Deadline, Skip, check, equal, main, matches, scenario

PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable  # where any user can run it


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
def another_user_of_this_machine_needs_a_token(t):
    if os.geteuid() != 0:
        raise Skip("only root can be another user")
    t.start_bus()
    client = "import sys, urllib.request as u, urllib.error as e\n" \
             "r = u.Request(sys.argv[1], headers={'Authorization': 'Bearer ' + sys.argv[2]})\n" \
             "try: print(u.urlopen(r).status)\nexcept e.HTTPError as x: print(x.code, x.read().decode())"

    def ask_as(user, gateway, path="status"):
        return t.start([PYTHON, "-c", client, gateway.url + path, TOKEN], user=user, cwd="/").expect_exit(0).out.decode()

    plain = Gateway(t)
    matches("^403 .*other_user", ask_as(12345, plain))
    matches("^200", ask_as(12345, plain, "healthz"))
    matches("^200", ask_as(0, plain))
    matches("^200", ask_as(12345, Gateway(t, "--token-file", write_secret(t, "token", TOKEN))))


def is_half_gone(port):
    """Whether a peer of this port has closed its socket and the kernel keeps only what is left of it: FIN_WAIT2."""
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(path, encoding="ascii") as f:
            for _, _, far, state, *_ in map(str.split, f):
                if far.endswith(f":{port:04X}") and state == "05":
                    return True
    return False


def has_ipv6():
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as f:
            return "1".zfill(32) in f.read()
    except FileNotFoundError:
        return False


@scenario
def another_user_that_closes_at_once_gets_nothing(t):
    if os.geteuid() != 0:
        raise Skip("only root can be another user")
    client = "import socket, sys\n" \
             "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n" \
             "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)\n" \
             "s.sendall(b'POST /publish?type=k HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 1\\r\\n\\r\\n1')\n"
    t.start_bus()
    for host, address in (("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"))[:1 + has_ipv6()]:
        gateway = Gateway(t, listen=f"{address}:0")
        gateway.process.freeze()
        t.start([PYTHON, "-c", client, host, str(gateway.port)], user=12345, cwd="/").expect_exit(0)
        deadline = Deadline(WAIT, "the end of the other user's socket")
        while not is_half_gone(gateway.port):
            deadline.left_ms()
        gateway.process.signal(signal.SIGCONT)
        gateway.process.expect_line('request-refused code=other_user .*path="/publish"')
    equal(t.status()["counters"]["ingress"], 0, "events that came in")


@scenario
def a_client_that_has_shut_down_its_sending_side_is_answered(t):
    t.start_bus()
    with Gateway(t).raw() as sock:
        sock.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        check(sock.recv(4096).startswith(b"HTTP/1.1 200 "), "an answer")


@scenario
def only_who_has_shown_a_right_may_ask_again(t):
    t.start_bus()
    gateway = Gateway(t)

    def answers(target, host="localhost"):
        """The statuses of the answers to a request that is sent twice over one connection."""
        with gateway.raw() as sock:
            sock.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() * 2)
            sock.shutdown(socket.SHUT_WR)
            text = b""
            while data := sock.recv(1 << 16):
                text += data
        return [int(x) for x in re.findall(rb"HTTP/1\.1 (\d+)", text)]

    for target, host, status in (("/", "localhost", 200), ("/healthz", "localhost", 200), ("/nothing", "localhost", 404),
                                 ("/publish", "localhost", 405), ("/status", "evil.example", 421)):
        equal(answers(target, host), [status], f"answers to {target}")
    equal(answers("/status"), [200, 200], "answers to /status")


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

"""Links with TLS: both ends show a certificate that the other one's authority has signed, or there is no link."""
import os
import socket
import subprocess

from harness import Skip, check, equal, event, main, matches, raw_payload, scenario
from linking import Node, free_port, next_event, next_state

DAY = 24 * 3600


def openssl(t, *arguments):
    try:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=t.dir)
    except FileNotFoundError:
        raise Skip("openssl is not installed") from None


def authority(t, name):
    openssl(t, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")


def certificate(t, name, ca, days=2):
    """@param days Negative: it has expired."""
    openssl(t, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(t, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial",
            "-days", str(days), "-out", f"{name}.pem")


def tls(t, name, ca):
    return ["--node-certificate", t.path(f"{name}.pem"), "--node-key", t.path(f"{name}.key"),
            "--node-ca", t.path(f"{ca}.pem")]


def serving(t):
    authority(t, "ca")
    certificate(t, "a", "ca")
    return Node(t, "a", flags=tls(t, "a", "ca"))


def expect_refused(t, a, b, at_server, at_client):
    """Neither has a link; each says why in its log, and the one that called says so to its consumers."""
    consumer = b.join("t1")
    state = next_state(consumer, "reconnecting")
    matches(at_client, state["detail"].encode())
    check(a.log().count("node-joined") == 0, "no link")
    if at_server:
        a.await_log(f"node-tls-failed peer=.*(?:{at_server})")
    b.await_status(lambda x: x["links"][0]["state"] != "connected", "not connected")


@scenario
def with_the_right_certificates_events_pass(t):
    a = serving(t)
    certificate(t, "b", "ca")
    b = Node(t, "b", [a.place], flags=tls(t, "b", "ca"))
    consumer = b.join("t1")
    a.await_asked(1)
    payload = b'"' + b"x" * 500_000 + b'"'  # more than one record of TLS, and one read of the bus
    producer = a.producer()
    for _ in range(20):
        producer.publish(event("t1", payload))
        equal(raw_payload(next_event(consumer)), payload, "payload")


@scenario
def with_another_authority_there_is_no_link(t):
    a = serving(t)
    authority(t, "other")
    certificate(t, "b", "other")
    b = Node(t, "b", [a.place], flags=tls(t, "b", "other"))
    expect_refused(t, a, b, "unknown ca|verify failed", "certificate verify failed")


@scenario
def a_bus_that_trusts_all_but_shows_the_wrong_certificate_is_refused(t):
    a = serving(t)
    authority(t, "other")
    certificate(t, "b", "other")
    b = Node(t, "b", [a.place], flags=["--node-certificate", t.path("b.pem"), "--node-key", t.path("b.key"),
                                      "--node-ca", t.path("ca.pem")])
    expect_refused(t, a, b, "certificate verify failed", "TLS: ")


@scenario
def an_expired_certificate_is_refused_at_the_start(t):
    authority(t, "ca")
    certificate(t, "old", "ca", days=-1)
    bus = t.start_cli("serve", *tls(t, "old", "ca"))
    bus.expect_exit(1)
    matches("old.pem has expired", bus.err)


@scenario
def a_certificate_that_expires_while_the_bus_runs_is_refused_by_the_others(t):
    a = serving(t)
    certificate(t, "c", "ca")
    hidden = free_port()
    c = Node(t, "c", [f"127.0.0.1:{hidden}"], flags=tls(t, "c", "ca"))
    certificate(t, "old", "ca", days=-1)  # takes its place, as if time had passed: files are read for each connection
    os.replace(t.path("old.pem"), t.path("c.pem"))
    os.replace(t.path("old.key"), t.path("c.key"))
    a.bus.signal(15)
    a.bus.expect_exit(0)
    a.port, a.place = hidden, f"127.0.0.1:{hidden}"
    a.start()
    consumer = c.join("t1")
    while "TLS: " not in next_state(consumer, "reconnecting")["detail"]:
        pass
    a.await_log("node-tls-failed peer=.*certificate verify failed")


@scenario
def without_a_certificate_there_is_no_link(t):
    a = serving(t)
    b = Node(t, "b", [a.place])
    expect_refused(t, a, b, "", "wants TLS")


@scenario
def whoever_speaks_no_tls_is_refused_and_logged(t):
    a = serving(t)
    for hello in (b"GET / HTTP/1.0\r\n\r\n", b"\0" * 64, b""):
        with socket.create_connection(("127.0.0.1", a.port)) as s:
            s.sendall(hello)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(5)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    a.await_log("node-tls-failed", count=3)
    a.await_log("node-tls-failed peer=.*http request")


@scenario
def files_that_do_not_fit_are_refused_at_the_start(t):
    authority(t, "ca")
    certificate(t, "a", "ca")
    certificate(t, "b", "ca")
    for certificate_of, key_of, ca, words in (("a", "b", "ca", "key values mismatch"), ("none", "a", "ca", "none.pem"),
                                              ("a", "a", "none", "none.pem")):
        bus = t.start_cli("serve", "--node-certificate", t.path(f"{certificate_of}.pem"), "--node-key",
                          t.path(f"{key_of}.key"), "--node-ca", t.path(f"{ca}.pem"))
        bus.expect_exit(1)
        matches(words, bus.err)


if __name__ == "__main__":
    main()

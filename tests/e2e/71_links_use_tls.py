"""Links with TLS: both ends show a certificate that the other one's authority has signed, or there is no link."""
import os
import signal
import socket
import ssl

from certificates import authority, certificate, serving, short_lived_certificate, tls
from harness import check, equal, event, main, matches, raw_payload, scenario
from linking import INSECURE, Node, next_event, next_state


def expect_refused(t, a, b, at_server, at_client):
    """Neither has a link; each says why in its log, and the one that called says so to its consumers."""
    consumer = b.join("t1")
    state = next_state(consumer, "reconnecting")
    matches(at_client, state["detail"].encode())
    check(a.log().count("node-joined") == 0, "no link")
    if at_server:
        a.await_log(f"node-tls-failed peer=.*(?:{at_server})")
    b.await_status(lambda x: [y["state"] for y in x["links"] if y["state"] != "connected"], "not connected")


@scenario
def with_the_right_certificates_events_pass(t):
    a = serving(t)
    certificate(t, "b", "ca")
    b = Node(t, "b", [a.called("a")], flags=tls(t, "b", "ca"))
    consumer = b.join("t1")
    a.await_asked(1)
    b.await_status(lambda x: x["certificate_expires"][:4] in x["links"][0]["peer"], "until when both certificates are valid")
    payload = b'"' + b"x" * 500_000 + b'"'  # more than one record of TLS, and one read of the bus
    producer = a.producer()
    for _ in range(20):
        producer.publish(event("t1", payload))
        equal(raw_payload(next_event(consumer)), payload, "payload")
    a.await_log('node-joined .*transport=tls certificate=.*b')


@scenario
def the_certificate_must_have_the_name_of_the_place(t):
    authority(t, "ca")
    certificate(t, "a", "ca", also=["DNS:localhost", "IP:127.0.0.1"])
    certificate(t, "b", "ca")
    a = Node(t, "a", flags=tls(t, "a", "ca"))
    for place in (a.place, f"localhost:{a.port}", a.called("a")):
        b = Node(t, "b", [place], flags=tls(t, "b", "ca"))
        b.await_status(lambda x: [y["state"] for y in x["links"]] == ["connected"], f"connected with {place}")
        b.bus.signal(signal.SIGTERM)
        b.bus.expect_exit(0)
    b = Node(t, "b", [a.called("someone.else")], flags=tls(t, "b", "ca"))
    state = next_state(b.join("t1"), "reconnecting")
    matches('that of "a" and not of "someone.else"', state["detail"].encode())


@scenario
def with_another_authority_there_is_no_link(t):
    a = serving(t)
    authority(t, "other")
    certificate(t, "b", "other")
    b = Node(t, "b", [a.called("a")], flags=tls(t, "b", "other"))
    expect_refused(t, a, b, "unknown ca|verify failed", "certificate verify failed")


@scenario
def a_bus_that_trusts_all_but_shows_the_wrong_certificate_is_refused(t):
    a = serving(t)
    authority(t, "other")
    certificate(t, "b", "other")
    b = Node(t, "b", [a.called("a")], flags=["--node-certificate", t.path("b.pem"), "--node-key", t.path("b.key"),
                                             "--node-ca", t.path("ca.pem")])
    expect_refused(t, a, b, 'certificate verify failed.*, of ."b', "TLS: ")


@scenario
def an_expired_certificate_is_refused_at_the_start(t):
    authority(t, "ca")
    certificate(t, "old", "ca", days=-1)
    bus = t.start_cli("serve", *tls(t, "old", "ca"))
    bus.expect_exit(1)
    matches("old.pem has expired", bus.err)


@scenario
def a_certificate_that_expires_ends_the_link(t):
    a = serving(t)
    short_lived_certificate(t, "c", "ca", 6)
    c = Node(t, "c", [a.called("a")], flags=tls(t, "c", "ca"))
    c.await_log("certificate-expires whose=.*own.*name=.*c")
    consumer = c.join("t1")
    a.await_asked(1)
    a.await_log("certificate-expires whose=.*127.0.0.1:.*name=.*c")
    while "TLS: " not in next_state(consumer, "reconnecting")["detail"]:
        pass
    a.await_log("node-tls-failed peer=.*certificate has expired, of ..c")


@scenario
def node_allow_says_who_may_link_and_what_passes(t):
    authority(t, "ca")
    for name in "abc":
        certificate(t, name, "ca")
    a = Node(t, "a", flags=[*tls(t, "a", "ca"), "--node-allow", "b read=t1"])
    b = Node(t, "b", [a.called("a")], flags=[*tls(t, "b", "ca"), "--node-allow", "a publish=t1,t2"])
    near, far = a.join("all", ["t1", "t2", "t3"]), b.join("all", ["t1", "t2", "t3"])
    a.await_asked(1)
    equal(b.links("in")[0]["types"], 2, "types that b asks for")
    producer = a.producer()
    producer.publish(event("t2", 2), event("t3", 3), event("t1", 1))
    for n in (2, 3, 1):
        equal(raw_payload(next_event(near)), str(n).encode(), "near")
    equal(raw_payload(next_event(far)), b"1", "what b may read and a may bring")
    matches("certificate of b until", a.links("out")[0]["peer"].encode())
    c = Node(t, "c", [a.called("a")], flags=tls(t, "c", "ca"))
    matches("node-allow does not name c", next_state(c.join("t1"), "reconnecting")["detail"].encode())
    a.await_log("node-not-allowed .*certificate=.*c")


@scenario
def certificates_are_read_again_on_sighup(t):
    a = serving(t)
    certificate(t, "b", "ca")
    b = Node(t, "b", [a.called("new")], flags=tls(t, "b", "ca"))
    next_state(b.join("t1"), "reconnecting")
    certificate(t, "new", "ca")
    os.replace(t.path("new.key"), t.path("a.key"))
    a.bus.signal(signal.SIGHUP)  # half of the pair: the old one stays
    a.await_log("links-reload-failed .*key values mismatch")
    os.replace(t.path("new.pem"), t.path("a.pem"))
    a.bus.signal(signal.SIGHUP)
    b.await_status(lambda x: [y["state"] for y in x["links"]] == ["connected"], "connected with the new certificate")


@scenario
def a_bus_that_is_not_allowed_any_more_is_out_although_the_certificates_cannot_be_read(t):
    def allow(name):
        with open(t.path("a.conf"), "w") as file:
            file.write(f"node-allow = {name}\n")

    authority(t, "ca")
    for name in "ab":
        certificate(t, name, "ca")
    allow("b")
    a = Node(t, "a", flags=tls(t, "a", "ca"), env={"CAFBUS_CONFIG": t.path("a.conf")})
    b = Node(t, "b", [a.called("a")], flags=tls(t, "b", "ca"))
    consumer = b.join("t1")
    a.await_asked(1)
    allow("c")
    with open(t.path("a.pem"), "w"):
        pass  # as it is while it is copied
    a.bus.signal(signal.SIGHUP)
    a.await_log("links-reload-failed")
    while "node-allow does not name b" not in next_state(consumer, "reconnecting")["detail"]:
        pass


@scenario
def permits_where_nobody_has_a_name_are_refused(t):
    for flags in (("--node-listen", f"unix:{t.path('l.sock')}"), ("--node-listen", "127.0.0.1:1", "--insecure-network"),
                  ("--source", f"node:unix:{t.path('l.sock')}")):
        bus = t.start_cli("serve", *flags, "--node-allow", "b read=t1")
        bus.expect_exit(2)
        matches("node-allow goes by names in certificates", bus.err)


@scenario
def permits_that_wait_for_a_restart_are_told_so(t):
    def configure(*lines):
        with open(t.path("conf"), "w") as file:
            file.write("".join(f"{line}\n" for line in lines))

    authority(t, "ca")
    certificate(t, "a", "ca")
    config = {"CAFBUS_CONFIG": t.path("conf")}
    configure(f"node-listen = unix:{t.path('l.sock')}")
    t.start_bus(env=config)
    configure("node-listen = 127.0.0.1:1", f"node-certificate = {t.path('a.pem')}", f"node-key = {t.path('a.key')}",
              f"node-ca = {t.path('ca.pem')}", "node-allow = b")
    for _ in range(2):  # it waits still
        told = t.start_cli("reload", "--json", env=config).expect_exit(0)
        matches('"changed": ?\\[\\]', told.out)
        matches('"need_restart".*node-allow', told.out)
        matches("node-allow stays as it was: node-allow goes by names", told.out)


@scenario
def without_a_certificate_there_is_no_link(t):
    a = serving(t)
    b = Node(t, "b", [a.place], flags=INSECURE)
    expect_refused(t, a, b, "", "another setting of TLS")


@scenario
def whoever_speaks_no_tls_is_refused_and_logged(t):
    a = serving(t)
    for hello in (b"GET / HTTP/1.0\r\n\r\n", b"\0" * 64, b"cafbus-link\n\1\0\1\0"):
        with socket.create_connection(("127.0.0.1", a.port)) as s:
            s.sendall(hello)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(5)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    a.await_log("node-tls-failed peer=.*http request")


@scenario
def old_versions_of_tls_are_refused(t):
    a = serving(t)
    certificate(t, "b", "ca")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(t.path("ca.pem"))
    context.load_cert_chain(t.path("b.pem"), t.path("b.key"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    for version, served in ((ssl.TLSVersion.TLSv1, False), (ssl.TLSVersion.TLSv1_1, False),
                            (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        try:
            with socket.create_connection(("127.0.0.1", a.port)) as s, context.wrap_socket(s) as secure:
                secure.sendall(b"cafbus-link\n\1\0\1\0")
                matches("^cafbus-link\n\1\0.\0$", secure.recv(16), "greeting")
                check(served, f"{version} must be refused")
        except (ssl.SSLError, ConnectionResetError) as e:
            check(not served, f"{version} must be served: {e}")


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

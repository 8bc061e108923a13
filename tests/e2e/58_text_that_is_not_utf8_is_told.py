"""Names that are not UTF-8 are refused; input in another encoding is named, with the way out."""
from harness import check, equal, main, matches, scenario


def refused(t, *flags, says, **how):
    process = t.run_cli(*flags, code=2, **how)
    matches(says, process.err)


@scenario
def names_are_refused_before_the_bus_hears_of_them(t):
    t.start_bus()
    bad = b"caf\xe9"
    refused(t, "consume", bad, says="KEY: it is not UTF-8")
    refused(t, "consume", "k", "--types", b"a," + bad, says="--types: it is not UTF-8")
    refused(t, "consume", "k", "--subscription-id", bad, says="--subscription-id: it is not UTF-8")
    refused(t, "publish", "--type", bad, says="--type: it is not UTF-8", input=b"1\n")
    equal(t.status()["counters"]["ingress"], 0)


@scenario
def commands_of_the_bus_are_refused(t):
    t.start_bus()
    refused(t, "consume", "k", "--on-first", b"echo caf\xe9", says="--on-first: it is not UTF-8.* script")
    refused(t, "consume", "k", "--on-last", b"echo caf\xe9", says="--on-last: it is not UTF-8.* script")


@scenario
def a_command_of_ours_is_run_byte_for_byte(t):
    t.start_bus()
    consumer = t.consume("k", "--exec", b"printf %s caf\xe9", "--max-events", "1")
    t.run_cli("publish", "--type", "k", input=b"1\n")
    consumer.expect_exit(0)
    equal(bytes(consumer.out), b"caf\xe9", "stdout")


@scenario
def names_that_look_like_patterns_but_are_none_are_warned_about(t):
    t.start_bus()
    for key in ("git*", "a.>.b", "#"):
        consumer = t.consume(key, "--timeout", "1ms", ready=False)
        consumer.expect_line(f"warning: '{key.replace('*', '[*]')}' is taken literally")
        consumer.expect_exit(0)
    consumer = t.consume("k*", "--types", "a.b", "--timeout", "1ms")
    consumer.expect_exit(0)
    check(b"warning" not in consumer.err, "a key that is no event type")


@scenario
def a_byte_order_mark_is_skipped(t):
    t.start_bus()
    peer = t.join("k")
    t.run_cli("publish", input=b'\xef\xbb\xbf{"event_type":"k","payload":1}\n{"event_type":"k","payload":2}\n')
    equal([peer.expect_event()["payload"] for _ in range(2)], [1, 2], "payloads")
    t.run_cli("publish", "--type", "k", input=b"\xef\xbb\xbf3\n")
    peer.expect_event(payload=3)


@scenario
def another_encoding_is_named_with_the_way_out(t):
    t.start_bus()
    line = '{"event_type":"k","payload":1}\n'
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        process = t.run_cli("publish", input=line.encode(encoding), code=1)
        matches("error: cannot read standard input: it is in UTF-16, not UTF-8; convert it: iconv -f UTF-16 -t UTF-8", process.err)
    for data, says in ((b'{"event_type":"k","payload":"caf\xe9"}', "byte 33 is 0xe9; if it is Latin-1, .*iconv -f LATIN1"),
                       (b'{"event_type":"k\0","payload":1}', "byte 17 is a NUL"),
                       (b"hello world", "plain text, not JSON; .* cafbus publish --raw .* jq -R")):
        matches(f"line 1: not_json: .*{says}", t.run_cli("publish", input=data, code=1).err)
    matches("line 1: not_json: it is not exactly one JSON value; --raw publishes text\n", t.run_cli("publish", input=b"{", code=1).err)


main()

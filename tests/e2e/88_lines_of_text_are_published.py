"""`publish --raw`: each line of text is a JSON string; what is not text is told."""
import json

from harness import BINARY, check, equal, main, matches, scenario

TYPE = ("--raw", "--type", "k")


@scenario
def each_line_is_a_string(t):
    t.start_bus()
    peer = t.join("k")
    lines = ["plain", 'say "hi" \\ there', "\ttab", '{"n": 1}', "", "  ", "caf\u00e9 \u4f60", "nul \0 esc \x1b[2J", "last"]
    process = t.run_cli("publish", *TYPE, input="\n".join(lines).encode())
    equal([peer.expect_event()["payload"] for _ in lines], lines, "payloads")
    matches(rf"published: accepted={len(lines)} duplicates=0 rejected=0", process.err)


@scenario
def line_ends_of_dos_and_a_byte_order_mark_are_no_text(t):
    t.start_bus()
    peer = t.join("k")
    t.run_cli("publish", *TYPE, input=b"\xef\xbb\xbfone\r\ntwo\r\n\r\nfo\rur\n")
    equal([peer.expect_event()["payload"] for _ in range(4)], ["one", "two", "", "fo\rur"], "payloads")


@scenario
def what_is_not_utf8_is_told_and_passed_over(t):
    t.start_bus()
    peer = t.join("k")
    process = t.run_cli("publish", *TYPE, input=b"good\ncaf\xe9\nalso good\n", code=1)
    equal([peer.expect_event()["payload"] for _ in range(2)], ["good", "also good"], "payloads")
    matches(r"line 2: it is not UTF-8: byte 4 is 0xe9; if it is Latin-1, convert it: iconv -f LATIN1 -t UTF-8\n", process.err)
    matches("published: accepted=2 duplicates=0 rejected=1", process.err)


@scenario
def a_file_in_utf16_is_named_before_anything_is_published(t):
    t.start_bus()
    process = t.run_cli("publish", *TYPE, input="one\ntwo\n".encode("utf-16"), code=1)
    matches("cannot read standard input: it is in UTF-16, not UTF-8; convert it: iconv -f UTF-16 -t UTF-8", process.err)
    equal(t.status()["counters"]["ingress"], 0)


@scenario
def a_line_that_is_too_long_is_told_and_passed_over(t):
    t.start_bus()
    peer = t.join("k")
    lines = [b"x" * 1_100_000, b'"' * 600_000, b"y" * 983_038, b"y" * 983_039, b"end"]
    process = t.run_cli("publish", *TYPE, input=b"\n".join(lines), code=1)
    equal([len(peer.expect_event()["payload"]) for _ in range(2)], [983_038, 3], "lengths")
    matches("line 1: longer than 1048576 bytes", process.err)
    matches("line 2: payload_too_large: the payload is longer than 983040 bytes", process.err)
    matches("line 4: payload_too_large", process.err)


@scenario
def it_needs_a_type_and_the_way_to_it_is_told(t):
    t.start_bus()
    matches("error: --raw needs --type, ", t.run_cli("publish", "--raw", input=b"a\n", code=2).err)
    process = t.run_cli("publish", "--type", "k", input=b"some text\n", code=1)
    matches("it is plain text, not JSON; .* cafbus publish --raw --type TYPE", process.err)
    equal(t.status()["counters"]["ingress"], 0)


@scenario
def what_is_published_so_comes_back_as_text(t):
    t.start_bus()
    if not json.loads(bytes(t.start([BINARY, "version", "--json"]).expect_exit(0).out))["jq"]:
        return
    consumer = t.consume("k", "--jq", ".", "-r", "--max-events", "3")
    t.run_cli("publish", *TYPE, "--wait-for-consumer", "10s", input="a \"b\"\n\ncaf\u00e9\n".encode())
    consumer.expect_exit(0)
    check(bytes(consumer.out) == 'a "b"\n\ncaf\u00e9\n'.encode(), f"stdout: {bytes(consumer.out)!r}")


main()

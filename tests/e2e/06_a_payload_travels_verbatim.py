"""The bytes that come in go out, whatever JSON they are."""
from harness import equal, event, main, raw_payload, scenario

VERBATIM = [
    b"null", b"true", b"false", b"0", b"-0", b"-0.0", b'""', b"{}", b"[]", b"1.10", b"1e5", b"1E+5", b"100000000000000000000",
    b"9223372036854775807", b"-9223372036854775808", b"18446744073709551615", b"18446744073709551616",
    b"9007199254740993", b"0.1000000000000000055511151231257827", b"1e400", b"-1e400", b"1e-400", b"123456789.0e-0",
    rb'"\/"', b'"/"', rb'"\u0000"', rb'"\u00e9"', '"\u00e9"'.encode(), rb'"\ud83d\ude00"', '"\U0001f600"'.encode(),
    rb'"\ud800"', rb'"\udc00"', rb'"\ud800\ud800"', rb'"\b\f\n\r\t\"\\"', '"\u2028\u2029"'.encode(), b'"\x7f"', b'"<>&\'"',
    b'"\xef\xbb\xbf"', '"\uffff"'.encode(), b'{"b":1,"a":2,"b":3}', b'{"":1,"":2}', b'{ "a" : [ 1 ,  2 ] }', b"[1,\t2]",
    b'{"type":"bye","seq":99,"payload":{"payload":1}}', b'{"seq":7}', rb'"\",\"seq\":5,\"payload\":"',
    b"[" * 500 + b"]" * 500, b'"' + b"x" * 100_000 + b'"',
]


@scenario
def what_comes_in_goes_out_byte_for_byte(t):
    t.start_bus()
    peer = t.join("k")
    equal(t.publish(*[event("k", x) for x in VERBATIM])["accepted"], len(VERBATIM), "accepted")
    for payload in VERBATIM:
        equal(raw_payload(peer.expect_line()), payload, "payload")


@scenario
def white_space_around_a_payload_is_not_part_of_it(t):
    t.start_bus()
    peer = t.join("k")
    t.publish(b' { "type" : "publish" , "event_type" : "k" , "payload" :   { "a" : 1 }   } ')
    equal(raw_payload(peer.expect_line()), b'{ "a" : 1 }', "payload")


@scenario
def the_payload_may_stand_anywhere_in_the_line(t):
    t.start_bus()
    peer = t.join("k")
    t.publish(b'{"payload":{"a":1.0},"event_type":"k","type":"publish"}',
              b'{"payload":{"a":2.0},"type":"publish","payload":{"a":3.0},"event_type":"k"}')
    equal(raw_payload(peer.expect_line()), b'{"a":1.0}', "payload")
    equal(raw_payload(peer.expect_line()), b'{"a":3.0}', "the last of two payloads")


@scenario
def a_carriage_return_in_a_payload_does_not_end_it(t):
    t.start_bus()
    peer = t.join("k")
    t.publish(b'{"type":"publish","event_type":"k","payload":[1,\r2]}')
    payload = raw_payload(peer.expect_line())
    equal(payload.replace(b"\r", b""), b"[1,2]", "payload")


@scenario
def every_consumer_gets_the_same_bytes(t):
    t.start_bus()
    peers = [t.join("k") for _ in range(5)]
    t.publish(*[event("k", x) for x in VERBATIM])
    first = [peers[0].expect_line() for _ in VERBATIM]
    for peer in peers[1:]:
        equal([peer.expect_line() for _ in VERBATIM], first, "lines")


main()

"""`consume --jq`: what is printed, what is filtered, and how it goes with the other ways of taking events."""
import json
import os
import shutil
import subprocess

from harness import BINARY, ROOT, Skip, check, equal, event, main, matches, scenario
from totals import ended


def needs_jq():
    version = json.loads(subprocess.run([BINARY, "version", "--json"], check=True, capture_output=True).stdout)
    if not version["jq"]:
        raise Skip("built without libjq")


def start(t, *flags):
    """A consumer; its bus runs."""
    needs_jq()
    t.start_bus()
    return t.consume("k", *flags)


@scenario
def each_result_is_a_line(t):
    consumer = start(t, "--jq", ".n, .s?", "--max-events", "2")
    t.publish(event("k", {"n": 1, "s": "a b"}), event("k", b'{ "n" : [1,  {"x":null}] }'))
    ended(consumer, "limit", 2, filtered=0)
    equal(bytes(consumer.out), b'1\n"a b"\n[1,{"x":null}]\nnull\n', "stdout")


@scenario
def events_without_a_result_are_filtered_and_not_counted_by_max_events(t):
    consumer = start(t, "--jq", "select(.n % 3 == 0)", "--max-events", "3")
    t.publish(*[event("k", {"n": n}) for n in range(1, 20)])
    totals = ended(consumer, "limit", 9, handled=3, filtered=6, failed=0)
    equal(bytes(consumer.out), b'{"n":3}\n{"n":6}\n{"n":9}\n', "stdout")
    equal(totals["received"] + totals["dropped"] + totals["left"], 19, f"events of {totals}")


@scenario
def what_the_program_does_not_change_is_printed_byte_for_byte(t):
    payload = b'{ "n":12345678901234567890, "x":1.10,  "y":1e400, "n":1, "\\u00e9":"\\/" }'
    consumer = start(t, "--jq", "select(.n), .x", "--max-events", "1")
    t.publish(event("k", payload))
    ended(consumer, "limit", 1)
    equal(bytes(consumer.out).split(b"\n")[0], payload, "the event")
    check(bytes(consumer.out).split(b"\n")[1].startswith(b"1.1"), f"the number: {bytes(consumer.out)!r}")


@scenario
def raw_output_has_no_quotes(t):
    needs_jq()
    t.start_bus()
    for flag in ("-r", "--raw-output"):
        consumer = t.consume("k", "--jq", ".s, .n", flag, "--max-events", "1")
        t.publish(event("k", {"s": 'say "a\tb"\n', "n": 1}))
        ended(consumer, "limit", 1)
        equal(bytes(consumer.out), b'say "a\tb"\n\n1\n', "stdout")


@scenario
def raw_output_between_nuls(t):
    consumer = start(t, "--jq", ".[]", "-r", "-0", "--max-events", "1", "--timeout", "10min")
    t.publish(event("k", ["a\0b"]), event("k", ["a\nb", "", 1]))
    ended(consumer, "limit", 2, code=6, failed=1)
    equal(bytes(consumer.out), b"a\nb\0\x001\0", "stdout")
    matches("failed on seq=1: a raw string with a NUL", consumer.err)


@scenario
def a_command_gets_all_results_of_its_event(t):
    consumer = start(t, "--jq", ".[]", "--exec", 'sh -c \'echo "$CAFBUS_SEQ: $(tr "\\n" ,)"\'', "--max-events", "2")
    t.publish(event("k", [1, "a"]), event("k", []), event("k", [2]))
    ended(consumer, "limit", 3, handled=2, filtered=1)
    equal(bytes(consumer.out), b'1: 1,"a",\n3: 2,\n', "what the commands printed")


@scenario
def a_file_holds_all_results_of_its_event(t):
    consumer = start(t, "--jq", ".[]", "--output-dir", t.path("out"), "--max-events", "2")
    t.publish(event("k", [1, "a"]), event("k", []), event("k", [2]))
    ended(consumer, "limit", 3, handled=2, filtered=1)
    found = {}
    for name in os.listdir(t.path("out")):
        with open(t.path("out", name), "rb") as f:
            found[name] = f.read()
    equal(found, {"000000000001_k_.json": b'1\n"a"\n', "000000000003_k_.json": b"2\n"}, "files")


@scenario
def with_envelope_the_program_gets_the_whole_event(t):
    consumer = start(t, "--envelope", "--jq", "[.event_type, .event_id, .seq, .payload.n]", "--max-events", "1")
    t.publish(event("k", {"n": 5}, event_id="x"))
    ended(consumer, "limit", 1)
    equal(bytes(consumer.out), b'["k","x",1,5]\n', "stdout")


@scenario
def with_a_template_each_result_is_the_payload(t):
    consumer = start(t, "--jq", ".[]", "-r", "--format", "%i/%s %p", "--max-events", "1")
    t.publish(b'{"type":"publish","event_type":"k","event_id":"x","source_time":"17","payload":["a","b"]}')
    ended(consumer, "limit", 1)
    equal(bytes(consumer.out), b"x/17 a\nx/17 b\n", "stdout")
    consumer = t.consume("k", "--envelope", "--jq", ".seq", "--format", "%t=%p", "--max-events", "1")
    t.publish(event("k", 1))
    ended(consumer, "limit", 1)
    equal(bytes(consumer.out), b"k=1\n", "stdout with an envelope")


@scenario
def a_program_can_stand_in_a_file_and_have_modules_beside_it(t):
    os.mkdir(t.path("lib"))
    with open(t.path("lib", "words.jq"), "w", encoding="utf-8") as f:
        f.write("def greeting: \"hello \" + .;\n")
    with open(t.path("lib", "main.jq"), "w", encoding="utf-8") as f:
        f.write("\ufeff# greets\nimport \"words\" as w {search: \"./\"};\n.name\n| w::greeting\n")
    consumer = start(t, "--jq-file", t.path("lib", "main.jq"), "-r", "--max-events", "1")
    t.publish(event("k", {"name": "you"}))
    ended(consumer, "limit", 1)
    equal(bytes(consumer.out), b"hello you\n", "stdout")


@scenario
def totals_as_json_have_what_was_filtered(t):
    consumer = start(t, "--jq", "if . == 1 then empty elif . == 2 then error else . end", "--max-events", "1", "--json")
    t.publish(event("k", 1), event("k", 2), event("k", 3))
    consumer.expect_exit(6)
    equal(json.loads(bytes(consumer.err).splitlines()[-1]),
          {"received": 3, "handled": 1, "filtered": 1, "failed": 1, "dropped": 0, "left": 0, "jq_errors": 1,
           "confirmed": True, "reason": "limit", "exit_code": 6}, "totals")


@scenario
def real_webhooks_give_what_jq_gives(t):
    if not shutil.which("jq"):
        raise Skip("there is no jq here to compare with")
    path = os.path.join(ROOT, "tests", "data", "github-webhooks.ndjson")
    program = '.payload | select(.action) | [.action, .sender.login, (.repository.full_name // "-"), .repository.id]'
    expected = subprocess.run(["jq", "-c", program, path], check=True, capture_output=True).stdout
    needs_jq()
    t.start_bus()
    consumer = t.consume(">", "--envelope", "--jq", program, "--max-events", str(expected.count(b"\n")))
    t.run_cli("publish", path)
    consumer.expect_exit(0)
    equal(bytes(consumer.out), expected, "stdout")


main()

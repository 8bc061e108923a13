"""`./dev demo`: a bus, three consumers, and real GitHub webhooks; one consumer is too slow and finds out what it missed.

Two consumers are the real command. The third is a bare client of the socket, since it is to do what no sane client does:
it stops reading. Its losses are real: they are read from the wire and compared with what the bus counts.
"""
import collections
import json
import os
import sys

from harness import ROOT, Scenario, check

ROUNDS = 20
QUEUE = 16
SEVERAL = ["github.issues.opened", "github.issue_comment.created", "github.issue_comment.edited",
           "github.pull_request.opened"]
BOLD, DIM, PLAIN = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


def title(text):
    print(f"\n{BOLD}{text}{PLAIN}", flush=True)


def say(text):
    print("  " + text, flush=True)


def command(text):
    print(f"  {DIM}${PLAIN} {text}", flush=True)


def load():
    with open(os.path.join(ROOT, "tests", "data", "github-webhooks.ndjson"), encoding="utf-8") as f:
        return [json.loads(x) for x in f]


def round_of(events, number):
    """The events once more, with ids of their own: a bus delivers an id once."""
    return "".join(json.dumps({**x, "event_id": f"{x['event_id']}#{number}"}) + "\n" for x in events).encode()


def headline(payload):
    item = payload.get("issue") or payload.get("pull_request") or {}
    what = "pull request" if "pull_request" in payload else "comment on" if "comment" in payload else "issue"
    return f"{payload.get('action', '?'):8} {what:12} #{item.get('number', '?')} {str(item.get('title', ''))[:50]!r}"


def read_payloads(consumer, count):
    """The next payloads on the standard output of `cafbus consume`."""
    return [json.loads(consumer.expect_line("", "out").string) for _ in range(count)]


def show_headlines(payloads):
    for text, times in collections.Counter(map(headline, payloads)).items():
        say(f"  {times:3} x {text}")


def ranges(seqs):
    """[1, 2, 3, 9] as 1..3 and 9..9."""
    result = []
    for x in seqs:
        if result and result[-1][1] == x - 1:
            result[-1][1] = x
        else:
            result.append([x, x])
    return result


def show_gaps(seqs):
    last = 0
    for first, end in ranges(seqs):
        if first > last + 1:
            say(f"  seq {last + 1:4} .. {first - 1:4}   {BOLD}GAP: {first - 1 - last} events dropped{PLAIN}")
        say(f"  seq {first:4} .. {end:4}   {end - first + 1} events received")
        last = end


def demo(t):
    events = load()
    total = ROUNDS * len(events)
    types = sorted({x["event_type"] for x in events})
    wanted = collections.Counter(x["event_type"] for x in events)

    title("A bus")
    command(f"cafbus serve --queue-capacity {QUEUE} --write-timeout 1min")
    bus = t.start_bus("--queue-capacity", str(QUEUE), "--write-timeout", "1min")
    say(f"It is process {bus.pid}. It keeps {QUEUE} events for a consumer that is behind (the default is 65536), and closes one")
    say("that takes nothing for a minute (the default is 5 s), so that this demo can show the losses of one that comes back.")

    title("Three consumers")
    one = t.consume(SEVERAL[0])
    command(f"cafbus consume {SEVERAL[0]}")
    say(f"is process {one.pid} and wants one type of event")
    several = t.consume("discussion", "--types", ",".join(SEVERAL))
    command(f"cafbus consume discussion --types {SEVERAL[0]},...")
    say(f"is process {several.pid} and wants {len(SEVERAL)} types")
    slow = t.connect().hello("everything", types, pid=os.getpid())
    slow.expect_ack()
    say(f"A bare client of the socket (this script, process {os.getpid()}) wants all {len(types)} types. It is made slow by not")
    say("reading at all from here on, until everything has been published.")

    title(f"{total} real events")
    command(f"cafbus publish < github-webhooks.ndjson    # {len(events)} events, {ROUNDS} times, each time with new ids")
    from_one, from_several = [], []
    for number in range(1, ROUNDS + 1):
        t.run_cli("publish", input=round_of(events, number))
        from_one += read_payloads(one, wanted[SEVERAL[0]])
        from_several += read_payloads(several, sum(wanted[x] for x in SEVERAL))
    say(f"{total} events published; the two commands have printed theirs as they came.")

    title(f"The consumer of one type received {len(from_one)} events and lost none")
    show_headlines(from_one)
    title(f"The consumer of several types received {len(from_several)} events and lost none")
    show_headlines(from_several)

    seqs = []
    while not seqs or seqs[-1] < total:
        seqs.append(slow.expect_event()["seq"])
    title(f"The slow consumer reads again: {len(seqs)} of {total} events, and it knows which are missing")
    show_gaps(seqs)
    say(f"What the kernel and its queue of {QUEUE} could hold was kept; in between, the oldest were dropped. Nobody else noticed.")

    title("The bus says the same")
    command("cafbus status")
    status = t.status()
    for line in t.run_cli("status").out.decode().splitlines():
        say(line)
    dropped = next(x["dropped"] for x in status["consumers"] if x["pid"] == os.getpid())
    check(dropped == total - len(seqs) > 0, f"the bus counts {dropped} dropped, the consumer misses {total - len(seqs)}")

    title("The end")
    command("cafbus stop --force")
    t.run_cli("stop", "--force")
    bus.expect_exit(0)
    farewell = slow.expect_frame("bye")
    say(f"the bus says bye to everybody: {farewell['reason']!r}")
    for consumer in (one, several):
        consumer.expect_exit(3)  # the bus ended under it
        say(f"process {consumer.pid}: " + consumer.err.decode().splitlines()[-1])


def main():
    t = Scenario()
    try:
        demo(t)
        t.finish()
    finally:
        t.clean_up()


if __name__ == "__main__":
    main()

"""systemd understands the units, and what they run is what the program takes."""
import os
import subprocess

from kitchen import BINARY, RECIPES, Skip, check, equal, main, needs, on_the_path, scenario

UNITS = ["webhooks-bus.service", "webhooks-on-push.service"]


def commands(t):
    """Of each unit its command, with what systemd would put in place of %h."""
    for unit in UNITS:
        with open(os.path.join(RECIPES, "systemd", unit), encoding="utf-8") as file:
            found = [x.removeprefix("ExecStart=/usr/bin/cafbus ") for x in file.read().splitlines() if "ExecStart" in x]
        yield found[0].replace("%h", t.dir)


@scenario
def systemd_finds_no_fault(t):
    needs("systemd-analyze")
    for unit in UNITS:
        with open(os.path.join(RECIPES, "systemd", unit), encoding="utf-8") as file:
            text = file.read()
        with open(t.path(unit), "w", encoding="utf-8") as file:
            file.write(text.replace("/usr/bin/cafbus", os.path.abspath(BINARY)))
    done = subprocess.run(["systemd-analyze", "verify", "--user", "--man=no", *UNITS], cwd=t.dir, capture_output=True,
                          text=True, env={**t.env, "XDG_RUNTIME_DIR": t.dir})
    if "Failed to initialize manager" in done.stderr:
        raise Skip("no manager can be made here, as in some containers")
    equal(done.returncode, 0, "exit code")
    check(not done.stderr.strip(), f"a complaint: {done.stderr}")


@scenario
def a_line_in_the_file_reaches_the_command(t):
    serve, consume = commands(on_the_path(t))
    heard = t.path("heard")
    with open(t.path("webhooks.ndjson"), "w", encoding="utf-8"):
        pass
    bus = t.start(["sh", "-c", f"exec cafbus {serve} --start-sources at-once"])
    bus.expect_line("serving socket=")
    consumer = t.start(["sh", "-c", "exec cafbus " + consume.replace("logger -t on-push", f"tee {heard}")])
    consumer.expect_line(r"\[cafbus\] ready")
    with open(t.path("webhooks.ndjson"), "a", encoding="utf-8") as file:
        file.write('{"event_type":"github.push","payload":{"ref":"main"}}\n')
    consumer.expect_output([b'{"ref":"main"}'])
    consumer.signal(15)
    consumer.expect_exit(0)
    bus.signal(15)
    bus.expect_exit(0)


main()

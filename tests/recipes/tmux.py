"""The session has two panes: events come to the one, the state of the bus to the other."""
import subprocess

from kitchen import WAIT, Deadline, await_consumers, check, event, main, needs, scenario, start_recipe


@scenario
def events_and_state_are_shown(t):
    needs("tmux")
    t.start_bus()
    t.env |= {"TMUX_TMPDIR": t.dir, "TERM": "xterm"}

    def tmux(*words):
        return subprocess.run(["tmux", *words], env=t.env, capture_output=True, text=True, check=True).stdout

    start_recipe(t, "tmux.sh", "my.key").expect_exit(0)
    try:
        await_consumers(t, "my.key")
        t.publish(event("my.key", {"shown": 1}))
        for pane, wanted in (("0", '{"shown":1}'), ("1", "my.key")):
            deadline = Deadline(WAIT, lambda: f"{wanted} in pane {pane}: {seen}")
            while wanted not in (seen := tmux("capture-pane", "-p", "-t", f"cafbus:0.{pane}")):
                deadline.left_ms()
        check("my.key" in tmux("list-windows", "-t", "cafbus"), "the window has the key's name")
    finally:
        tmux("kill-server")


main()

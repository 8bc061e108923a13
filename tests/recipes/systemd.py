"""systemd understands the units and their hardening, and what they run with the recipe's options is what the program takes.
With CAFBUS_TEST_MANAGER=1, and as root, a user manager of systemd runs them, in namespaces of its own."""
import os
import re
import shlex
import subprocess

from kitchen import BINARY, RECIPES, Skip, check, equal, main, needs, on_the_path, scenario

UNITS = os.path.join(os.path.dirname(os.path.dirname(RECIPES)), "config", "systemd")
NAMES = ["cafbus@.service", "cafbus@.socket", "cafbus-consume@.service"]


def unit(manager, name):
    path = os.path.join(UNITS, manager, name)
    with open(path if os.path.exists(path) else path + ".in", encoding="utf-8") as file:
        return file.read().replace("@CMAKE_INSTALL_FULL_BINDIR@/cafbus", os.path.abspath(BINARY))


def command(name, instance, variables):
    """What the unit runs, as systemd puts it together."""
    line = re.search(r"^ExecStart=\S+ (.*)$", unit("user", name), re.M)[1].replace("%i", instance)
    return [y for x in line.split() for y in (shlex.split(variables[x[1:]]) if x.startswith("$") else [x])]


def variables_of(name):
    with open(os.path.join(RECIPES, "systemd", name), encoding="utf-8") as file:
        return dict(x.split("=", 1) for x in file.read().splitlines() if not x.startswith("#"))


def write_units(t, manager):
    os.mkdir(t.path(manager))
    for name in NAMES:
        with open(t.path(manager, name), "w", encoding="utf-8") as file:
            file.write(unit(manager, name))
    return t.path(manager)


@scenario
def systemd_finds_no_fault(t):
    needs("systemd-analyze")
    for manager in ("system", "user"):
        folder = write_units(t, manager)
        names = [x.replace("@", "@x") for x in NAMES]
        for name, instance in zip(NAMES, names):
            os.symlink(name, os.path.join(folder, instance))
        done = subprocess.run(["systemd-analyze", "verify", f"--{manager}", "--man=no", *names], cwd=folder,
                              capture_output=True, text=True, env={**t.env, "XDG_RUNTIME_DIR": t.dir})
        if "Failed to initialize manager" in done.stderr:
            raise Skip("no manager can be made here, as in some containers")
        wrong = [x for x in done.stderr.splitlines() if os.path.basename(folder) in x or "cafbus" in x]
        equal((done.returncode, wrong), (0, []), f"{manager}: exit code and complaints")


@scenario
def the_bus_of_the_system_is_sandboxed(t):
    needs("systemd-analyze")
    folder = write_units(t, "system")
    os.rename(os.path.join(folder, "cafbus@.service"), os.path.join(folder, "cafbus@x.service"))
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "./cafbus@x.service"], cwd=folder,
                          capture_output=True, text=True, env={**t.env, "LC_ALL": "C.UTF-8"})
    level = re.search(r"exposure level for \S+ ([\d.]+)", done.stdout)
    if not level:
        raise Skip(f"this systemd-analyze does not tell: {done.stderr}")
    check(float(level[1]) < 2.5, f"exposure {level[1]}")


#: Starts a manager that finds nothing but our units, then runs the steps. $1: folder of its configuration, $2: steps.
BOOT = """
set -e
mount -t tmpfs -o mode=755 none /run
mkdir -p /run/systemd/system /run/user/0
chmod 700 /run/user/0
unset CAFBUS_CONFIG
export XDG_RUNTIME_DIR=/run/user/0 XDG_CONFIG_HOME="$1" CAFBUS_DIR=/run/user/0/cafbus CAFBUS_APP=shop
until_true() {
  i=0
  until "$@"; do i=$((i + 1)); [ $i -lt 600 ] || { echo "in vain: $*" >&2; exit 1; }; sleep 0.05; done
}
inactive() {
  ! systemctl --user --quiet is-active "$1"
}
/usr/lib/systemd/systemd --user --unit=none.target >"$1/log" 2>&1 &
until_true test -S /run/user/0/systemd/private
eval "$2"
kill $!
wait $! || true
"""

STEPS = """
printf 'drain = 1s\n' >"$1/cafbus/cafbus.conf"
systemctl --user start cafbus@shop.socket
inactive cafbus@shop.service
cafbus consume k --no-spawn --timeout 100ms
systemctl --user is-active cafbus@shop.service
systemctl --user show cafbus@shop.service -p Type -p WatchdogUSec
printf 'drain = soon\n' >"$1/cafbus/cafbus.conf"
if systemctl --user reload cafbus@shop.service; then exit 1; fi
printf 'idle-timeout = 100ms\n' >"$1/cafbus/cafbus.conf"
systemctl --user reload cafbus@shop.service
until_true inactive cafbus@shop.service
systemctl --user is-active cafbus@shop.socket
rm "$1/cafbus/cafbus.conf"
systemctl --user start cafbus-consume@one.service
for payload in 1 2; do
  echo '{"event_type":"k","payload":'$payload'}' | cafbus publish --no-spawn --wait-for-consumer 20s
  until_true grep -qx $payload "$1/heard"
  cafbus stop --force
done
systemctl --user stop cafbus-consume@one.service cafbus@shop.socket cafbus@shop.service
test ! -e /run/user/0/cafbus/shop/bus.sock
"""


@scenario
def a_manager_of_systemd_runs_the_units(t):
    if not os.environ.get("CAFBUS_TEST_MANAGER") or os.geteuid() != 0:
        raise Skip("only as root and with CAFBUS_TEST_MANAGER=1")
    needs("unshare", "systemctl")
    folder = t.path("manager")
    os.makedirs(os.path.join(folder, "systemd"))
    os.mkdir(os.path.join(folder, "cafbus"))
    os.rename(write_units(on_the_path(t), "user"), os.path.join(folder, "systemd", "user"))
    for name, lines in (("cafbus/shop.env", ["CAFBUS_LOG_TO=file"]),  # there is no journal
                        ("cafbus/consume-one.env", ["CAFBUS_APP=shop", f'CONSUME=k --exec "tee -a {folder}/heard"']),
                        ("systemd/user/none.target", ["[Unit]", "Description=Nothing"])):
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
    done = t.start(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", BOOT, "sh",
                    folder, STEPS]).expect_exit(0)
    equal(bytes(done.out).decode().splitlines()[:4], ["active", "Type=notify", "WatchdogUSec=30s", "active"])


@scenario
def a_line_in_the_file_reaches_the_command(t):
    on_the_path(t)
    heard = t.path("heard")
    with open(t.path("webhooks.ndjson"), "w", encoding="utf-8"):
        pass
    bus = t.start(["cafbus", *command("cafbus@.service", "webhooks", {}), "--start-sources", "at-once"],
                  env=variables_of("webhooks.env"))
    bus.expect_line("serving socket=")
    options = variables_of("consume-on-push.env")
    consume = command("cafbus-consume@.service", "on-push", options)
    consumer = t.start(["cafbus", *[x.replace("logger -t on-push", f"tee {heard}") for x in consume]], env=options)
    consumer.expect_line(r"\[cafbus\] ready")
    with open(t.path("webhooks.ndjson"), "a", encoding="utf-8") as file:
        file.write('{"event_type":"github.push","payload":{"ref":"main"}}\n')
    consumer.expect_output([b'{"ref":"main"}'])
    consumer.signal(15)
    consumer.expect_exit(0)
    bus.signal(15)
    bus.expect_exit(0)


main()

// Where a bus listens, how to start one, and how long to wait before the next try.
import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import net from "node:net";
import { userInfo } from "node:os";
import path from "node:path";

import { BusError, BusStopping, BusUnavailable, CafbusError, ConnectionLost, InvalidOption, Rejected } from "./errors.js";
import { CONNECT, checked, shown } from "./options.js";

function baseDir(directory) {
  if (directory || process.env.CAFBUS_DIR) return path.resolve(directory || process.env.CAFBUS_DIR);
  const uid = process.geteuid();
  const owner = (folder) => statSync(folder, { throwIfNoEntry: false })?.uid;
  for (const runtime of [process.env.XDG_RUNTIME_DIR ?? "", `/run/user/${uid}`])
    if (runtime.startsWith("/") && owner(runtime) === uid) return path.resolve(runtime, "cafbus");
  const home = process.env.HOME ?? "";
  const isOurs = [uid, 0].includes(owner(home)); // unlike that of sudo's caller
  return path.resolve(isOurs ? home : userInfo().homedir, ".cafbus");
}

/** One app's bus, and the program that starts it. */
export class Place {
  constructor(options) {
    const { app = "default", directory, program = "cafbus", start = true, timeout = 15_000 } = checked("connect", options, CONNECT);
    if (!/^\w[\w.-]{0,63}$/.test(app))
      throw new InvalidOption(
        `app must be 1 to 64 letters, digits, '_', '-' and '.', with neither of the last two in front, not ${shown(app)}`);
    Object.assign(this, { app, base: baseDir(directory), program, start, timeout });
    this.folder = path.join(this.base, app);
    this.socket = path.join(this.folder, "bus.sock");
  }

  /** A connection to the bus, which is started if need be. */
  async dial(mayStart = true) {
    for (const isSecond of [false, true]) {
      try {
        return await this.#connect();
      } catch (why) {
        if (why instanceof CafbusError) throw why;
        if (why.code !== "ENOENT" && why.code !== "ECONNREFUSED")
          throw new BusUnavailable("unreachable", `cannot connect to ${this.socket}: ${why.message}`);
        if (isSecond || !mayStart) break;
      }
      await this.#startBus();
    }
    throw new BusUnavailable("not_running", `no bus is running at ${this.socket}`);
  }

  /** Node does not tell who the peer is; so it is the owner of the socket who must be us or root. */
  #connect() {
    const { uid } = statSync(this.socket);
    if (uid !== process.geteuid() && uid !== 0)
      throw new BusUnavailable("untrusted", `the bus belongs to user ${uid}, which is neither us nor root`);
    return new Promise((resolve, reject) => {
      const socket = net.connect({ path: this.socket, allowHalfOpen: false });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        socket.on("error", () => {}); // the end of the stream tells
        resolve(socket);
      });
    });
  }

  #startBus() {
    if (!this.start) throw new BusUnavailable("not_running", `no bus is running at ${this.socket}`);
    if (existsSync(`${this.folder}/bus.hold`)) // `start` would clear it: that is for people to do
      throw new BusUnavailable("held_back", `the bus is held back by ${this.folder}/bus.hold; \`cafbus start\` clears it`);
    return new Promise((resolve, reject) => {
      execFile(this.program, ["start", "--app", this.app, "--dir", this.base], (error, _, said) => {
        if (!error) resolve();
        else reject(new BusUnavailable("start_failed", `the bus could not be started: ${said.trim() || error.message}`));
      });
    });
  }
}

/** Whether another try may find a bus that serves us. */
export function mayComeBack(why) {
  if (why instanceof BusUnavailable) return ["not_running", "held_back", "no_answer", "unreachable"].includes(why.code);
  if (why instanceof Rejected) return why.isTemporary;
  if (why instanceof BusError)
    return ["shutting_down", "too_many_half_open", "too_many_connections", "hello_timeout"].includes(why.code);
  return why instanceof BusStopping || why instanceof ConnectionLost;
}

/** Pauses that double from the shortest to the longest, each changed by up to a fifth; in milliseconds. */
export class Backoff {
  #next = 100;

  pause() {
    const now = this.#next;
    this.#next = Math.min(2 * now, 5_000);
    return now * (0.8 + 0.4 * Math.random());
  }

  reset() {
    this.#next = 100;
  }
}

// One connection, by frames. The socket is read only while somebody waits, so that a slow reader slows the bus and not the
// memory.
import { BusError, BusStopping, BusUnavailable, ConnectionLost } from "./errors.js";
import { decode } from "./frames.js";
import { LineSplitter, MAX_ANSWER } from "./lines.js";

// Errors after which the connection goes on.
const HARMLESS = ["unexpected_frame", "bad_subscription"];

export class Connection {
  #socket;
  #chunks;
  #splitter = new LineSplitter(MAX_ANSWER);
  #lines = this.#splitter[Symbol.iterator]();
  #timeout;

  constructor(socket, timeout) {
    this.#socket = socket;
    this.#timeout = timeout;
    this.#chunks = socket[Symbol.asyncIterator]({ destroyOnReturn: true });
  }

  /** Sends; waits while the socket takes no more. What the bus said before it closed is read next. */
  async send(data) {
    if (this.#socket.destroyed || this.#socket.write(data)) return;
    await new Promise((resolve) => {
      const done = () => {
        this.#socket.off("drain", done).off("close", done);
        resolve();
      };
      this.#socket.once("drain", done).once("close", done);
    });
  }

  /** The frames that came, null if nothing has been read yet; bye and errors are thrown. */
  buffered() {
    for (;;) {
      const { value: line, done } = this.#lines.next();
      if (done) {
        this.#lines = this.#splitter[Symbol.iterator]();
        return null;
      }
      if (!line.length) continue;
      const frame = decode(line);
      if (frame.type === "bye" && frame.reason?.startsWith("filter_failed")) throw new BusError("filter_failed", frame.reason);
      if (frame.type === "bye") throw new BusStopping("bye", frame.reason ?? "the bus has said bye");
      if (frame.type === "error" && !HARMLESS.includes(frame.code))
        throw new BusError(frame.code ?? "", frame.message ?? "");
      return frame;
    }
  }

  /** The next frame. */
  async next() {
    for (;;) {
      const frame = this.buffered();
      if (frame) return frame;
      const { value, done } = await this.#chunks.next().catch(() => ({ done: true }));
      if (done) {
        const cut = this.#splitter.pending ? " within a frame" : "";
        throw new ConnectionLost(`the bus has closed the connection${cut} without a word`);
      }
      this.#splitter.feed(value);
    }
  }

  /** The next frame of one of these types, within the time for answers; others are handed to `meanwhile`. */
  async answer(types, meanwhile = () => {}) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(reject, this.#timeout, new BusUnavailable("no_answer", "the bus has not answered in time"));
    });
    try {
      for (;;) {
        const frame = await Promise.race([this.next(), late]);
        if ([types].flat().includes(frame.type)) return frame;
        meanwhile(frame);
      }
    } finally {
      clearTimeout(timer);
      late.catch(() => {});
    }
  }

  close(lastWords) {
    if (lastWords && !this.#socket.destroyed) this.#socket.write(lastWords, () => this.#socket.destroy());
    else this.#socket.destroy();
  }
}

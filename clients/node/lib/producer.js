// One connection that publishes. Its answers are read all the time, so that the end of the bus is seen when it comes.
import { BusStopping, BusUnavailable, ConnectionLost } from "./errors.js";
import { encodePublish } from "./events.js";
import { encode } from "./frames.js";

const BATCH = 65_536;

const settled = (x) => x.accepted + x.duplicates + x.rejected;

function since(after, before) {
  const result = {};
  for (const name of ["accepted", "duplicates", "rejected", "unmatched"])
    if (after[name] !== undefined) result[name] = after[name] - (before[name] ?? 0);
  if (after.consumers !== undefined) result.consumers = after.consumers;
  return result;
}

export class Producer {
  #connection;
  #timeout;
  #sent = 0;
  #totals = { accepted: 0, duplicates: 0, rejected: 0 };
  #failure = null;
  #wake = () => {};

  constructor(connection, timeout) {
    this.#connection = connection;
    this.#timeout = timeout;
    this.#listen();
  }

  get isOpen() {
    return this.#failure === null;
  }

  /** Publishes events and returns what became of them when the bus has answered for all. */
  async publish(events) {
    const before = this.#totals;
    try {
      await this.#sendAll(events);
      while (this.#sent > settled(this.#totals)) await this.#progress();
    } catch (why) {
      this.close(); // the totals would not be those of the next call
      throw why;
    }
    return since(this.#totals, before);
  }

  close() {
    this.#failure ??= new BusStopping("closed", "the connection is closed");
    this.#connection.close(encode({ type: "bye" }));
    this.#wake();
  }

  async #listen() {
    try {
      for (;;) {
        const frame = await this.#connection.next();
        if (frame.type === "publish_ack") this.#totals = frame;
        this.#wake();
      }
    } catch (why) {
      this.#failure ??= why;
      this.#connection.close();
      this.#wake();
    }
  }

  /** Until the bus has said something. */
  async #progress() {
    if (this.#failure) throw this.#inDoubt(this.#failure);
    let timer;
    const isLate = await new Promise((resolve) => {
      this.#wake = () => resolve(false);
      timer = setTimeout(resolve, this.#timeout, true);
    });
    clearTimeout(timer);
    if (isLate) throw new BusUnavailable("no_answer", "the bus has not answered in time");
  }

  #inDoubt(why) {
    if (!(why instanceof ConnectionLost || why instanceof BusStopping)) return why;
    const unsettled = this.#sent - settled(this.#totals);
    return new ConnectionLost(`${why.message}; ${unsettled} events are in doubt`, unsettled);
  }

  async #sendAll(events) {
    let waiting = [];
    let bytes = 0;
    const flush = async () => {
      const data = Buffer.concat(waiting);
      this.#sent += waiting.length;
      [waiting, bytes] = [[], 0];
      await this.#connection.send(data);
    };
    for await (const event of events) {
      const frame = encodePublish(event);
      waiting.push(frame);
      bytes += frame.length;
      if (bytes >= BATCH) await flush();
    }
    await flush();
  }
}

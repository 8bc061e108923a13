import { setTimeout as sleep } from "node:timers/promises";

import { Connection } from "./connection.js";
import { BusError, BusStopping, CafbusError, InvalidOption, ProtocolError, Rejected, Unsupported } from "./errors.js";
import { Event } from "./events.js";
import { encode } from "./frames.js";
import { CHANGE, NACK, REPORT, checked, checkedSubscription, shown } from "./options.js";
import { Backoff, mayComeBack } from "./places.js";

const BYE = encode({ type: "bye" });

/** Events missed before this one; `last` is the number of the one before. 0 and what came before say nothing. */
export function missedBefore(seq, last) {
  return seq > last ? Number(BigInt(seq) - BigInt(last)) - 1 : 0;
}

/** The `replay` of a hello; undefined if nothing is asked for. */
function past({ last, since, latest, cursor }) {
  const wishes = Object.entries({ last, since: since instanceof Date ? since.toISOString() : since, latest, cursor })
    .filter(([, value]) => value);
  return wishes.length ? Object.fromEntries(wishes) : undefined;
}

export class Consumer {
  #place;
  #key;
  #options;
  #connection = null;
  #ack = {};
  #last = 0; // sequence number
  #ready = []; // events that came while something else was waited for
  #reconnected = false;
  #mayStart = true;
  #closed = new AbortController();
  #backoff = new Backoff();
  #past; // what the next hello asks for
  #resumes = false; // that is behind the last event, and not what the user has asked for
  #began = ""; // when the first connection was made
  #gap = {}; // the last that the bus has told of
  #cameBy = new WeakMap(); // of events: their connections, whose numbers they have
  #missing = null; // at the start of this connection: { count, reason }
  cursor = "";
  dropped = 0;

  constructor(place, key, options) {
    this.#place = place;
    this.#key = key;
    this.#options = { reconnect: true, ...checkedSubscription(key, options) };
    this.#past = past(this.#options);
    this.cursor = this.#options.cursor || "";
  }

  get capabilities() {
    return this.#ack.capabilities ?? [];
  }

  get first() {
    return this.#ack.first_for_key ?? false;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next() {
    while (!this.#closed.signal.aborted) {
      try {
        if (this.#ready.length) {
          const value = this.#ready.shift();
          this.cursor = value.cursor ?? this.cursor;
          return { value, done: false };
        }
        if (!this.#connection) await this.open();
        this.#take(await this.#connection.next());
      } catch (why) {
        await this.#recover(why);
      }
    }
    return { value: undefined, done: true };
  }

  /** Of `for await`: leaving the loop ends the subscription. */
  async return() {
    await this.close();
    return { value: undefined, done: true };
  }

  async isLast() {
    const { subscriptionId } = this.#options;
    const asked = { type: "pre_shutdown_check", event_key: this.#key };
    if (subscriptionId) asked.subscription_id = subscriptionId;
    return this.#connection !== null && ((await this.#ask(asked, "pre_shutdown_ack")).last_for_key ?? false);
  }

  subscribe(names) {
    return this.#change("subscribe", names);
  }

  unsubscribe(names) {
    return this.#change("unsubscribe", names);
  }

  async ack(event) {
    return this.#settle(event, "ack");
  }

  async nack(event, options = {}) {
    const delay_ms = Math.round(checked("nack", options, NACK).delay ?? 0);
    return this.#settle(event, "nack", delay_ms ? { delay_ms } : {});
  }

  async report(totals) {
    const { handled, failed = 0, lost = 0 } = checked("report", totals, REPORT);
    if (handled === undefined) throw new InvalidOption("report needs handled, the number of events that were");
    if (!this.#connection || !this.capabilities.includes("stats")) return;
    await this.#connection.send(encode({ type: "stats", handled, failed, lost })).catch(() => {}); // as in #settle
  }

  async #settle(event, type, more = {}) {
    if (!this.#options.ack) throw new InvalidOption("only a subscription with a group and ack confirms events");
    if (!(event instanceof Event)) throw new InvalidOption(`${type} takes an event of this consumer, not ${shown(event)}`);
    const connection = this.#connection;
    if (!connection || this.#cameBy.get(event) !== connection) return;
    await connection.send(encode({ type, seq: event.seq, ...more })).catch(() => {}); // that it is lost is told by `next`
  }

  async #change(type, names) {
    const { types = [], patterns = [] } = checked(type, names, CHANGE);
    if (!this.capabilities.includes("patterns")) throw new Unsupported("patterns", "the bus cannot change a subscription");
    if (!this.#connection) await this.open();
    const answer = await this.#ask({ type, event_types: types, patterns }, ["subscribed", "error"]);
    if (answer.type === "error") throw new BusError(answer.code ?? "", answer.message ?? "");
    Object.assign(this.#options, { types: answer.event_types ?? [], patterns: answer.patterns ?? [] });
  }

  async #ask(frame, types) {
    const connection = this.#connection;
    try {
      await connection.send(encode(frame));
      return await connection.answer(types, (x) => this.#take(x));
    } catch (why) {
      connection.close(); // its next frames would be somebody else's
      throw why;
    }
  }

  async close() {
    this.#closed.abort();
    this.#ready = [];
    this.#connection?.close(BYE);
    this.#connection = null;
  }

  async open() {
    const connection = new Connection(await this.#place.dial(this.#mayStart), this.#place.timeout);
    try {
      if (this.#closed.signal.aborted) throw new BusStopping("closed", "the consumer is closed");
      this.#began ||= new Date().toISOString();
      await connection.send(this.#hello());
      const ack = await connection.answer("hello_ack", (frame) => {
        if (frame.type === "event") throw new ProtocolError("no_hello_ack", "the bus sent an event before its hello_ack");
      });
      if (ack.rejected) throw new Rejected(ack.reject_code ?? "", ack.reject_reason ?? "the bus gave no reason");
      const missing = this.#needed().find((x) => !ack.capabilities?.includes(x));
      if (missing) throw new Unsupported(missing, `the bus does not know of ${missing}`);
      this.#ack = ack;
      this.#connection = connection;
      this.#last = 0;
      const mayResume = ack.capabilities?.includes("cursor") && !this.#options.group;
      if (mayResume && !this.#past) [this.#past, this.#resumes] = [{ since: this.#began }, true];
      this.#backoff.reset();
    } catch (why) {
      connection.close();
      throw why;
    }
  }

  #hello() {
    const { types = [], patterns = [], filter = [], onFilterError, subscriptionId, exclusive, onFirst, onLast } = this.#options;
    const { group, ack, maxInFlight, maxAttempts } = this.#options;
    const hello = {
      type: "hello", pid: process.pid, event_key: this.#key,
      event_types: types.length || patterns.length ? types : [this.#key], version: "v1",
      capabilities: this.#options.reconnect || this.#past ? ["gap", "cursor"] : ["gap"],
    };
    if (this.#past) hello.replay = this.#past;
    if (patterns.length) hello.patterns = patterns;
    if (filter.length) hello.filter = filter;
    if (onFilterError) hello.on_filter_error = onFilterError;
    if (group) hello.group = group;
    if (ack) hello.ack = true;
    if (maxInFlight) hello.max_in_flight = maxInFlight;
    if (maxAttempts) hello.max_attempts = maxAttempts;
    if (subscriptionId) hello.subscription_id = subscriptionId;
    if (exclusive) hello.exclusive = true;
    if (onFirst) hello.on_first = onFirst;
    if (onLast) hello.on_last = onLast;
    if (onFirst || onLast) Object.assign(hello, { hook_env: { ...process.env }, hook_dir: process.cwd() });
    return encode(hello);
  }

  #needed() {
    const { require = [], patterns = [], filter = [], group, exclusive, onFirst, onLast } = this.#options;
    return [...require, ...(exclusive ? ["exclusive"] : []), ...(patterns.length ? ["patterns"] : []),
      ...(filter.length ? ["filter"] : []), ...(group ? ["group"] : []), ...(this.#past && !this.#resumes ? ["cursor"] : []),
      ...(onFirst || onLast ? ["hooks"] : [])];
  }

  #take(frame) {
    if (frame.type === "event") {
      const missed = missedBefore(frame.seq ?? 0, this.#last);
      if (frame.seq > this.#last) this.#last = frame.seq;
      this.dropped += missed;
      const told = missed && BigInt(this.#gap.to_seq ?? 0) === BigInt(frame.seq) - 1n ? this.#gap.reason : undefined;
      const { count = 0, reason = told } = this.#missing ?? {};
      const event = new Event(frame, missed + count, this.#reconnected, reason);
      this.#ready.push(event);
      this.#cameBy.set(event, this.#connection);
      this.#reconnected = false;
      this.#missing = null;
      if (frame.cursor) [this.#past, this.#resumes] = [{ cursor: frame.cursor }, true];
    } else if (frame.type === "gap") {
      if (["expired", "restart"].includes(frame.reason)) this.#missing = { count: Number(frame.count ?? 0), reason: frame.reason };
      else this.#gap = frame;
    } else if (frame.type === "source_status") {
      this.#options.onSource?.({ source: frame.source ?? "", state: frame.state ?? "", detail: frame.detail ?? "" });
    }
  }

  /** Gets ready for another connection, or throws. */
  async #recover(why) {
    this.#connection?.close();
    this.#connection = null;
    if (this.#closed.signal.aborted) return;
    if (why instanceof Rejected && why.code === "bad_hello" && this.#resumes && this.#options.reconnect) {
      [this.#past, this.#resumes, this.#missing] = [undefined, false, { reason: "no_history" }];
      return; // the bus keeps no past events: go on from now
    }
    if (!(why instanceof CafbusError) || !this.#options.reconnect || !mayComeBack(why)) {
      this.#closed.abort();
      throw why;
    }
    // who stopped the bus meant it: wait for another one, and start none
    if (why instanceof BusStopping) this.#mayStart = false;
    this.#reconnected = true;
    await sleep(this.#backoff.pause(), undefined, { signal: this.#closed.signal }).catch(() => {});
  }
}

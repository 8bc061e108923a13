import { Connection } from "./connection.js";
import { Consumer } from "./consumer.js";
import { InvalidOption } from "./errors.js";
import { encodePublish } from "./events.js";
import { encode } from "./frames.js";
import { STATUS, checked, shown } from "./options.js";
import { Place } from "./places.js";
import { Producer } from "./producer.js";

class Bus {
  #place;
  #producer = null;
  #turn = Promise.resolve(); // one publisher after the other

  constructor(place) {
    this.#place = place;
  }

  async subscribe(key, options = {}) {
    const consumer = new Consumer(this.#place, key, options);
    await consumer.open();
    return consumer;
  }

  async publish(event) {
    encodePublish(event); // what cannot be an event costs no connection
    return this.publishMany([event]);
  }

  async publishMany(events) {
    if (!events?.[Symbol.iterator] && !events?.[Symbol.asyncIterator])
      throw new InvalidOption(`publishMany takes a list of events { type, payload }, or what iterates over them, not ${shown(events)}`);
    const mine = this.#turn.then(async () => (await this.#open()).publish(events));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async status(options = {}) {
    checked("status", options, STATUS);
    const connection = new Connection(await this.#place.dial(), this.#place.timeout);
    try {
      await connection.send(encode({ type: "status_query" }));
      return await connection.answer("status_response");
    } finally {
      connection.close();
    }
  }

  async close() {
    await this.#turn;
    this.#producer?.close();
    this.#producer = null;
  }

  /** A connection for publishing; one that the bus has ended meanwhile is replaced. */
  async #open() {
    for (let turn = 0; this.#producer && turn < 3; ++turn) // bye, end and close may each take one of the event loop
      await new Promise(setImmediate);
    if (!this.#producer?.isOpen)
      this.#producer = new Producer(new Connection(await this.#place.dial(), this.#place.timeout), this.#place.timeout);
    return this.#producer;
  }
}

export async function connect(options = {}) {
  const bus = new Bus(new Place(options));
  await bus.status();
  return bus;
}

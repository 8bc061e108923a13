// The conformance vectors of messages/vectors.
import assert from "node:assert/strict";
import net from "node:net";
import test from "node:test";

import { LineSplitter, decode, encode, encodePublish, fromCloudEvent, toCloudEventJson } from "../index.js";
import { Event } from "../lib/events.js";
import * as json from "../lib/json.js";
import { ownPlace, vectors, vectorsText } from "./support.js";

const lineOf = (vector) => (vector.hex === undefined ? Buffer.from(vector.text) : Buffer.from(vector.hex, "hex"));

/** As JSON.parse, but integers that a number cannot hold are bigints. */
function exact(raw) {
  if (raw[0] === 0x7b) return Object.fromEntries([...json.fields(raw)].map(([key, value]) => [key, exact(value)]));
  if (raw[0] === 0x5b) return json.elements(raw).map(exact);
  const value = json.parse(raw);
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? BigInt(raw.toString()) : value;
}

const frames = () => exact(vectorsText("frames"));

test("lines are read as the vectors say", () => {
  for (const vector of frames().frames) {
    const { payload, ...found } = decode(lineOf(vector));
    assert.deepEqual(found, vector.fields, vector.name);
    assert.equal(payload?.toString(), vector.payload, vector.name);
  }
});

test("frames are written as the vectors say", () => {
  for (const vector of frames().frames.filter((x) => x.written)) {
    const payload = vector.payload === undefined ? {} : { payload: Buffer.from(vector.payload) };
    assert.equal(encode({ ...vector.fields, ...payload }).toString(), `${vector.text}\n`, vector.name);
  }
});

test("lines that are no frames are told", () => {
  for (const vector of vectors("frames").errors)
    assert.throws(() => decode(lineOf(vector)), { name: "ProtocolError", code: vector.error }, JSON.stringify(vector));
});

test("lines come out wherever the stream is cut", () => {
  const check = (vector, parts) => {
    const splitter = new LineSplitter(vector.limit);
    const lines = [];
    let tooLong = false;
    for (const part of parts) {
      splitter.feed(part);
      try {
        for (const line of splitter) lines.push(line.toString());
      } catch {
        tooLong = true;
      }
    }
    assert.deepEqual([lines, tooLong], [vector.lines, vector.too_long], vector.name);
    if (!tooLong) assert.equal(splitter.pending, Buffer.byteLength(vector.rest), vector.name);
  };
  for (const vector of vectors("splits").splits) {
    const stream = Buffer.from(vector.stream);
    for (let at = 0; at <= stream.length; ++at) check(vector, [stream.subarray(0, at), stream.subarray(at)]);
    check(vector, Array.from(stream, (byte) => Buffer.from([byte])));
  }
});

test("the bus answers as the vectors say", async (t) => {
  const { run, options } = ownPlace(t);
  run("start");
  for (const vector of vectors("answers").answers) {
    const socket = net.connect(`${options.directory}/default/bus.sock`);
    socket.on("error", () => {}); // the bus may close before it has read everything
    const repeat = vector.repeat ?? { text: "", times: 0 };
    socket.write(vector.send.join("") + repeat.text.repeat(repeat.times));
    const splitter = new LineSplitter();
    const found = [];
    const chunks = socket[Symbol.asyncIterator]();
    let ended = false;
    while (!ended && (vector.closes || found.length < vector.answers.length)) {
      const { value, done } = await chunks.next().catch(() => ({ done: true }));
      ended = done;
      if (value) splitter.feed(value);
      found.push(...Array.from(splitter, decode));
    }
    assert.equal(found.length, vector.answers.length, vector.name);
    vector.answers.forEach((wanted, i) => {
      const relevant = Object.fromEntries(Object.keys(wanted).map((name) => [name, found[i][name]]));
      assert.deepEqual(relevant, wanted, vector.name);
    });
    socket.destroy();
  }
});

test("events become CloudEvents", () => {
  for (const vector of vectors("cloudevents").out) {
    const event = new Event(decode(Buffer.from(vector.event)), 0, false);
    assert.equal(toCloudEventJson(event).toString(), vector.cloudevent, vector.name);
  }
});

test("CloudEvents become events", () => {
  for (const vector of vectors("cloudevents").in) {
    const make = () => encodePublish(fromCloudEvent(vector.cloudevent, { envelope: vector.envelope })).toString();
    if (vector.error) assert.throws(make, { name: "InvalidEvent" }, vector.name);
    else assert.equal(make(), `${vector.publish}\n`, vector.name);
  }
});

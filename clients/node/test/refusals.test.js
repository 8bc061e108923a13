// What would have no effect, or another one than was meant, is refused before anything is sent.
import assert from "node:assert/strict";
import test from "node:test";

import { InvalidOption, connect, encodePublish, fromCloudEvent } from "../index.js";
import { ownPlace } from "./support.js";

const payloadOf = (payload) => JSON.parse(encodePublish({ type: "t", payload })).payload;

/** It is refused, and the error names all of this. */
const refused = (wrong, name, code, ...parts) => {
  const judge = (error) => error.name === name && error.code === code && parts.every((x) => error.message.includes(x));
  return typeof wrong === "function" ? assert.throws(wrong, judge) : assert.rejects(wrong, judge, parts.join());
};

test("a payload that would arrive as something else is refused", () => {
  const circle = {};
  circle.self = circle;
  for (const [payload, part] of [[NaN, "NaN"], [{ a: [1, -Infinity] }, '-Infinity at "1"'], [() => 1, "a function"],
    [{ f() {} }, 'a function at "f"'], [{ s: Symbol("s") }, "a symbol"], [[undefined], "an undefined element"],
    [new Array(1), "undefined"],
    [1n, "BigInt"], [circle, "circular"], [new Map([[1, 2]]), "class Map"], [{ x: new Set([1]) }, 'class Set at "x"'],
    [Promise.resolve(1), "class Promise"],
    [/x/, "class RegExp"], [new Error("x"), "class Error"], [new Date(NaN), "an invalid Date"], [Buffer.from("1"), "goes as raw"],
    [{ x: new Float64Array(1) }, "goes as raw"], [{ toJSON() {} }, "it is undefined"]])
    refused(() => payloadOf(payload), "InvalidEvent", "invalid_event", "the payload cannot be JSON", part);
});

test("what JSON can say goes as JSON.stringify writes it", () => {
  class Point {
    x = 1;
  }
  const at = new Date(0);
  for (const payload of [null, 0, -0, "", "\ud800", { a: undefined, b: [] }, new Point(), { at }, { n: { toJSON: () => 7 } },
    Object.create(null)])
    assert.deepEqual(payloadOf(payload), JSON.parse(JSON.stringify(payload)));
});

test("an event has a payload or its text and no other field", () => {
  for (const [event, ...parts] of [[{ type: "t" }, "needs a payload", "null"],
    [{ type: "t", payload: undefined }, "needs a payload"],
    [{ type: "t", paylod: 1 }, '"paylod"', "payload, raw, id, sourceTime"],
    [{ type: "t", payload: 1, raw: "1" }, "exclude each other"],
    [{ type: "t", raw: 5 }, "raw must be", "5"], [{ type: "t", raw: '"\ud800"' }, "whole characters"],
    ["t", '"t"', "type, payload"], [null, "null"]])
    refused(() => encodePublish(event), "InvalidEvent", "invalid_event", ...parts);
});

test("a CloudEvent is checked as a payload is", () => {
  const given = { specversion: "1.0", id: "1", source: "s", type: "t" };
  refused(() => fromCloudEvent({ ...given, data: { n: NaN } }), "InvalidEvent", "invalid_event", "NaN");
  refused(() => fromCloudEvent(undefined), "InvalidEvent", "invalid_event", "a CloudEvent");
  refused(() => fromCloudEvent(given, { envelop: true }), "InvalidOption", "invalid_option", '"envelop"', "envelope");
});

test("an option of connect that is unknown or out of bounds is refused", async () => {
  for (const [given, ...parts] of [[{ tiemout: 1 }, '"tiemout"', "app, directory, program, start, timeout"],
    ["shop", '"shop"'], [null, "null"],
    [{ timeout: 0 }, "timeout", "above 0"], [{ timeout: 2 ** 31 }, "at most 2147483647"], [{ timeout: "1" }, "milliseconds"],
    [{ app: "a/b" }, "1 to 64"],
    [{ app: "" }, "1 to 64"], [{ directory: "" }, "not empty"], [{ start: "no" }, "true or false"]])
    await refused(connect(given), "InvalidOption", "invalid_option", ...parts);
});

test("an option of subscribe that is unknown or out of bounds is refused", async (t) => {
  const bus = await connect(ownPlace(t).options);
  t.after(() => bus.close());
  for (const [given, ...parts] of [[{ lasst: 1 }, '"lasst"', "filter, onFilterError, last, since"],
    [{ policy: "foo" }, '"policy"'],
    [{ pattern: ["a.*"] }, '"pattern"', "patterns"], ["a.b", '"a.b"'], [{ last: 0 }, "1 or more", "0"], [{ last: "5" }, "last"],
    [{ group: "" }, "group", "not empty"], [{ maxInFlight: 0 }, "from 1 to 1024"], [{ maxInFlight: 1_025 }, "1025"],
    [{ maxAttempts: 0 }, "from 1 to 1000"], [{ onFilterError: "foo" }, '"foo"', "skip, pass, fail"],
    [{ types: "a" }, "a list of names"],
    [{ types: [""] }, "a list of names"], [{ filter: { pointer: "/a", op: "exists" } }, "a list of conditions"],
    [{ filter: [{ pointer: "/a", op: "==", vlaue: 1 }] }, '"vlaue"', "pointer, op, value"],
    [{ filter: [{ pointer: "/a", op: "=" }] }, '"="', "exists"],
    [{ filter: [{ pointer: "/a", op: "==", value: NaN }] }, "NaN"], [{ cursor: 5 }, "cursor"], [{ exclusive: "no" }, "exclusive"],
    [{ onFirst: "" }, "onFirst"], [{ onSource: 5 }, "a function"]])
    await refused(bus.subscribe("k", given), "InvalidOption", "invalid_option", ...parts);
  await refused(bus.subscribe(undefined), "InvalidOption", "invalid_option", "key");
  await refused(bus.status({ timeout: 1 }), "InvalidOption", "invalid_option", '"timeout"');
  await refused(bus.publishMany({ type: "a", payload: 1 }), "InvalidOption", "invalid_option", "a list of events");
  assert.deepEqual((await bus.status()).consumers ?? [], []);
  const filter = [{ pointer: "/a", op: "exists", value: undefined }];
  const absent = { last: undefined, group: null, cursor: "", latest: false, filter };
  await (await bus.subscribe("k", absent)).close();
});

test("a call on a consumer that would do nothing is refused", async (t) => {
  const bus = await connect(ownPlace(t).options);
  t.after(() => bus.close());
  const events = await bus.subscribe("k", { group: "g", ack: true });
  t.after(() => events.close());
  await bus.publish({ type: "k", payload: 1 });
  const event = (await events.next()).value;
  for (const call of [() => events.nack(event, { dely: 5 }), () => events.nack(event, { delay: -1 }),
    () => events.nack(event, { delay: 3_600_001 }),
    () => events.nack(event, 5), () => events.ack({ seq: 1 }), () => events.report({ handeld: 1 }),
    () => events.report({ handled: NaN }),
    () => events.report({}), () => events.subscribe({ type: ["a"] }), () => events.unsubscribe(["a"])])
    await assert.rejects(call, InvalidOption);
  await events.nack(event, { delay: 0.6 }); // whole milliseconds, as the bus has them
  assert.equal((await events.next()).value.attempt, 2);
});

test("an event that came goes on with the bytes of its payload", async (t) => {
  const bus = await connect(ownPlace(t).options);
  t.after(() => bus.close());
  const events = await bus.subscribe("k");
  t.after(() => events.close());
  await bus.publish({ type: "k", raw: "1.10", id: "e" });
  const { value } = await events.next();
  assert.equal(encodePublish(value).toString(), '{"type":"publish","event_type":"k","event_id":"e","payload":1.10}\n');
  assert.equal((await bus.publish(value)).duplicates, 1);
});

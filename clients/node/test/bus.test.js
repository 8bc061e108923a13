// The client against the real daemon.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import net from "node:net";
import test from "node:test";

import { connect } from "../index.js";
import { ownPlace } from "./support.js";

/** A bus of the test's own, started on demand; closed with the test. */
async function open(t) {
  const place = ownPlace(t);
  const bus = await connect(place.options);
  t.after(() => bus.close());
  const subscribe = async (...args) => {
    const events = await bus.subscribe(...args);
    t.after(() => events.close());
    return events;
  };
  return { ...place, bus, subscribe };
}

const next = async (events) => (await events.next()).value;

test("no bus is started against the will of its owner", async (t) => {
  const { options, run } = ownPlace(t);
  await assert.rejects(connect({ ...options, start: false }), { name: "BusUnavailable", code: "not_running" });
  await assert.rejects(connect({ ...options, program: "/none" }), { code: "start_failed" });
  await connect(options);
  run("stop", "--hold");
  await assert.rejects(connect(options), { code: "held_back" });
});

test("every event is answered for", async (t) => {
  const { bus, subscribe } = await open(t);
  await subscribe("a");
  const one = { accepted: 1, duplicates: 0, rejected: 0, unmatched: 0, consumers: 1 };
  assert.deepEqual(await bus.publish({ type: "a", payload: 1, id: "x" }), one);
  assert.equal((await bus.publish({ type: "a", payload: 1, id: "x" })).duplicates, 1);
  assert.equal((await bus.publish({ type: "b", payload: null })).unmatched, 1);
  assert.equal((await bus.publish({ type: "a", raw: "{1}" })).rejected, 1);
  const many = Array.from({ length: 5_000 }, (_, n) => ({ type: "b", payload: { n, text: "x".repeat(100) } }));
  assert.equal((await bus.publishMany(many)).accepted, 5_000);
  const all = await Promise.all(Array.from({ length: 100 }, (_, n) => bus.publish({ type: "b", payload: n })));
  assert.ok(all.every((x) => x.accepted === 1));
});

test("what cannot be an event is not sent", async (t) => {
  const { bus } = await open(t);
  for (const wrong of [{ type: "", payload: 1 }, { type: "x".repeat(1_025), payload: 1 }, { type: 7, payload: 1 },
    { type: "t", id: "\ud800", payload: 1 }, { type: "t", raw: "" }, { type: "t", payload: "x".repeat(983_040) }])
    await assert.rejects(bus.publish(wrong), { name: "InvalidEvent", code: "invalid_event" });
  assert.equal((await bus.publish({ type: "t", payload: "x".repeat(983_038) })).accepted, 1);
});

test("payloads arrive byte for byte", async (t) => {
  const { bus, subscribe } = await open(t);
  const events = await subscribe("k", { types: ["a", "b"] });
  const deep = "[".repeat(1_000) + "]".repeat(1_000);
  for (const raw of ["1.10", "1e400", '{"b": [1 , 2],"a":1,"b":2}', '"\\ud800"', deep]) {
    await bus.publish({ type: "a", raw });
    assert.equal((await next(events)).raw.toString(), raw);
  }
  await bus.publish({ type: "b", payload: { n: "ä" }, id: "e", sourceTime: "17", appId: "app", tenantKey: "t" });
  const { payload, id, sourceTime, appId, tenantKey, type, seq, missed, reconnected } = await next(events);
  assert.deepEqual({ payload, id, sourceTime, appId, tenantKey, type, seq, missed, reconnected }, {
    payload: { n: "ä" }, id: "e", sourceTime: "17", appId: "app", tenantKey: "t", type: "b", seq: 6, missed: 0,
    reconnected: false,
  });
});

test("losses are counted", async (t) => {
  // the bus that is started drops soon, and takes long to give up on a consumer that does not read
  const shortQueue = { CAFBUS_QUEUE_CAPACITY: "100", CAFBUS_WRITE_TIMEOUT: "60s" };
  Object.assign(process.env, shortQueue);
  const { bus, subscribe } = await open(t);
  for (const name of Object.keys(shortQueue)) delete process.env[name];
  const events = await subscribe("a");
  const flood = Array.from({ length: 3_000 }, () => ({ type: "a", payload: "x".repeat(1_000) }));
  await bus.publishMany([...flood, { type: "a", payload: "last" }]);
  let [missed, seen] = [0, 0];
  for await (const event of events) {
    missed += event.missed;
    ++seen;
    if (event.payload === "last") {
      assert.ok(missed > 0);
      assert.deepEqual([missed + seen, events.dropped], [event.seq, missed]);
      break;
    }
  }
  assert.ok((await events.next()).done); // leaving the loop has closed it
});

test("a pattern chooses types and not the key", async (t) => {
  const { bus, subscribe } = await open(t);
  const events = await subscribe("k", { patterns: ["a.*"] });
  for (const type of ["k", "a.b.c", "a.b"]) await bus.publish({ type, payload: 1 });
  assert.equal((await events.next()).value.type, "a.b");
  await assert.rejects(bus.subscribe("k", { patterns: ["a*"] }), { name: "Rejected", code: "bad_hello" });
});

test("a filter chooses by payload", async (t) => {
  const { bus, subscribe } = await open(t);
  const filter = [{ pointer: "/n", op: "in", value: [2, 3] }];
  const events = await subscribe("k", { filter, onFilterError: "fail" });
  for (const payload of [{ n: 1 }, { n: 3 }, {}]) await bus.publish({ type: "k", payload });
  assert.deepEqual((await next(events)).payload, { n: 3 });
  await assert.rejects(next(events), { name: "BusError", code: "filter_failed" });
  await assert.rejects(bus.subscribe("k", { filter: [{ pointer: "n", op: "exists" }] }), { name: "Rejected", code: "bad_hello" });
});

test("a subscription is changed", async (t) => {
  const { bus, subscribe } = await open(t);
  const events = await subscribe("k", { patterns: ["a.*"] });
  await bus.publish({ type: "a.x", payload: 1 });
  await events.subscribe({ types: ["b"] });
  await events.unsubscribe({ patterns: ["a.*"] });
  await bus.publish({ type: "a.x", payload: 2 });
  await bus.publish({ type: "b", payload: 3 });
  assert.deepEqual([(await next(events)).payload, (await next(events)).payload], [1, 3]);
  await assert.rejects(events.subscribe({ patterns: ["a.>.b"] }), { name: "BusError", code: "bad_subscription" });
  await bus.publish({ type: "b", payload: 4 });
  assert.equal((await next(events)).payload, 4);
});

test("rejections and missing capabilities are errors", async (t) => {
  const { bus, subscribe } = await open(t);
  const events = await subscribe("a", { exclusive: true });
  assert.ok(events.first && events.capabilities.includes("exclusive"));
  await assert.rejects(bus.subscribe("a"), { name: "Rejected", code: "exclusive", isTemporary: true });
  await assert.rejects(bus.subscribe(""), { name: "Rejected", code: "bad_hello", isTemporary: false });
  await assert.rejects(bus.subscribe("b", { require: ["time_travel"] }), { name: "Unsupported", code: "time_travel" });
});

test("the last one is told, and the bus runs hooks", async (t) => {
  const { options, subscribe } = await open(t);
  const mark = `${options.directory}/mark`;
  const events = await subscribe("a", { onFirst: `echo $HOME >${mark}` });
  assert.equal(readFileSync(mark, "utf8").trim(), process.env.HOME ?? "");
  const other = await subscribe("a");
  assert.equal(await events.isLast(), false);
  await other.close();
  while (!(await events.isLast())); // until the bus has read the other's bye
});

test("a stop is told after the last event, and a kill", async (t) => {
  const { bus, run, subscribe } = await open(t);
  const events = await subscribe("a", { reconnect: false });
  await bus.publish({ type: "a", payload: 1 });
  run("stop", "--force");
  assert.equal((await next(events)).payload, 1);
  await assert.rejects(events.next(), { name: "BusStopping" });
  assert.equal((await bus.publish({ type: "a", payload: null })).accepted, 1); // by the next bus
  const again = await subscribe("a", { reconnect: false });
  process.kill((await bus.status()).pid, "SIGKILL");
  await assert.rejects(again.next(), { name: "ConnectionLost" });
});

const consumers = (bus) => bus.status().then((x) => x.consumers.length, () => 0);

test("a consumer starts the next bus after a crash", async (t) => {
  const { bus, subscribe } = await open(t);
  const events = await subscribe("a");
  const waiting = next(events);
  process.kill((await bus.status()).pid, "SIGKILL");
  while (!(await consumers(bus)));
  await bus.publish({ type: "a", payload: 2 });
  const { payload, reconnected, seq } = await waiting;
  assert.deepEqual([payload, reconnected, seq], [2, true, 1]);
});

test("a consumer waits for the next bus after a stop", async (t) => {
  const { bus, run, isRunning, subscribe } = await open(t);
  const events = await subscribe("a");
  const waiting = next(events);
  run("stop", "--force");
  const late = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 500, "late"))]);
  assert.deepEqual([late, isRunning()], ["late", false]);
  run("start");
  while (!(await consumers(bus)));
  await bus.publish({ type: "a", payload: 2 });
  assert.equal((await waiting).payload, 2);
});

const publishAll = (bus, ...payloads) => bus.publishMany(payloads.map((payload) => ({ type: "a", payload })));

const take = async (events, count) => {
  const found = [];
  while (found.length < count) found.push((await next(events)).payload);
  return found;
};

test("past events come first", async (t) => {
  const { bus, run, subscribe } = await open(t);
  const hourAgo = new Date(Date.now() - 3_600_000);
  for (const [wish, found] of [[{ last: 2 }, [2, 3]], [{ since: "1h" }, [1, 2, 3]], [{ since: hourAgo }, [1, 2, 3]],
    [{ latest: true }, [3]], [{}, []]]) {
    await publishAll(bus, 1, 2, 3);
    const events = await subscribe("a", { reconnect: false, ...wish });
    await publishAll(bus, "live");
    assert.deepEqual(await take(events, found.length + 1), [...found, "live"]);
    await events.close();
    run("stop", "--force");
  }
});

test("whoever stores the cursor continues behind it", async (t) => {
  const { bus, subscribe } = await open(t);
  const events = await subscribe("a", { cursor: "" });
  assert.equal(events.cursor, "");
  await publishAll(bus, 1, 2, 3);
  assert.equal((await next(events)).cursor, events.cursor);
  const again = await subscribe("a", { cursor: events.cursor });
  assert.equal(again.cursor, events.cursor);
  assert.deepEqual(await take(again, 2), [2, 3]);
});

test("members of a group share, and what one leaves goes to the other", async (t) => {
  const { bus, subscribe } = await open(t);
  const [mine, others] = [await subscribe("a", { group: "g", ack: true }), await subscribe("a", { group: "g", ack: true })];
  await publishAll(bus, 1, 2);
  const [event, left] = [await next(mine), await next(others)];
  assert.deepEqual([event.payload, left.payload].sort(), [1, 2]);
  await mine.ack(event);
  await others.close();
  const again = await next(mine);
  assert.deepEqual([again.payload, again.attempt, event.attempt], [left.payload, 2, 1]);
  await mine.nack(again);
  const last = await next(mine);
  assert.equal(last.attempt, 3);
  await mine.ack(last);
  while ((await bus.status()).groups[0].done < 2);
  assert.equal((await bus.status()).groups[0].in_flight, 0);
});

test("what became of the events is told", async (t) => {
  const { bus, subscribe } = await open(t);
  const events = await subscribe("a");
  await events.report({ handled: 3, failed: 2 });
  let told;
  while (!(told = (await bus.status()).consumers[0].stats));
  assert.deepEqual({ ...told }, { handled: 3, failed: 2, lost: 0 });
});

test("after the last attempt an event is a dead letter", async (t) => {
  const { bus, subscribe } = await open(t);
  const dead = await subscribe("dead", { patterns: ["dead.>"] });
  const events = await subscribe("a", { group: "g", ack: true, maxAttempts: 1, maxInFlight: 1 });
  await bus.publish({ type: "a", raw: "1.10", id: "e-1" });
  await events.nack(await next(events));
  const letter = await next(dead);
  assert.deepEqual([letter.type, letter.raw.toString(), letter.id], ["dead.a", "1.10", "dead.g.e-1"]);
});

test("a member that asks for something else is refused", async (t) => {
  const { bus, subscribe } = await open(t);
  const events = await subscribe("a", { group: "g" });
  await assert.rejects(bus.subscribe("a", { group: "g", ack: true }), { code: "group_differs" });
  await assert.rejects(bus.subscribe("a", { group: "g", last: 1 }), { code: "bad_hello" });
  await publishAll(bus, 1);
  await assert.rejects(async () => events.ack(await next(events)), { name: "InvalidOption", code: "invalid_option" });
});

test("a wrong wish for the past is an error", async (t) => {
  const { bus } = await open(t);
  for (const wish of [{ last: 1, latest: true }, { last: 0 }, { last: -1 }, { last: 1.5 }, { since: "" }, { since: new Date(NaN) }])
    await assert.rejects(bus.subscribe("a", wish), { name: "InvalidOption", code: "invalid_option" });
  for (const wish of [{ since: "soon" }, { cursor: "x" }])
    await assert.rejects(bus.subscribe("a", wish), { name: "Rejected", code: "bad_hello" });
});

/** With these in the environment of the bus. */
async function openWith(t, names) {
  Object.assign(process.env, names);
  try {
    return await open(t);
  } finally {
    for (const name of Object.keys(names)) delete process.env[name];
  }
}

/** A way through which a consumer reaches its bus, and which can be cut as a fault would cut it. */
function cuttable(t) {
  const sockets = [];
  const dial = net.connect;
  t.mock.method(net, "connect", (...args) => {
    const socket = dial(...args);
    sockets.push(socket);
    return socket;
  });
  return () => sockets.forEach((x) => x.destroy());
}

test("what was forgotten is counted", async (t) => {
  const { bus, subscribe } = await openWith(t, { CAFBUS_HISTORY_EVENTS: "2" });
  const events = await subscribe("a");
  await publishAll(bus, 1);
  await take(events, 1);
  await publishAll(bus, 2, 3, 4, 5);
  const again = await subscribe("a", { cursor: events.cursor });
  const { payload, missed, missedReason } = await next(again);
  assert.deepEqual([payload, missed, missedReason], [4, 2, "expired"]);
  assert.equal((await next(again)).missedReason, undefined);
});

test("a connection that is lost continues behind its last event", async (t) => {
  const cut = cuttable(t);
  const { bus, subscribe } = await open(t);
  const events = await subscribe("a");
  cut();
  await publishAll(bus, 1);
  assert.deepEqual(await take(events, 1), [1], "from when it came");
  cut();
  await publishAll(bus, 2, 3);
  const { payload, reconnected, missedReason } = await next(events);
  assert.deepEqual([payload, reconnected, missedReason], [2, true, undefined]);
  assert.deepEqual(await take(events, 1), [3]);
});

test("another bus is told, and all that it has comes", async (t) => {
  const { bus, run, subscribe } = await open(t);
  const events = await subscribe("a");
  await publishAll(bus, 1);
  await take(events, 1);
  run("stop", "--force");
  await publishAll(bus, 2); // starts the next one
  const { payload, missed, missedReason } = await next(events);
  assert.deepEqual([payload, missed, missedReason], [2, 0, "restart"]);
});

test("a bus without a past is told", async (t) => {
  const cut = cuttable(t);
  const { bus, subscribe } = await openWith(t, { CAFBUS_HISTORY_BYTES: "0" });
  const events = await subscribe("a");
  await publishAll(bus, 1);
  await take(events, 1);
  const before = (await bus.status()).consumers[0];
  cut();
  const waiting = next(events);
  let now = [];
  while (!now.length || now[0].received === before.received) now = (await bus.status()).consumers; // a new one has got none
  await publishAll(bus, 2);
  const { payload, missedReason } = await waiting;
  assert.deepEqual([payload, missedReason], [2, "no_history"]);
  await assert.rejects(bus.subscribe("a", { last: 1 }), { name: "Rejected" });
});

test("a bus that says what no bus says is told", async (t) => {
  const cases = [
    ["x".repeat(17_000_000), "frame_too_large"],
    ["hello\n", "not_json"],
    ['{"type":"event","event_type":"a","seq":1,"payload":1}\n', "no_hello_ack"],
    ['{"type":"error","code":"foreign_uid","message":"no"}\n', "foreign_uid"],
    ['{"type":"hello_ack"', "connection_lost"],
  ];
  const status = '{"type":"status_response"}\n';
  const { options } = ownPlace(t);
  mkdirSync(`${options.directory}/default`);
  let says = "";
  const server = net.createServer((peer) => {
    peer.on("error", () => {});
    peer.once("data", (data) => peer.end(String(data).includes("status_query") ? status : says));
  });
  await new Promise((resolve) => server.listen(`${options.directory}/default/bus.sock`, resolve));
  const bus = await connect({ ...options, start: false });
  for (const [bytes, code] of cases) {
    says = bytes;
    await assert.rejects(bus.subscribe("a"), { code });
  }
  server.close();
});

// Events: as they come, and as they are published.
import { types } from "node:util";

import { InvalidEvent } from "./errors.js";
import { encode, isText } from "./frames.js";
import { parse } from "./json.js";
import { MAX_FRAME } from "./lines.js";
import { shown, unknownName } from "./options.js";

const MAX_NAME = 1_024;
const MAX_PAYLOAD = MAX_FRAME - 65_536;
const FIELDS = ["type", "payload", "raw", "id", "sourceTime", "appId", "tenantKey"];
const EMPTY = [types.isMap, types.isSet, types.isWeakMap, types.isWeakSet, types.isPromise, types.isRegExp, types.isNativeError,
  types.isGeneratorObject, types.isMapIterator, types.isSetIterator]; // what JSON.stringify writes as {}
const SPACE = [0x20, 0x09, 0x0d, 0x0a];

/** An event as the bus delivered it. */
export class Event {
  #payload;

  constructor(frame, missed, reconnected, missedReason) {
    this.type = frame.event_type ?? "";
    this.raw = frame.payload ?? Buffer.from("null");
    this.seq = frame.seq ?? 0;
    this.id = frame.event_id;
    this.sourceTime = frame.source_time;
    this.appId = frame.app_id;
    this.tenantKey = frame.tenant_key;
    this.observedAt = frame.observed_at;
    this.missed = missed;
    this.reconnected = reconnected;
    this.missedReason = missedReason;
    this.cursor = frame.cursor;
    this.attempt = Number(frame.attempt ?? 1);
  }

  get payload() {
    this.#payload ??= { value: parse(this.raw) };
    return this.#payload.value;
  }
}

/** Why JSON.stringify would leave a value out, or write something else in its place; undefined if it does not. */
function lossOf(holder, key, value) {
  const given = holder[key]; // before its toJSON
  if (typeof value === "number") return Number.isFinite(value) ? undefined : String(value);
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  if (value === undefined) return Array.isArray(holder) ? "an undefined element" : undefined;
  if (given === null || typeof given !== "object") return undefined;
  if (given instanceof Date && value === null) return "an invalid Date";
  if (types.isArrayBufferView(given) || types.isAnyArrayBuffer(given)) return "bytes; JSON text in bytes goes as raw";
  if (value === given && EMPTY.some((is) => is(value))) return `an object of class ${value.constructor?.name}`;
  return undefined;
}

/** JSON of a value. What would arrive as null, as {} or not at all is refused; an undefined member is absent. */
export function jsonOf(value, what = "the payload") {
  let loss;
  let text;
  try {
    text = JSON.stringify(value, function (key, x) {
      const found = lossOf(this, key, x);
      if (found) loss = key === "" ? found : `${found} at ${JSON.stringify(key)}`;
      if (found) throw new TypeError();
      return x;
    });
  } catch (why) {
    throw new InvalidEvent(loss ? `${what} cannot be JSON: it has ${loss}` : `${what} cannot be JSON: ${why.message}`);
  }
  if (text === undefined) throw new InvalidEvent(`${what} cannot be JSON: it is undefined`);
  return Buffer.from(text);
}

function payloadOf(event) {
  const hasRaw = event.raw !== undefined && event.raw !== null;
  if (!hasRaw && event.payload === undefined) throw new InvalidEvent("an event needs a payload, or its JSON as raw; null is a payload");
  if (!hasRaw) return jsonOf(event.payload);
  if (!(event instanceof Event) && event.payload !== undefined) throw new InvalidEvent("payload and raw exclude each other");
  if (!isText(event.raw) && !(event.raw instanceof Uint8Array))
    throw new InvalidEvent(`raw must be JSON text, whole characters or bytes, not ${shown(event.raw)}`);
  const raw = Buffer.from(event.raw); // a copy: line ends, which JSON has between tokens only, become blanks
  let [first, last] = [0, raw.length];
  while (first < last && SPACE.includes(raw[first])) ++first;
  while (last > first && SPACE.includes(raw[last - 1])) --last;
  const text = raw.subarray(first, last);
  if (text.includes(0x0a)) text.forEach((c, i) => c === 0x0a || c === 0x0d ? (text[i] = 0x20) : c);
  return text;
}

export function encodePublish(event) {
  if (event === null || typeof event !== "object")
    throw new InvalidEvent(`an event is an object { ${FIELDS.join(", ")} }, not ${shown(event)}`);
  const wrong = event instanceof Event ? undefined : unknownName(event, FIELDS, "an event has no field");
  if (wrong) throw new InvalidEvent(wrong);
  const names = {
    event_type: event.type, event_id: event.id, source_time: event.sourceTime, app_id: event.appId,
    tenant_key: event.tenantKey,
  };
  if (!event.type) throw new InvalidEvent("an event needs a type");
  const frame = { type: "publish" };
  for (const [name, value] of Object.entries(names)) {
    if (value === undefined || value === null || value === "") continue;
    if (!isText(value)) throw new InvalidEvent(`${name} is no string, or holds half a surrogate pair`);
    if (Buffer.byteLength(value) > MAX_NAME) throw new InvalidEvent(`${name} is longer than ${MAX_NAME} bytes`);
    frame[name] = value;
  }
  const payload = payloadOf(event);
  if (!payload.length || payload.length > MAX_PAYLOAD) throw new InvalidEvent(`a payload has 1 to ${MAX_PAYLOAD} bytes`);
  return encode({ ...frame, payload });
}

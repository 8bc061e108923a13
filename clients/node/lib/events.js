// Events: as they come, and as they are published.
import { InvalidEvent } from "./errors.js";
import { encode, isText } from "./frames.js";
import { parse } from "./json.js";
import { MAX_FRAME } from "./lines.js";

const MAX_NAME = 1_024;
const MAX_PAYLOAD = MAX_FRAME - 65_536;
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

function payloadOf(event) {
  if (event.raw === undefined) {
    let text;
    try {
      text = JSON.stringify(event.payload ?? null);
    } catch (why) {
      throw new InvalidEvent(`the payload cannot be JSON: ${why.message}`);
    }
    if (text === undefined) throw new InvalidEvent("the payload cannot be JSON");
    return Buffer.from(text);
  }
  const raw = Buffer.from(event.raw); // a copy: line ends, which JSON has between tokens only, become blanks
  let [first, last] = [0, raw.length];
  while (first < last && SPACE.includes(raw[first])) ++first;
  while (last > first && SPACE.includes(raw[last - 1])) --last;
  const text = raw.subarray(first, last);
  if (text.includes(0x0a)) text.forEach((c, i) => c === 0x0a || c === 0x0d ? (text[i] = 0x20) : c);
  return text;
}

export function encodePublish(event) {
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

// The frames of the wire as data: which fields each has, and of which kind. messages/vectors has the same as a schema, and
// what must come of each line.
import { ProtocolError } from "./errors.js";
import * as json from "./json.js";

// A kind is a word, a table of fields, a list of one kind, or a map of any keys ("*"). json: any value, null as well. raw: the
// same, not looked into.
const table = (kind, names) => Object.fromEntries(names.split(" ").map((name) => [name, kind]));

const FILTER = { filter: [{ pointer: "string", op: "string", value: "json" }], on_filter_error: "string" };
const STATS = table("uint", "handled failed lost");
const STATUS = {
  ...table("int", "pid uptime_sec active_conns"),
  consumers: [{
    pid: "int", ...table("string", "event_key subscription_id"),
    ...table("uint", "received dropped delivered queued queued_bytes"), event_types: ["string"],
    patterns: ["string"], policy: "string", ...table("uint", "queue_capacity queue_bytes block_ms"), blocks: ["int"],
    ...FILTER, ...table("uint", "filtered filter_errors in_flight"), group: "string", stats: STATS,
  }],
  ...table("string", "version app state socket last_event_at certificate_expires"),
  counters: table("uint", "ingress duplicates unmatched matched rejected"),
  unmatched_types: [{ event_type: "string", count: "uint" }],
  sources: [table("string", "source state detail since")],
  links: [{ ...table("string", "peer direction state node detail"),
    ...table("uint", "types received dropped missed queued") }],
  groups: [{ name: "string", ack: "bool",
    ...table("uint", "members received waiting in_flight done redelivered dead lost ignored") }],
  limits: {
    ...table("uint", "connections max_connections half_open max_half_open refused queued_bytes max_queued_bytes " +
      "queue_capacity queue_bytes max_event_types max_key_bytes max_json_depth log_lines idle_timeout_ms drain_ms " +
      "write_timeout_ms hello_timeout_ms dedup_ttl_ms cleanup_wait_ms cleanup_lease_ms hook_timeout_ms hooks waiting_hooks max_hooks " +
      "history_events history_bytes history_age_ms"),
    paused: "bool",
  },
};
const CHANGES = [table("string", "option from to")];
const NAMES = { event_types: ["string"], patterns: ["string"] };
const EVENT = table("string", "event_type event_id source_time app_id tenant_key");

export const FRAMES = {
  hello: {
    pid: "int", event_key: "string", ...NAMES, ...table("string", "version subscription_id"),
    capabilities: ["string"], exclusive: "bool", ...table("string", "on_first on_last hook_dir"),
    hook_env: { "*": "string" }, hook_umask: "uint32",
    policy: "string", ...table("uint", "queue_capacity queue_bytes block_ms"), ...FILTER,
    replay: { last: "uint", since: "string", latest: "bool", cursor: "string" },
    group: "string", ack: "bool", ...table("uint32", "max_in_flight max_attempts"),
  },
  hello_ack: {
    ...table("string", "bus_version reject_reason reject_code"), ...table("bool", "first_for_key rejected"),
    capabilities: ["string"],
  },
  subscribe: NAMES,
  unsubscribe: NAMES,
  subscribed: NAMES,
  ack: table("uint", "seq"),
  nack: table("uint", "seq delay_ms"),
  stats: STATS,
  event: { ...EVENT, observed_at: "string", seq: "uint", cursor: "string", attempt: "uint", payload: "raw" },
  source_status: table("string", "source state detail"),
  gap: { ...table("uint", "from_seq to_seq count"), reason: "string" },
  pre_shutdown_check: table("string", "event_key subscription_id"),
  pre_shutdown_ack: { last_for_key: "bool" },
  bye: { reason: "string" },
  publish: { ...EVENT, payload: "raw" },
  wait_for_room: table("uint", "wait_ms"),
  publish_ack: table("uint", "accepted duplicates rejected unmatched consumers"),
  status_query: {},
  status_response: STATUS,
  shutdown: { force: "bool", drain_ms: "int" },
  reload: {},
  reload_result: { ...table("string", "file error"), changed: CHANGES, need_restart: CHANGES, warnings: ["string"] },
  error: table("string", "code message"),
};

const RANGES = { int: [-(2n ** 63n), 2n ** 63n - 1n], uint: [0n, 2n ** 64n - 1n], uint32: [0n, 2n ** 32n - 1n] };
const HALF_A_PAIR = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

export const isText = (x) => typeof x === "string" && !HALF_A_PAIR.test(x);

class BadField extends Error {}

function readInteger(raw, [low, high]) {
  const text = raw.toString("latin1");
  if (!/^-?\d{1,20}$/.test(text)) throw new BadField();
  const value = BigInt(text);
  if (value < low || value > high) throw new BadField();
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function readTable(found, kinds) {
  if (!found) throw new BadField();
  const result = {};
  for (const [key, value] of found) {
    const kind = kinds["*"] ?? (Object.hasOwn(kinds, key) ? kinds[key] : undefined);
    const isNull = value.length === 4 && value.toString("latin1") === "null";
    if (kind && (!isNull || kind === "raw" || kind === "json" || kinds["*"])) result[key] = read(value, kind);
  }
  return result;
}

/** The value of a field of that kind, or BadField. */
function read(raw, kind) {
  if (Array.isArray(kind)) {
    const items = json.elements(raw);
    if (!items) throw new BadField();
    return items.map((item) => read(item, kind[0]));
  }
  if (typeof kind === "object") return readTable(json.fields(raw), kind);
  if (kind === "raw") return raw;
  if (RANGES[kind]) return readInteger(raw, RANGES[kind]);
  const value = json.parse(raw);
  if (kind === "json") return value;
  if (kind === "string" ? isText(value) : typeof value === "boolean") return value;
  throw new BadField();
}

function typeOf(fields) {
  const raw = fields?.get("type");
  try {
    return raw && json.parse(raw);
  } catch {
    return undefined;
  }
}

/**
 * The known fields of one line; null ones and unknown ones are left out. The payload of an event or publish frame stays the
 * bytes that it is, unchecked. A frame of an unknown type has nothing but its type.
 */
export function decode(line) {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  const refuse = (code) => {
    throw new ProtocolError(code, `${code}: ${JSON.stringify(bytes.toString("utf8", 0, 80))}`);
  };
  const found = json.fields(bytes);
  const type = typeOf(found);
  if (type !== "event" && type !== "publish") {
    let whole;
    try {
      whole = json.parse(bytes);
    } catch {
      refuse("not_json");
    }
    if (whole === null || typeof whole !== "object" || Array.isArray(whole)) refuse("not_an_object");
  }
  if (!isText(type)) refuse("missing_type");
  try {
    return { type, ...readTable(found, Object.hasOwn(FRAMES, type) ? FRAMES[type] : {}) };
  } catch {
    return refuse("bad_field");
  }
}

function dump(x) {
  if (typeof x === "bigint") return String(x);
  if (Array.isArray(x)) return `[${x.map(dump).join(",")}]`;
  if (x !== null && typeof x === "object")
    return `{${Object.entries(x).map(([key, value]) => `${JSON.stringify(key)}:${dump(value)}`).join(",")}}`;
  return JSON.stringify(x);
}

/** A frame as one line with its end. Fields in the order given; a payload of bytes goes in as it is. */
export function encode(frame) {
  const parts = [];
  for (const [key, value] of Object.entries(frame)) {
    parts.push(Buffer.from(`${parts.length ? "," : "{"}${JSON.stringify(key)}:`));
    parts.push(key === "payload" && value instanceof Uint8Array ? value : Buffer.from(dump(value)));
  }
  return Buffer.concat([...parts, Buffer.from("}\n")]);
}

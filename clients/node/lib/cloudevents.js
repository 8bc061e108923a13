// CloudEvents 1.0 in their JSON format, to and from events of the bus. An id counts only together with its source there, and
// alone here: so it travels as SOURCE#ID, and two sources may number their events alike.
import { InvalidEvent } from "./errors.js";
import { jsonOf } from "./events.js";
import { fields, parse } from "./json.js";
import { CLOUD_EVENT, checked } from "./options.js";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;
const JSON_TYPE = /^[^/;\s]+\/(json|[^/;\s]+\+json)\s*(;.*)?$/i;

function isTime(text) {
  return typeof text === "string" && TIME.test(text) && !Number.isNaN(Date.parse(text.replace(/\.\d+/, "")));
}

function attributes(event, source) {
  let id = event.id || `${event.observedAt ?? ""}#${event.seq}`;
  if (event.appId) {
    source = encodeURI(event.appId);
    if (event.id?.startsWith(`${event.appId}#`)) id = event.id.slice(event.appId.length + 1) || event.id;
  }
  const time = isTime(event.sourceTime) ? event.sourceTime : event.observedAt;
  return {
    specversion: "1.0", id, source, type: event.type, ...(time && { time }),
    ...(event.tenantKey && { tenantkey: event.tenantKey }), datacontenttype: "application/json",
  };
}

function isEnvelope(event) {
  if (!event.raw.includes('"specversion"')) return false;
  try {
    const given = event.payload;
    return given?.specversion === "1.0" && given.type === event.type && event.id === `${given.source}#${given.id}`;
  } catch {
    return false;
  }
}

export function toCloudEventJson(event, source = "/cafbus/default") {
  if (isEnvelope(event)) return event.raw;
  const head = JSON.stringify(attributes(event, source));
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"data":`), event.raw, Buffer.from("}")]);
}

export function toCloudEvent(event, source) {
  return parse(toCloudEventJson(event, source));
}

function check(given) {
  const refuse = (text) => {
    throw new InvalidEvent(text);
  };
  if (given === null || typeof given !== "object" || Array.isArray(given)) refuse("a CloudEvent is a JSON object");
  if (given.specversion !== "1.0") refuse("specversion is not 1.0");
  for (const name of ["id", "source", "type"])
    if (typeof given[name] !== "string" || !given[name]) refuse(`${name} is no string, or an empty one`);
  for (const [name, value] of Object.entries(given)) {
    if (name === "data" || name === "data_base64") continue;
    if (!/^[a-z0-9]+$/.test(name)) refuse(`'${name}' is no name of an attribute: lower-case letters and digits`);
    const isNumber = Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31;
    if (!(value === null || ["string", "boolean"].includes(typeof value) || isNumber))
      refuse(`${name} is neither string nor boolean nor an integer of 32 bits`);
  }
  if ((given.time ?? null) !== null && !isTime(given.time)) refuse("time is not by RFC 3339");
  if ((given.data ?? null) !== null && (given.data_base64 ?? null) !== null)
    refuse("data and data_base64 exclude each other");
}

export function fromCloudEvent(given, options = {}) {
  const { envelope = false } = checked("fromCloudEvent", options, CLOUD_EVENT);
  const isText = typeof given === "string" || given instanceof Uint8Array;
  const text = isText ? Buffer.from(given) : jsonOf(given, "a CloudEvent");
  let value;
  try {
    value = parse(text);
  } catch (why) {
    throw new InvalidEvent(`a CloudEvent is a JSON object: ${why.message}`);
  }
  check(value);
  let raw = text;
  if (!envelope) {
    if ((value.data_base64 ?? null) !== null || !JSON_TYPE.test(value.datacontenttype || "application/json"))
      throw new InvalidEvent("data that is not JSON travels only in an envelope");
    raw = fields(text).get("data") ?? Buffer.from("null");
  }
  return {
    type: value.type, raw, id: `${value.source}#${value.id}`, sourceTime: value.time ?? undefined, appId: value.source,
    tenantKey: typeof value.tenantkey === "string" ? value.tenantkey : undefined,
  };
}

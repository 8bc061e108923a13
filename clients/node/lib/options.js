// What each call may be asked for: names, kinds and bounds. An option that would have no effect is refused: a misspelt
// `last` is not to give a consumer without a past.
import { InvalidOption } from "./errors.js";
import { isText } from "./frames.js";

const LONGEST_TIMER = 2 ** 31 - 1; // of setTimeout, in milliseconds
const LONGEST_DELAY = 3_600_000; // of nack, as the bus has it
const SCALARS = ["string", "boolean", "bigint"];

const isFilled = (x) => isText(x) && x !== "";
const isScalar = (x) => x === null || SCALARS.includes(typeof x) || Number.isFinite(x);
const isSince = (x) => (x instanceof Date ? !Number.isNaN(x.getTime()) : isFilled(x));
const isCount = (x) => (typeof x === "bigint" ? x >= 0n && x < 2n ** 64n : Number.isSafeInteger(x) && x >= 0);
const isUpTo = (x, most) => typeof x === "number" && x >= 0 && x <= most;

const text = { is: isText, says: "text" };
const filled = { is: isFilled, says: "text that is not empty" };
const flag = { is: (x) => typeof x === "boolean", says: "true or false" };
const call = { is: (x) => typeof x === "function", says: "a function" };
const names = { is: (x) => Array.isArray(x) && x.every(isFilled), says: "a list of names" };
const count = { is: isCount, says: "a whole number, 0 or more" };
const past = { is: (x) => Number.isSafeInteger(x) && x > 0, says: "a number of events, 1 or more" };
const limit = (most) => ({ is: (x) => Number.isInteger(x) && x > 0 && x <= most, says: `a whole number from 1 to ${most}` });
const word = (...words) => ({ is: (x) => words.includes(x), says: `one of ${words.join(", ")}` });
const comparable = {
  is: (x) => isScalar(x) || (Array.isArray(x) && x.every(isScalar)), says: "text, a number, a boolean, null or a list of these",
  takesNull: true,
};

const CONDITION = { pointer: text, op: word("==", "!=", "<", ">", "in", "exists"), value: comparable };

export const CONNECT = {
  app: text, directory: filled, program: filled, start: flag,
  timeout: { is: (x) => x > 0 && isUpTo(x, LONGEST_TIMER), says: `a number of milliseconds above 0, at most ${LONGEST_TIMER}` },
};
export const SUBSCRIBE = {
  types: names, patterns: names, filter: { is: Array.isArray, says: "a list of conditions { pointer, op, value }" },
  onFilterError: word("skip", "pass", "fail"), last: past,
  since: { is: isSince, says: 'a duration before now ("10m"), a time or a valid Date' },
  latest: flag, cursor: text, group: filled, ack: flag, maxInFlight: limit(1_024), maxAttempts: limit(1_000),
  subscriptionId: text, exclusive: flag, onFirst: filled, onLast: filled, require: names, reconnect: flag, onSource: call,
};
export const CHANGE = { types: names, patterns: names };
export const NACK = {
  delay: { is: (x) => isUpTo(x, LONGEST_DELAY), says: `a number of milliseconds from 0 to ${LONGEST_DELAY}` },
};
export const REPORT = { handled: count, failed: count, lost: count };
export const STATUS = {};
export const CLOUD_EVENT = { envelope: flag };

/** A value as an error shows it. */
export function shown(x) {
  if (typeof x === "string") return JSON.stringify(x.length > 60 ? `${x.slice(0, 60)}...` : x);
  if (typeof x === "bigint") return `${x}n`;
  if (typeof x === "function" || typeof x === "symbol") return `a ${typeof x}`;
  if (x === null || typeof x !== "object") return Object.is(x, -0) ? "-0" : String(x);
  return Array.isArray(x) ? "a list" : "an object";
}

/** What is wrong with the names of an object, `lack` and the names that there are; undefined if they are all known. */
export function unknownName(given, known, lack) {
  for (const name in given)
    if (!known.includes(name)) return `${lack} ${shown(name)}; it has ${known.join(", ") || "none"}`;
  return undefined;
}

/** The options that a call was given, without those that are undefined or null. */
export function checked(call, given, kinds) {
  const known = Object.keys(kinds);
  if (given === null || typeof given !== "object" || Array.isArray(given))
    throw new InvalidOption(`the options of ${call} are an object { ${known.join(", ")} }, not ${shown(given)}`);
  const wrong = unknownName(given, known, `${call} has no option`);
  if (wrong) throw new InvalidOption(wrong);
  const found = {};
  for (const name in given) {
    const value = given[name];
    const { is, says, takesNull } = kinds[name];
    if (value === undefined || (value === null && !takesNull)) continue;
    if (!is(value)) throw new InvalidOption(`${name} must be ${says}, not ${shown(value)}`);
    found[name] = value;
  }
  return found;
}

/** The options of `subscribe`, which must fit each other. */
export function checkedSubscription(key, given) {
  if (!isText(key)) throw new InvalidOption(`the key of a subscription must be text, not ${shown(key)}`);
  const found = checked("subscribe", given, SUBSCRIBE);
  if (["last", "since", "latest", "cursor"].filter((name) => found[name]).length > 1)
    throw new InvalidOption("a subscription begins at one of last, since, latest and cursor");
  if (found.filter) found.filter = found.filter.map((x) => checked("a condition of filter", x, CONDITION));
  return found;
}

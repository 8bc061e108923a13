/** Client of cafbus, an event bus for the processes of one machine. */

/** All errors of this package. `code` is for programs, `message` for people. */
export class CafbusError extends Error {
  readonly code: string;
}
/** No bus serves us: `not_running`, `held_back`, `start_failed`, `untrusted`, `unreachable`, `no_answer`. */
export class BusUnavailable extends CafbusError {}
/** The bus refused the hello; `code` is its reject_code, empty from a bus that sends none. */
export class Rejected extends CafbusError {
  /** Whether the same hello may be let in later. */
  readonly isTemporary: boolean;
}
/** The hello asks for what the bus does not name among its capabilities; `code` is that capability. */
export class Unsupported extends CafbusError {}
/** The bus sent an `error` frame; `code` is its code. */
export class BusError extends CafbusError {}
/** The bus said bye; the text is its reason. */
export class BusStopping extends CafbusError {}
/** The connection ended without a word. `unsettled` events were sent, and the bus has not answered for them. */
export class ConnectionLost extends CafbusError {
  readonly unsettled: number;
}
/** The peer sent what no bus sends: `frame_too_large`, `not_json`, `not_an_object`, `missing_type`, `bad_field`... */
export class ProtocolError extends CafbusError {}
/** What is no event, or has a name or payload that no bus would accept; it was not sent. */
export class InvalidEvent extends CafbusError {}
/** An option or argument that is unknown, or out of its bounds. The text names it and what there is. */
export class InvalidOption extends CafbusError {}

/** Beyond 2^53 - 1 a bigint. */
export type Integer = number | bigint;

export interface Event {
  readonly type: string;
  /** The payload, byte for byte as it was published. */
  readonly raw: Buffer;
  /** The payload as JSON.parse has it; read when it is asked for. */
  readonly payload: any;
  readonly seq: Integer;
  readonly id?: string;
  readonly sourceTime?: string;
  readonly appId?: string;
  readonly tenantKey?: string;
  readonly observedAt?: string;
  /** Events that are missing right before this one; 0 with a `missedReason`: nobody knows how many. */
  readonly missed: number;
  /** The first one of a new connection. */
  readonly reconnected: boolean;
  /**
   * `queue_full`, `shed`, `link`: the bus dropped them. Of a new connection: `expired`: the bus has forgotten them, at most so
   * many, of all types; `restart`: it is another bus; `no_history`: it keeps none.
   */
  readonly missedReason?: string;
  /** Its place, to continue behind it. */
  readonly cursor?: string;
  /** How often members of the group have been given it; 1 or more. */
  readonly attempt: number;
}

/**
 * An event to be published: `payload` as a value, or `raw` as JSON text that travels byte for byte and that only the bus checks;
 * one of the two. What JSON cannot say (NaN, a function, a Map, bytes) is an InvalidEvent; an undefined member is absent.
 */
export interface EventFields {
  type: string;
  payload?: unknown;
  raw?: string | Uint8Array;
  id?: string;
  sourceTime?: string;
  appId?: string;
  tenantKey?: string;
}

/** What became of published events. `unmatched` and `consumers` are missing on a bus without `publish_counts`. */
export interface Totals {
  accepted: number;
  duplicates: number;
  rejected: number;
  /** Of those accepted: wanted by no consumer at that moment. */
  unmatched?: number;
  /** That wanted something of what was answered for last. */
  consumers?: number;
}

export interface SourceStatus {
  source: string;
  state: string;
  detail: string;
}

/** `{ pointer: "/action", op: "==", value: "opened" }`, `{ pointer: "/coupon", op: "exists" }`. */
export interface Condition {
  /** A JSON pointer, as in RFC 6901. */
  pointer: string;
  op: "==" | "!=" | "<" | ">" | "in" | "exists";
  /** A list with `in`, nothing with `exists`. */
  value?: string | number | boolean | null | (string | number | boolean | null)[];
}

export interface SubscribeOptions {
  /** Event types; without them and patterns the key itself. */
  types?: string[];
  /** Patterns of event types: `github.*.opened`, `github.>`. */
  patterns?: string[];
  /** Conditions on the payload that must all hold; the bus checks them. */
  filter?: Condition[];
  /** What becomes of an event that the filter cannot judge: a member is missing, or two values have no order; skip. */
  onFilterError?: "skip" | "pass" | "fail";
  /** Which past events come first; one of these. The last so many, 1 or more. */
  last?: number;
  /** Those since then: a duration before now (`10m`) or a time. */
  since?: string | Date;
  /** The newest of each type. */
  latest?: boolean;
  /** Those after the event with this cursor; empty: none. */
  cursor?: string;
  /** The events are shared with all who name this group: each goes to one of them. */
  group?: string;
  /** With a group: each event must be confirmed by `ack`; what is not goes to another member. */
  ack?: boolean;
  /** With `ack`: how many events may not be confirmed yet, 1 to 1,024; 16. */
  maxInFlight?: number;
  /** With `ack`: how often an event of type T is given out before it is published as `dead.T`, 1 to 1,000; 5. */
  maxAttempts?: number;
  subscriptionId?: string;
  /** Nobody else may be subscribed beside this one. */
  exclusive?: boolean;
  /** Shell commands that the bus runs before the first consumer is let in, and after the last one has gone. */
  onFirst?: string;
  onLast?: string;
  /** Capabilities without which the bus is of no use. */
  require?: string[];
  /** Whether a lost connection is made again, and continues behind the last event; true. */
  reconnect?: boolean;
  onSource?: (status: SourceStatus) => void;
}

/**
 * Iterates over the events of a subscription. Read it steadily: the bus drops events for a slow consumer, which `missed`
 * tells, and closes the connection of one that does not read at all for 5 seconds.
 */
export interface Consumer extends AsyncIterableIterator<Event> {
  readonly capabilities: readonly string[];
  /** Whether nobody else was subscribed to the subscription id. */
  readonly first: boolean;
  /** Of the last event that was handed out: who stores it can continue behind it; empty: none. */
  readonly cursor: string;
  /** Events that the bus has dropped for this consumer, over all its connections. */
  readonly dropped: number;
  /** Asks whether nobody else is subscribed to the subscription id; if so, this one may clean up now. */
  isLast(): Promise<boolean>;
  /** These as well from now on. Throws BusError and changes nothing if the bus does not take them. Not while `next` waits. */
  subscribe(names: { types?: string[]; patterns?: string[] }): Promise<void>;
  /** These no longer; what the bus has queued of them still comes. Not while `next` waits. */
  unsubscribe(names: { types?: string[]; patterns?: string[] }): Promise<void>;
  /** This member of a group has handled the event. Does nothing if its connection was lost: others get it then. */
  ack(event: Event): Promise<void>;
  /** It has not: the event goes to a member again, after `delay` milliseconds at the earliest, at most an hour. */
  nack(event: Event, options?: { delay?: number }): Promise<void>;
  /**
   * Tells the bus what became of the events of this connection, in total, for its `status` and `explain`. Once a second is
   * enough. A bus that does not know the capability `stats` is not told.
   */
  report(totals: { handled: number; failed?: number; lost?: number }): Promise<void>;
  /** Says bye and ends the iteration. Events that wait are given up. */
  close(): Promise<void>;
}

export interface Bus {
  /** Returns when the bus has the subscription. Throws Rejected, Unsupported, BusUnavailable. */
  subscribe(key: string, options?: SubscribeOptions): Promise<Consumer>;
  /** Publishes one event and returns when the bus has answered. An Event that came goes on with the bytes of its payload. */
  publish(event: EventFields | Event): Promise<Totals>;
  /** Publishes events and returns when the bus has answered for all. */
  publishMany(events: Iterable<EventFields | Event> | AsyncIterable<EventFields | Event>): Promise<Totals>;
  /** What the bus says of itself: the `status_response` frame. */
  status(): Promise<Record<string, any>>;
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** The application whose bus is meant; `default`. */
  app?: string;
  /** Folder of all apps; else CAFBUS_DIR, $XDG_RUNTIME_DIR/cafbus, /run/user/UID/cafbus or ~/.cafbus. */
  directory?: string;
  /** What starts a bus; `cafbus`. */
  program?: string;
  /** Whether a bus is started if none runs; true. */
  start?: boolean;
  /** Longest wait for an answer, in milliseconds; 15,000. */
  timeout?: number;
}

/** The bus of an app. It is started if none runs, unless `start` is false or somebody holds it back. */
export function connect(options?: ConnectOptions): Promise<Bus>;

/** The known fields of a line, `type` among them; the payload of an event or publish frame is its bytes. */
export function decode(line: Uint8Array): { type: string; [field: string]: any };
/** A frame as one line with its end; a payload of bytes goes in as it is. */
export function encode(frame: { type: string; [field: string]: any }): Buffer;
/** The `publish` frame of an event; throws InvalidEvent if the bus would reject it for its sizes or its type. */
export function encodePublish(event: EventFields | Event): Buffer;

/** Longest frame in bytes, the newline included. */
export const MAX_FRAME: number;
/** Cuts a stream of bytes into lines. A line beyond the limit throws a ProtocolError behind the lines before it. */
export class LineSplitter implements Iterable<Buffer> {
  constructor(limit?: number);
  feed(data: Uint8Array): void;
  readonly pending: number;
  [Symbol.iterator](): Iterator<Buffer>;
}

export interface CloudEvent {
  specversion: "1.0";
  id: string;
  source: string;
  type: string;
  time?: string;
  datacontenttype?: string;
  data?: any;
  [extension: string]: any;
}
/** The event as CloudEvent in JSON, with the payload byte for byte. `source` is for events without an `appId`. */
export function toCloudEventJson(event: Event, source?: string): Buffer;
/** The same as a value. */
export function toCloudEvent(event: Event, source?: string): CloudEvent;
/** A CloudEvent as an event to be published. Text keeps its data byte for byte. Throws InvalidEvent. */
export function fromCloudEvent(given: string | Uint8Array | CloudEvent, options?: { envelope?: boolean }): EventFields;

// Client of cafbus; index.d.ts describes it.
export { connect } from "./lib/bus.js";
export { fromCloudEvent, toCloudEvent, toCloudEventJson } from "./lib/cloudevents.js";
export {
  BusError, BusStopping, BusUnavailable, CafbusError, ConnectionLost, InvalidEvent, InvalidOption, ProtocolError, Rejected,
  Unsupported,
} from "./lib/errors.js";
export { encodePublish } from "./lib/events.js";
export { decode, encode } from "./lib/frames.js";
export { LineSplitter, MAX_FRAME } from "./lib/lines.js";

export class CafbusError extends Error {
  constructor(code, text) {
    super(text);
    this.name = this.constructor.name;
    this.code = code;
  }
}

export class BusUnavailable extends CafbusError {}
export class Unsupported extends CafbusError {}
export class BusError extends CafbusError {}
export class BusStopping extends CafbusError {}
export class ProtocolError extends CafbusError {}

export class Rejected extends CafbusError {
  get isTemporary() {
    return ["busy", "exclusive", "too_many_connections", "shutting_down"].includes(this.code);
  }
}

export class ConnectionLost extends CafbusError {
  constructor(text, unsettled = 0) {
    super("connection_lost", text);
    this.unsettled = unsettled;
  }
}

export class InvalidOption extends CafbusError {
  constructor(text) {
    super("invalid_option", text);
  }
}

export class InvalidEvent extends CafbusError {
  constructor(text) {
    super("invalid_event", text);
  }
}

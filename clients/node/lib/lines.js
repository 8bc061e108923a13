// Cuts a stream of bytes into lines, however it is split, and holds at most one line too many.
import { ProtocolError } from "./errors.js";

export const MAX_FRAME = 1_048_576;
/** Longest line taken from a bus in bytes: its status can be longer than a frame. */
export const MAX_ANSWER = 16 * MAX_FRAME;
const CR = 0x0d;
const LF = 0x0a;

export class LineSplitter {
  #limit;
  #parts = []; // of the line whose end has not been seen
  #size = 0;
  #data = Buffer.alloc(0); // not looked at yet
  #tooLong = false;

  constructor(limit = MAX_FRAME) {
    this.#limit = limit;
  }

  /** Takes in bytes; what was fed before must have been iterated over, or is kept. */
  feed(data) {
    if (this.#tooLong) return;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.#data = this.#data.length ? Buffer.concat([this.#data, bytes]) : bytes;
  }

  get pending() {
    return this.#size + this.#data.length;
  }

  *[Symbol.iterator]() {
    for (;;) {
      const end = this.#tooLong ? -1 : this.#data.indexOf(LF);
      const taken = end < 0 ? this.#data.length : end + 1;
      const size = this.#size + taken;
      if (this.#tooLong || size > this.#limit || (end < 0 && size === this.#limit)) {
        this.#tooLong = true;
        this.#parts = [];
        this.#size = 0;
        this.#data = Buffer.alloc(0);
        throw new ProtocolError("frame_too_large", `a frame is longer than ${this.#limit} bytes`);
      }
      if (taken) this.#parts.push(this.#data.subarray(0, taken));
      this.#size = size;
      this.#data = this.#data.subarray(taken);
      if (end < 0) return;
      const line = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
      this.#parts = [];
      this.#size = 0;
      yield line.subarray(0, line.length - (line[line.length - 2] === CR ? 2 : 1));
    }
  }
}

// Fields of a JSON object as the bytes that they are, so that a payload is never decoded on the way. Iterative: nesting
// costs no stack.
const SPACE = [0x20, 0x09, 0x0d, 0x0a];
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSING = { 0x7b: 0x7d, 0x5b: 0x5d }; // { }, [ ]
const SCALAR_ENDS = new Set([...SPACE, ...Buffer.from(",]}[{:\"")]);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The value of a JSON text in bytes. Throws for what is none. */
export function parse(bytes) {
  return JSON.parse(utf8.decode(bytes));
}

function skipSpace(text, at) {
  while (at < text.length && SPACE.includes(text[at])) ++at;
  return at;
}

/** Behind the string that begins there, -1 if it has no end. */
function stringEnd(text, at) {
  for (let end = text.indexOf(QUOTE, at + 1); end >= 0; end = text.indexOf(QUOTE, end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === BACKSLASH) ++slashes;
    if (slashes % 2 === 0) return end + 1;
  }
  return -1;
}

/** Behind the value that begins there, -1 if there is none. Brackets must pair up; scalars are not looked into. */
function valueEnd(text, at) {
  if (text[at] === QUOTE) return stringEnd(text, at);
  if (!CLOSING[text[at]]) {
    let end = at;
    while (end < text.length && !SCALAR_ENDS.has(text[end])) ++end;
    return end > at ? end : -1;
  }
  const closing = [];
  while (at < text.length) {
    const c = text[at];
    if (c === QUOTE) {
      at = stringEnd(text, at);
      if (at < 0) return -1;
      continue;
    }
    ++at;
    if (CLOSING[c]) {
      closing.push(CLOSING[c]);
    } else if (c === 0x7d || c === 0x5d) {
      if (closing.pop() !== c) return -1;
      if (!closing.length) return at;
    }
  }
  return -1;
}

/** The raw values of an array, or keys and values of an object in turn; null if its structure breaks. */
function items(text, opening) {
  let at = skipSpace(text, 0);
  if (text[at] !== opening) return null;
  const found = [];
  const closing = CLOSING[opening];
  at = skipSpace(text, at + 1);
  if (text[at] === closing) return skipSpace(text, at + 1) === text.length ? found : null;
  for (;;) {
    const end = valueEnd(text, at);
    if (end < 0) return null;
    found.push(text.subarray(at, end));
    at = skipSpace(text, end);
    const mark = text[at];
    at = skipSpace(text, at + 1);
    if (mark === closing) return at === text.length ? found : null;
    if (mark !== (opening === 0x7b && found.length % 2 ? 0x3a : 0x2c)) return null;
  }
}

/** A Map of the raw values of an object; of several with one key the last. Null if it is no object or breaks. */
export function fields(text) {
  const found = items(text, 0x7b);
  if (!found || found.length % 2) return null;
  const result = new Map();
  for (let i = 0; i < found.length; i += 2) {
    if (found[i][0] !== QUOTE) return null;
    try {
      result.set(parse(found[i]), found[i + 1]);
    } catch {
      // a key that cannot be decoded is nobody's
    }
  }
  return result;
}

/** The raw values of an array; null if it is none. */
export function elements(text) {
  return items(text, 0x5b);
}

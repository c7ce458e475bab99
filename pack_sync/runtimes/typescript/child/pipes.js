// The messages on the child's pipes.
//
// A message is: length of the rest (4 bytes, big endian), kind (1 byte), length of the head
// (4 bytes), the head (JSON), and bytes whose meaning the head or the kind tells.
// See ../messages.py for what the kinds mean.

const READY = 72; // H
const ROWS = 82; // R
const RESULT = 86; // V
const FAILURE = 69; // E
const FETCH = 70; // F
const ANSWER = 65; // A
const LOG = 76; // L
const LOAD = 80; // P
const CALL = 67; // C

const CHUNK = 1 << 20; // rows are sent when there is so much of them
const LARGEST = 1 << 24; // no message has more of them

function writeAll(bytes) {
  try {
    for (let at = 0; at < lengthOf(bytes); ) at += writeSome(view(bytes, at));
  } catch {
    exit(0); // the other side is gone, and so is whoever would end this process
  }
}

function send(kind, head, blob) {
  sendBytes(kind, encode(stringify(head)), blob);
}

function sendBytes(kind, headBytes, blob) {
  const headSize = lengthOf(headBytes);
  const size = 5 + headSize + (blob === undefined ? 0 : lengthOf(blob));
  const message = new Uint8Array(9 + headSize);
  putLength(message, 0, size);
  message[4] = kind;
  putLength(message, 5, headSize);
  setBytes(message, headBytes, 9);
  writeAll(message);
  if (blob !== undefined) writeAll(blob);
}

function putLength(bytes, at, length) {
  bytes[at] = length >>> 24;
  bytes[at + 1] = length >>> 16;
  bytes[at + 2] = length >>> 8;
  bytes[at + 3] = length;
}

function lengthAt(bytes, at) {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

// The pipe is read only while something is awaited from it: the next call, or an answer to a
// request. Otherwise nothing keeps the event loop going but the pack's own timers, so that it
// runs empty exactly when a promise of the pack can no longer settle.
let reading = false;
let awaited = 0; // requests without an answer
let running = null; // the number of the call under way
let receiver = null;

function listenToMessages(receive) {
  receiver = receive;
  readMore();
}

function callBegins(number) {
  running = number;
}

function callEnds() {
  running = null;
  readMore();
}

function callUnderWay() {
  return running;
}

function answerIsAwaited() {
  awaited += 1;
  readMore();
}

function answerArrived() {
  awaited -= 1;
}

function readMore() {
  if (reading || (running !== null && awaited === 0)) return;
  reading = true;
  readExactly(4, (size) => {
    readExactly(lengthAt(size, 0), (message) => {
      reading = false;
      const end = 5 + lengthAt(message, 1);
      const head = parse(decode(view(message, 5, end)));
      setPrototypeOf(head, null); // what the pack adds to Object.prototype is no part of it
      receiver(message[0], head, view(message, end));
      readMore();
    });
  });
}

function readExactly(size, done) {
  const bytes = new Uint8Array(size);
  let filled = 0;
  const step = (count) => {
    if (count === null) exit(0); // as above, whatever timers the pack has
    filled += count;
    if (filled === size) return done(bytes);
    then(readSome(view(bytes, filled)), step, broken);
  };
  step(0);
}

function broken() {
  exit(70);
}

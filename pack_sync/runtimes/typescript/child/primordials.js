// What the child's own code needs of JavaScript and of Deno, taken before any pack is there.
//
// The files of this folder are joined to one script (see ../deno.py): the exports of a module
// could be imported by the pack. It shares this realm, too, and may change everything it can
// reach. So nothing here looks anything up on an object or prototype that the pack can reach: no methods on
// arrays or promises, no iteration, no spread of arrays, no optional globals.

const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, setPrototypeOf } =
  Reflect;
const uncurry = (method) => (self, ...args) => apply(method, self, args);
const { parse, stringify } = JSON;
const { isArray } = Array;
const { Error, Object, Promise, RangeError, TypeError, Uint8Array, String, Date, WeakMap, queueMicrotask } = globalThis;
const evaluate = globalThis.eval;
const thenOf = uncurry(Promise.prototype.then);
const getterOf = (owner, name) => uncurry(getOwnPropertyDescriptor(owner, name).get);
const TypedArrayPrototype = getPrototypeOf(Uint8Array.prototype);
const lengthOf = getterOf(TypedArrayPrototype, "length");
const bufferOf = getterOf(TypedArrayPrototype, "buffer");
const offsetOf = getterOf(TypedArrayPrototype, "byteOffset");
const setBytes = uncurry(Uint8Array.prototype.set);
const encode = uncurry(TextEncoder.prototype.encode).bind(null, new TextEncoder());
const decode = uncurry(TextDecoder.prototype.decode).bind(null, new TextDecoder());
const includes = uncurry(String.prototype.includes);
const slice = uncurry(String.prototype.slice);
const toWellFormed = uncurry(String.prototype.toWellFormed);
const copyArray = uncurry(Array.prototype.slice);
const hasOwn = Object.hasOwn;
const remember = uncurry(WeakMap.prototype.set);
const recall = uncurry(WeakMap.prototype.get);
const smaller = Math.min;
const isView = ArrayBuffer.isView;
const listen = globalThis.addEventListener.bind(globalThis);
const preventDefault = uncurry(Event.prototype.preventDefault);
const rejectionReason = getterOf(PromiseRejectionEvent.prototype, "reason");
const errorOf = getterOf(ErrorEvent.prototype, "error");
const { exit, stdin, stdout } = Deno;
const readSome = stdin.read.bind(stdin);
const writeSome = stdout.writeSync.bind(stdout);

// Part of an array of bytes. `subarray` would ask `Uint8Array[Symbol.species]`, which the pack can
// change, for the new array, and so show it the bytes of our messages.
function view(bytes, start, end = lengthOf(bytes)) {
  return new Uint8Array(bufferOf(bytes), offsetOf(bytes) + start, end - start);
}

// As `promise.then`, but without a look at `promise.constructor`, for the same reason.
function then(promise, fulfilled, rejected) {
  defineProperty(promise, "constructor", { __proto__: null, value: undefined });
  thenOf(promise, fulfilled, rejected);
}

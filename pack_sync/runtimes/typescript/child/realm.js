// What the pack's code finds in its realm: JavaScript itself, and what needs no permission and
// reaches nothing outside. Everything else is deleted, above all Deno and its console.

const KEPT = { __proto__: null };
for (const name of [
  ...["Object", "Function", "Array", "Number", "parseFloat", "parseInt", "Infinity", "NaN", "undefined"],
  ...["Boolean", "String", "Symbol", "Date", "Promise", "RegExp", "Error", "AggregateError", "EvalError"],
  ...["RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError", "globalThis", "JSON", "Math"],
  ...["Intl", "ArrayBuffer", "Atomics", "Uint8Array", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array"],
  ...["Int32Array", "BigUint64Array", "BigInt64Array", "Uint8ClampedArray", "Float16Array", "Float32Array"],
  ...["Float64Array", "DataView", "Map", "BigInt", "Set", "Iterator", "WeakMap", "WeakSet", "Proxy", "Reflect"],
  ...["FinalizationRegistry", "WeakRef", "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent"],
  ...["escape", "unescape", "eval", "isFinite", "isNaN", "SharedArrayBuffer", "WebAssembly", "Temporal"],
  ...["SuppressedError", "DisposableStack", "AsyncDisposableStack", "queueMicrotask", "structuredClone"],
  ...["setTimeout", "clearTimeout", "setInterval", "clearInterval", "setImmediate", "clearImmediate"],
  ...["AbortController", "AbortSignal", "Blob", "Event", "EventTarget", "CustomEvent", "DOMException", "File"],
  ...["FormData", "Headers", "MessageChannel", "MessagePort", "MessageEvent", "ReadableStream"],
  ...["ReadableStreamDefaultReader", "WritableStream", "WritableStreamDefaultWriter", "TransformStream"],
  ...["CompressionStream", "DecompressionStream", "ByteLengthQueuingStrategy", "CountQueuingStrategy"],
  ...["TextDecoder", "TextEncoder", "TextDecoderStream", "TextEncoderStream", "URL", "URLPattern"],
  ...["URLSearchParams", "atob", "btoa", "crypto", "Crypto", "CryptoKey", "SubtleCrypto", "performance"],
  ...["Buffer", "global"],
]) {
  KEPT[name] = true;
}

// What Deno's own code looks up where the pack could change it, whenever it reads the pipe. It calls
// its functions by `Function.prototype.call`: whoever replaces that is shown them.
function lock() {
  const { call } = Function.prototype;
  defineProperty(Function.prototype, "call", {
    __proto__: null,
    configurable: false,
    get: () => call,
    set(value) {
      if (this === Function.prototype) return;
      defineProperty(this, "call", { __proto__: null, value, writable: true, configurable: true, enumerable: true });
    },
  });
  const fixed = { __proto__: null, configurable: false };
  for (const name of ["length", "buffer", "byteOffset", "byteLength"]) {
    defineProperty(TypedArrayPrototype, name, fixed);
  }
  defineProperty(Promise, Symbol.species, fixed);
}

function closeRealm() {
  lock();
  for (const name of ownKeys(globalThis)) {
    if (typeof name === "string" && !(name in KEPT)) deleteProperty(globalThis, name);
  }
  const define = (name, value) =>
    defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  define("console", packConsole);
  // As browserify has them, whose stand-ins bundles know from the original runtime.
  define("__dirname", "/");
  define("__filename", "/bundle.js");
  define("process", packProcess());
  define("Buffer", packBuffer());
  define("setTimeout", packTimer(globalThis.setTimeout));
  define("setInterval", packTimer(globalThis.setInterval));
}

// What is no delay is one millisecond, as in Node, and Deno would look for itself to warn of it.
function packTimer(timer) {
  return new globalThis.Proxy(timer, {
    __proto__: null,
    apply(_, self, given) {
      if (given.length > 1 && !(given[1] >= 1 && given[1] < 2 ** 31)) given[1] = 1;
      return apply(timer, self, given);
    },
  });
}

function packProcess() {
  const process = {
    title: "browser",
    browser: true,
    env: { NODE_ENV: "production" },
    argv: [],
    version: "",
    versions: {},
    platform: "browser",
    cwd: () => "/",
    umask: () => 0,
    nextTick: (callback, ...args) => queueMicrotask(() => apply(callback, undefined, args)),
    emitWarning: () => {},
    listeners: () => [],
  };
  const nothing = () => process;
  const ofEmitters = ["on", "once", "off", "addListener", "prependListener", "prependOnceListener",
    "removeListener", "removeAllListeners", "emit"];
  for (let i = 0; i < ofEmitters.length; i++) process[ofEmitters[i]] = nothing;
  const refused = ["binding", "chdir", "exit", "abort", "kill"];
  for (let i = 0; i < refused.length; i++) {
    process[refused[i]] = () => {
      throw new Error(`process.${refused[i]} is not there: a pack is no program of its own`);
    };
  }
  return process;
}

// `new Buffer(…)`, which old libraries write, would look for Deno to warn of it.
function packBuffer() {
  const { Buffer, Proxy } = globalThis;
  const { from, alloc } = Buffer;
  const make = (_, given) => (typeof given[0] === "number" ? alloc(given[0]) : apply(from, Buffer, given));
  const buffer = new Proxy(Buffer, { __proto__: null, apply: (_, _self, given) => make(_, given), construct: make });
  defineProperty(Buffer.prototype, "constructor", { __proto__: null, value: buffer });
  return buffer;
}

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
  // As browserify's stand-in, which bundles know from the original runtime.
  define("process", {
    browser: true,
    env: {},
    argv: [],
    version: "",
    versions: {},
    platform: "browser",
    cwd: () => "/",
    nextTick: (callback, ...args) => queueMicrotask(() => apply(callback, undefined, args)),
    emitWarning: () => {},
    on: () => {},
  });
}

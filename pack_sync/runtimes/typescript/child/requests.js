// context.fetcher: each request is asked of Python, which makes it.

class StatusCodeError extends Error {
  constructor(request, response) {
    super(`${response.status} - ${stringify(response.body)}`);
    this.name = "StatusCodeError";
    this.statusCode = response.status;
    this.body = response.body;
    this.error = response.body;
    this.options = request;
    const { body } = response;
    const text = typeof body === "object" ? stringify(body) : body;
    this.response = { body: text, headers: response.headers };
  }
}

// How many requests, and how many bytes of them, are sent before answers are here: others wait.
// ../process.py has the same figures, and ends a child that goes beyond.
const REQUESTS_IN_FLIGHT = 64;
const REQUEST_BYTES_IN_FLIGHT = 1 << 25;

const pending = { __proto__: null }; // by the request's number
const waiting = { __proto__: null }; // requests that are not sent yet, by number
let sentUpTo = 0; // the last request that was sent
let requestsInFlight = 0;
let bytesInFlight = 0;
const requestOfError = new WeakMap();
let requests = 0;

function ask(callNumber, request, blob) {
  return new Promise((resolve, reject) => {
    const text = stringify(request); // may run code of the pack, which may ask for more
    if (text === undefined) throw new TypeError("the request cannot be written as JSON");
    const number = requests + 1;
    const headBytes = encode(
      `{"id":${number},"call":${callNumber},"hasBody":${blob !== undefined},"request":${text}}`,
    );
    const size = lengthOf(headBytes) + (blob === undefined ? 0 : lengthOf(blob));
    if (size > REQUEST_BYTES_IN_FLIGHT) {
      throw new RangeError(`a request may have ${REQUEST_BYTES_IN_FLIGHT} bytes, and this one has ${size}`);
    }
    requests = number;
    pending[number] = { __proto__: null, resolve, reject, request, size };
    waiting[number] = { __proto__: null, headBytes, blob, size };
    sendWaiting();
  });
}

function sendWaiting() {
  while (sentUpTo < requests && requestsInFlight < REQUESTS_IN_FLIGHT) {
    const { headBytes, blob, size } = waiting[sentUpTo + 1];
    if (bytesInFlight + size > REQUEST_BYTES_IN_FLIGHT) return;
    sentUpTo += 1;
    delete waiting[sentUpTo];
    requestsInFlight += 1;
    bytesInFlight += size;
    sendBytes(FETCH, headBytes, blob);
    answerIsAwaited();
  }
}

function answered(head, blob) {
  const { resolve, reject, request, size } = pending[head.id];
  delete pending[head.id];
  requestsInFlight -= 1;
  bytesInFlight -= size;
  answerArrived();
  sendWaiting();
  if (head.error === undefined) return resolve(response(head, blob));
  let error;
  if (head.status !== undefined) error = new StatusCodeError(request, response(head, blob));
  else {
    error = new Error(head.error);
    error.name = head.name;
  }
  remember(requestOfError, error, head.id);
  reject(error);
}

function response(head, blob) {
  let body = blob;
  if (head.body === "bytes") body = globalThis.Buffer.from(blob);
  else {
    body = decode(blob);
    if (head.body === "json") body = parse(body);
  }
  return { status: head.status, headers: head.headers, body };
}

function fetcher(callNumber) {
  return {
    async fetch(request) {
      if (typeof request !== "object" || request === null) {
        throw new TypeError("fetcher.fetch takes one object, such as {method: 'GET', url: …}");
      }
      const given = { ...request };
      if (!isView(given.body)) return ask(callNumber, given);
      const { body } = given;
      delete given.body;
      return ask(callNumber, given, new Uint8Array(bytesOf(body))); // a copy: it may have to wait
    },
  };
}

function bytesOf(view) {
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

// Nothing is stored: a URL stays what it is, and bytes become a URL that holds them.
const temporaryBlobStorage = {
  async storeUrl(url) {
    return url;
  },
  async storeBlob(blob, contentType) {
    const base64 = globalThis.Buffer.from(blob).toString("base64");
    return `data:${contentType || "application/octet-stream"};base64,${base64}`;
  },
};

const requestThatRaised = (error) => recall(requestOfError, error);

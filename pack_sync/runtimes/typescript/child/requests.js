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

const pending = { __proto__: null }; // by the request's number
const requestOfError = new WeakMap();
let requests = 0;

function ask(callNumber, head, blob) {
  return new Promise((resolve, reject) => {
    requests += 1;
    head.id = requests;
    head.call = callNumber;
    pending[requests] = { __proto__: null, resolve, reject, request: head.request };
    send(FETCH, head, blob);
    answerIsAwaited();
  });
}

function answered(head, blob) {
  const { resolve, reject, request } = pending[head.id];
  delete pending[head.id];
  answerArrived();
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
      const head = { __proto__: null, request: { ...request } };
      if (isView(request.body)) {
        head.hasBody = true;
        delete head.request.body;
        return ask(callNumber, head, bytesOf(request.body));
      }
      return ask(callNumber, head);
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

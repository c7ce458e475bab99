// Runs inside the Deno child: evaluates one pack's bundle and calls its functions.
//
// Started by ../deno.py without permissions; spoken to by ../process.py over its pipes.

function receive(kind, head, blob) {
  if (kind === LOAD) load(decode(blob), head.name);
  else if (kind === CALL) call(head);
  else if (kind === ANSWER) answered(head, blob);
}

function call(head) {
  callBegins(head.call);
  allowLines(head.maxLogLines);
  then(
    invoke(head),
    (value) => finish(head, value),
    (error) => fail(head, error),
  );
}

function finish(head, value) {
  if (callUnderWay() !== head.call) return; // it has failed already
  try {
    sayWhatWasDropped();
    if (head.function === "execute") sendPage(head, value);
    else sendValue(head, value);
  } catch (error) {
    fail(head, error);
    return;
  }
  callEnds();
}

function sendValue(head, value) {
  const text = stringify(value);
  send(RESULT, { __proto__: null, call: head.call }, encode(text === undefined ? "null" : text));
}

function fail(head, error) {
  if (callUnderWay() !== head.call) return;
  const failure = { __proto__: null, call: head.call, name: "Error", message: "", stack: "" };
  if ((typeof error === "object" && error !== null) || typeof error === "function") {
    failure.name = textOf(() => error.name || "Error", "Error");
    failure.message = textOf(() => error.message, "the pack threw an error that cannot be read");
    failure.stack = textOf(() => error.stack || "", "");
    failure.cause = slice(textOf(() => error.cause ?? "", ""), 0, 2000);
    failure.retryAfterSeconds = slice(textOf(() => error.retryAfterSeconds ?? "", ""), 0, 100);
    failure.userVisible = textOf(() => Boolean(error.isUserVisible), "") === "true";
    failure.request = requestThatRaised(error);
  } else failure.message = `the pack threw ${shown(error)}`;
  failure.name = slice(failure.name, 0, 200);
  failure.message = slice(failure.message, 0, 20_000);
  failure.stack = slice(failure.stack, 0, 20_000);
  sayWhatWasDropped();
  send(FAILURE, failure);
  callEnds();
}

// Reading an error may run code of the pack, which may throw again.
function textOf(read, otherwise) {
  try {
    return `${read()}`;
  } catch {
    return otherwise;
  }
}

listen("beforeunload", () => {
  if (callUnderWay() === null) return;
  send(FAILURE, {
    __proto__: null,
    call: callUnderWay(),
    name: "UnsettledPromiseError",
    message: "it awaits a promise that can never settle: nothing is left that could resolve or reject it",
    stack: "",
  });
  callEnds(); // the pack can dispatch this event itself
});
listen("unhandledrejection", (event) => {
  preventDefault(event); // the original runtime takes no notice of them, either
  log("warning", `a rejected promise was not awaited: ${shown(rejectionReason(event))}`);
});
listen("error", (event) => {
  preventDefault(event);
  log("error", `an error in a timer's callback: ${shown(errorOf(event))}`);
});

closeRealm();
send(READY, { __proto__: null });
listenToMessages(receive);

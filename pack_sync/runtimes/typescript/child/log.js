// console and context.logger: lines for the run's log, so many in one call.

let linesAllowed = 0;
let linesLeft = 0;
let linesDropped = 0;

function log(level, text) {
  if (linesLeft > 0) {
    linesLeft -= 1;
    send(LOG, { __proto__: null, level, text: slice(text, 0, 4000) });
  } else linesDropped += 1;
}

function logger(level) {
  return (...values) => {
    let line = "";
    for (let i = 0; i < values.length; i++) line += (i ? " " : "") + shown(values[i]);
    log(level, line);
  };
}

function shown(value) {
  if (typeof value === "string") return value;
  try {
    if (typeof value === "object" && value !== null && typeof value.stack === "string") {
      return value.stack;
    }
    const text = stringify(value);
    return text === undefined ? String(value) : text;
  } catch {
    return "[a value that cannot be shown]";
  }
}

const loggers = {
  trace: logger("debug"),
  debug: logger("debug"),
  info: logger("info"),
  warn: logger("warning"),
  error: logger("error"),
};
const packConsole = {
  ...loggers,
  log: loggers.info,
  dir: loggers.info,
  table: loggers.info,
  group: loggers.info,
  groupCollapsed: loggers.info,
  groupEnd() {},
  time() {},
  timeEnd() {},
  timeLog() {},
  count() {},
  countReset() {},
  clear() {},
  dirxml: loggers.info,
  timeStamp() {},
  profile() {},
  profileEnd() {},
  assert(condition, ...values) {
    if (!condition) apply(loggers.error, undefined, values);
  },
};

function allowLines(count) {
  linesAllowed = linesLeft = count;
  linesDropped = 0;
}

function sayWhatWasDropped() {
  if (linesDropped === 0) return;
  const text = `${linesDropped} further lines of the pack were left out: it may write ${linesAllowed} in one call`;
  send(LOG, { __proto__: null, level: "warning", text });
  linesDropped = 0;
}

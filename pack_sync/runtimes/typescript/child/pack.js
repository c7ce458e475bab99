// The pack: its bundle is evaluated, and its functions are called.

let pack = null;
let loadError = null;

function load(code, name) {
  const module = { exports: {} };
  globalThis.module = module;
  globalThis.exports = module.exports;
  try {
    // On the first line, so that lines in stack traces are those of the bundle.
    const run = evaluate(`(function (exports, module) {${code}\n})\n//# sourceURL=${name}`);
    run(module.exports, module);
    const exported = { ...globalThis.exports, ...module.exports };
    pack = exported.pack || exported.manifest || exported.default?.pack || null;
    if (pack === null) throw new TypeError("the bundle exports no `pack`: write `export const pack = coda.newPack();`");
  } catch (error) {
    pack = null;
    loadError = error;
  }
}

function contextOf(head) {
  const { context } = head;
  context.sync.startedAt = new Date(context.sync.startedAt);
  return {
    ...context,
    fetcher: fetcher(head.call),
    temporaryBlobStorage,
    logger: loggers,
    invocationLocation: { protocolAndHost: "https://coda.io" },
    syncStateService: {
      async getLatestRowVersions() {
        return {};
      },
    },
  };
}

function tableOf(head) {
  const tables = pack.syncTables || [];
  for (let i = 0; i < tables.length; i++) if (tables[i].name === head.table) return tables[i];
  throw new TypeError(`the pack has no sync table ${head.table}; build it again`);
}

const isDate = (type) => type === 4 || (typeof type === "object" && type !== null && type.items === 4);

function argumentsOf(getter, args) {
  const parameters = getter.parameters || [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === null) args[i] = undefined;
    else if (i < parameters.length && isDate(parameters[i].type)) args[i] = dates(args[i]);
  }
  return args;
}

function dates(value) {
  if (!isArray(value)) return new Date(value);
  for (let i = 0; i < value.length; i++) if (value[i] !== null) value[i] = new Date(value[i]);
  return value;
}

// The functions beside execute are wrapped by the SDK as formulas of two texts.
function metadata(formula, context, search, parameters) {
  if (typeof formula === "function") return formula(context, search, parameters);
  return formula.execute([search, stringify(parameters ?? {})], context);
}

// Any function but execute, by its name; undefined or null if the pack has none.
function formulaOf(head) {
  if (head.function === "getConnectionName") return authenticationOf()?.getConnectionName;
  if (head.function === "getOptions") return endpointOptions(head.parameter);
  const table = tableOf(head);
  if (head.function === "validateParameters") return table.getter.validateParameters;
  if (head.function !== "autocomplete") return table[head.function];
  const parameters = table.getter.parameters || [];
  for (let i = 0; i < parameters.length; i++) {
    if (parameters[i].name === head.parameter) return parameters[i].autocomplete;
  }
}

async function invoke(head) {
  if (pack === null) throw loadError;
  if (head.function === "manifest") return manifest();
  const context = contextOf(head);
  if (head.function === "execute") {
    const { getter } = tableOf(head);
    return await getter.execute(argumentsOf(getter, head.args), context);
  }
  const formula = formulaOf(head);
  if (formula === undefined || formula === null) return { missing: true };
  return { value: await metadata(formula, context, head.search, head.parameters) };
}

const authenticationOf = () => pack.defaultAuthentication || pack.systemConnectionAuthentication;

// The list of endpoints of a step of postSetup, by the step's name.
function endpointOptions(name) {
  const steps = authenticationOf()?.postSetup || [];
  for (let i = 0; i < steps.length; i++) {
    if (steps[i].name === name) return steps[i].getOptions || steps[i].getOptionsFormula;
  }
}

// What the pack declares, as JSON: functions become `true`.
function manifest() {
  const tables = pack.syncTables || [];
  return parse(
    stringify(
      {
        networkDomains: pack.networkDomains || [],
        authentication: authenticationOf() || null,
        formulas: (pack.formulas || []).length,
        tables: isArray(tables) ? tables : Object.values(tables),
      },
      (_key, item) => (typeof item === "function" ? true : item),
    ),
  );
}

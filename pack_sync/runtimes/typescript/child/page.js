// A page of rows: checked, written as lines of JSON, and sent.

class InvalidResultError extends Error {
  name = "InvalidResultError";
}

class PageTooLargeError extends Error {
  name = "PageTooLargeError";
}

function sendPage(head, returned) {
  const page = { __proto__: null };
  let rows = [];
  if (returned) {
    if (typeof returned !== "object") {
      throw new InvalidResultError(`execute returned ${shown(returned)}; return {result: rows}`);
    }
    page.continuation = returned.continuation;
    page.completion = returned.completion;
    page.deletedRowIds = returned.deletedRowIds;
    page.deletedItemIds = returned.deletedItemIds;
    rows = returned.result || [];
    if (!isArray(rows)) throw new InvalidResultError("result is not an array of rows");
  }
  const count = rows.length; // asked once: what `isArray` takes may be a proxy that lies
  sendRows(rows, count, adopter(head.schema), head.maxPageBytes);
  checkJson(page.continuation, "continuation");
  checkJson(page.completion, "completion");
  const text = stringify(page);
  send(RESULT, { __proto__: null, call: head.call, rows: count }, encode(text));
}

function sendRows(rows, count, adopt, limit) {
  let text = "";
  let sent = 0;
  for (let i = 0; i < count; i++) {
    text += line(adopt(rows[i]), i) + "\n";
    if (text.length >= CHUNK || i === count - 1) {
      const bytes = encode(text);
      sent += lengthOf(bytes);
      if (sent > limit) {
        throw new PageTooLargeError(`a page's rows may have ${limit} bytes of JSON, and row ${i} goes beyond; return smaller pages`);
      }
      for (let at = 0; at < lengthOf(bytes); at += LARGEST) { // one row may be large
        send(ROWS, { __proto__: null }, view(bytes, at, smaller(at + LARGEST, lengthOf(bytes))));
      }
      text = "";
    }
  }
}

function line(row, index) {
  try {
    const text = stringify(row);
    if (text === undefined) return "null";
    // Half a surrogate pair has no UTF-8; U+FFFD stands for it, as in browsers.
    return includes(text, "\\ud") ? stringify(row, wellFormed) : text;
  } catch (error) {
    throw new InvalidResultError(`row ${index} of the page cannot be written as JSON: ${error.message}`);
  }
}

function wellFormed(_key, value) {
  return typeof value === "string" ? toWellFormed(value) : value;
}

function checkJson(value, path) {
  if (!value) return;
  let text;
  try {
    text = stringify(value);
  } catch (error) {
    throw new InvalidResultError(`${path} cannot be written as JSON: ${error.message}`);
  }
  if (text === undefined) throw new InvalidResultError(`${path} is a ${typeof value}, which is not JSON`);
}

// The original SDK takes a property from the field that its `fromKey` names, or else from the
// field of its own name. The engine knows only the former, so the latter is renamed here.
function adopter(schema) {
  const renames = renamesOf(schema);
  return renames === null ? (row) => row : (row) => adopted(row, renames);
}

function renamesOf(schema) {
  if (!schema) return null;
  if (schema.type === "array") return renamesOf(schema.items);
  if (schema.type !== "object" || !schema.properties) return null;
  const renames = [];
  for (const name in schema.properties) {
    const property = schema.properties[name];
    const nested = renamesOf(property);
    const key = property.fromKey || name;
    if (key !== name || nested !== null) {
      renames[renames.length] = { __proto__: null, name, key, nested, shared: false, taken: false };
    }
  }
  for (let i = 0; i < renames.length; i++) {
    for (const other in schema.properties) {
      if (schema.properties[other].fromKey === renames[i].name) renames[i].shared = true;
    }
    // The field has the name of another property, which comes from elsewhere: `{A: {fromKey: "x"},
    // x: {fromKey: "y"}}`. What a row has there is that property's value.
    const { name, key } = renames[i];
    const other = hasOwn(schema.properties, key) ? schema.properties[key] : null;
    renames[i].taken = other !== null && name !== key && !!other.fromKey && other.fromKey !== key;
  }
  return renames.length ? renames : null;
}

// Whether another property that the row has is to be found in the field of this name.
function claims(renames, field, row) {
  for (let i = 0; i < renames.length; i++) {
    if (renames[i].key === field && (renames[i].name === field || hasOwn(row, renames[i].name))) return true;
  }
  return false;
}

function adopted(row, renames) {
  if (typeof row !== "object" || row === null) return row;
  if (isArray(row)) {
    let result = row;
    for (let i = 0; i < row.length; i++) {
      const item = adopted(row[i], renames);
      if (item !== row[i]) {
        if (result === row) result = copyArray(row);
        result[i] = item;
      }
    }
    return result;
  }
  let result = row;
  for (let i = 0; i < renames.length; i++) {
    const { name, key, nested, shared, taken } = renames[i];
    if (key !== name && hasOwn(row, name) && (taken || !hasOwn(row, key))) {
      if (result === row) result = { ...row };
      result[key] = row[name];
      if (!(shared && claims(renames, name, row))) delete result[name];
    }
    if (nested !== null && hasOwn(result, key)) {
      const value = adopted(result[key], nested);
      if (value !== result[key]) {
        if (result === row) result = { ...row };
        result[key] = value;
      }
    }
  }
  return result;
}

"use strict";
// The pack of benchmarks/engine_run.py, all rows alone, as a compiled bundle.

const text = { type: "string" };
const whole = { type: "number", precision: 0 };
const float = { type: "number" };
const moment = { type: "string", codaType: "datetime" };

exports.pack = {
  networkDomains: [],
  syncTables: [
    {
      name: "Items",
      identityName: "Items",
      schema: {
        type: "object",
        idProperty: "id",
        displayProperty: "name",
        properties: {
          id: { ...whole, required: true },
          count: whole,
          score: float,
          ratio: float,
          active: { type: "boolean" },
          name: text,
          email: text,
          status: text,
          created_at: moment,
          modified_at: moment,
          owner: { type: "object", properties: { name: text, email: text } },
          labels: { type: "array", items: text },
        },
      },
      getter: {
        name: "Items",
        parameters: [],
        async execute(_, context) {
          const url = context.sync.continuation?.url ?? "/rows/0";
          const { body } = await context.fetcher.fetch({ method: "GET", url });
          return { result: body.rows, continuation: body.next ? { url: body.next } : undefined };
        },
      },
    },
  ],
};

"use strict";
// A pack as a compiled bundle: pages of a thousand rows of twelve columns, made without network.

const PAGE = 1000;
const property = (type, fromKey) => ({ type, fromKey });

function row(number) {
  return {
    id: number,
    count: number * 7,
    score: number / 3,
    ratio: (number % 100) / 100,
    active: number % 2 === 0,
    name: `Task number ${number}`,
    email: `person${number}@example.com`,
    status: ["open", "done", "blocked"][number % 3],
    created_at: "2025-01-02T03:04:05Z",
    modified_at: "2025-02-03T04:05:06Z",
    owner: { name: `Owner ${number % 50}`, email: `owner${number % 50}@example.com` },
    labels: ["red", "green", `label ${number % 10}`],
  };
}

exports.pack = {
  networkDomains: [],
  syncTables: [
    {
      name: "Tasks",
      identityName: "Task",
      schema: {
        type: "object",
        idProperty: "Id",
        displayProperty: "Name",
        properties: {
          Id: property("number", "id"),
          Count: property("number", "count"),
          Score: property("number", "score"),
          Ratio: property("number", "ratio"),
          Active: property("boolean", "active"),
          Name: property("string", "name"),
          Email: property("string", "email"),
          Status: property("string", "status"),
          CreatedAt: { ...property("string", "created_at"), codaType: "datetime" },
          ModifiedAt: { ...property("string", "modified_at"), codaType: "datetime" },
          Owner: {
            type: "object",
            fromKey: "owner",
            properties: { Name: property("string", "name"), Email: property("string", "email") },
          },
          Labels: { type: "array", items: { type: "string" }, fromKey: "labels" },
        },
      },
      getter: {
        name: "Tasks",
        parameters: [{ name: "rows", type: 1 }],
        async execute([rows], context) {
          const start = context.sync.continuation?.start ?? 0;
          const result = [];
          for (let number = start; number < Math.min(start + PAGE, rows); number++) {
            result.push(row(number));
          }
          const next = start + PAGE;
          return { result, continuation: next < rows ? { start: next } : undefined };
        },
      },
    },
  ],
};

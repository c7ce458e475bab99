// Bundles one pack, as the original SDK's own build does: esbuild for Node first, then the
// modules of Node replaced by browserify's stand-ins, since the runtime is no Node.
// Both come from `tools`, a folder of ours, whatever the pack locks. No code of the pack is run.
//
// Argument: {entry, folder, output, tools}, as JSON. Prints, as JSON: {inputs} or {errors}.

import { createRequire } from "node:module";
import { builtinModules } from "node:module";
import path from "node:path";

const { entry, folder, output, tools } = JSON.parse(process.argv[2]);
const fromTools = createRequire(path.join(tools, "package.json"));
const esbuild = fromTools("esbuild");
const standIns = createRequire(fromTools.resolve("browserify"))("./lib/builtins.js");
delete standIns.fs; // as empty as the one below

const nodeModules = new Set(builtinModules.map((name) => name.replace(/^node:/, "")));
const withStandIns = {
  name: "stand-ins for the modules of Node",
  setup(build) {
    build.onResolve({ filter: /^[a-z@_]/ }, ({ path: name, kind }) => {
      if (kind === "entry-point") return null;
      const bare = name.replace(/^node:/, "").replace(/\/$/, "");
      if (!nodeModules.has(bare) && !(bare in standIns)) return null;
      const file = standIns[bare];
      return file ? { path: file } : { path: bare, namespace: "empty" };
    });
    build.onLoad({ filter: /.*/, namespace: "empty" }, ({ path: name }) => ({
      // So that what is not there is named: `fs.promises.readFile is not a function`.
      contents: `module.exports = {${name === "fs" ? "promises: {}" : ""}};`,
    }));
    // Free variables that browserify fills in, where they are used.
    build.onResolve({ filter: /^pack-globals$/ }, () => ({ path: "globals", namespace: "pack-globals" }));
    build.onLoad({ filter: /.*/, namespace: "pack-globals" }, () => ({
      contents: `
        export { Buffer } from ${JSON.stringify(standIns.buffer)};
        export { default as process } from ${JSON.stringify(standIns._process)};
        export const setImmediate = (call, ...given) => setTimeout(call, 0, ...given);
        export const clearImmediate = (timer) => clearTimeout(timer);`,
      resolveDir: folder,
    }));
  },
};

const common = {
  bundle: true,
  write: true,
  target: "ES2020", // what the original runtime knows
  keepNames: true, // isStatusCodeError compares names
  define: {
    "process.env.IN_ISOLATED_VM_OR_BROWSER": "true",
    "process.env.NODE_ENV": '"production"',
    // As browserify has them: there are no files where the pack runs.
    __dirname: '"/"',
    __filename: '"/bundle.js"',
    global: "globalThis",
  },
  logLevel: "silent",
  absWorkingDir: folder,
};

try {
  const intermediate = `${output}.node.js`;
  const first = await esbuild.build({
    ...common,
    entryPoints: [entry],
    outfile: intermediate,
    platform: "node",
    format: "cjs",
    sourcemap: "external", // esbuild 0.25 drops sources when it composes maps: source_map.py does
    metafile: true,
  });
  await esbuild.build({
    ...common,
    entryPoints: [intermediate],
    outfile: output,
    platform: "browser",
    format: "cjs",
    mainFields: ["browser", "main", "module"],
    conditions: [],
    inject: ["pack-globals"],
    plugins: [withStandIns],
    sourcemap: "linked",
    banner: { js: "'use strict';" },
  });
  const inputs = Object.keys(first.metafile.inputs).map((name) => path.resolve(folder, name));
  console.log(JSON.stringify({ inputs }));
} catch (error) {
  const errors = (error.errors ?? []).map(({ text, location }) => ({
    text,
    file: location?.file,
    line: location?.line,
    column: location ? location.column + 1 : undefined,
  }));
  console.log(JSON.stringify({ errors: errors.length ? errors : [{ text: String(error?.stack ?? error) }] }));
}

"""The time that a pack in TypeScript sees: that of the made-up service.

Its code runs in a child, whose clock nobody can move. So `Date` is another one there, which says
when the sync began, and from then on what the service's answers say in their header `Date`.
"""

from dataclasses import dataclass

from pack_sync.runtimes.runtime import PackRuntime
from pack_sync.runtimes.typescript.bundle import Bundle
from pack_sync.runtimes.typescript.runtime import TypeScriptRuntime

_DATE = """
var __now = 0;
{
  const Real = Date;
  const now = () => __now || Real.now();
  globalThis.Date = new Proxy(Real, {
    construct: (target, given, made) =>
      Reflect.construct(target, given.length ? given : [now()], made),
    apply: () => new Real(now()).toString(),
    get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
  });
}
"""
"""Before the pack's code, on its first line, so that lines in stack traces stay as they are."""

_FOLLOWED = """
{
  const pack = module.exports.pack || exports.pack || module.exports.manifest;
  const seen = (headers) => {
    if (headers && headers.date) __now = Date.parse(headers.date);
  };
  const followed = (fetcher) => ({
    ...fetcher,
    fetch: async (request) => {
      try {
        const response = await fetcher.fetch(request);
        seen(response.headers);
        return response;
      } catch (error) {
        seen(error && error.response && error.response.headers);
        throw error;
      }
    },
  });
  for (const table of (pack && pack.syncTables) || []) {
    const { getter } = table;
    const { execute } = getter;
    getter.execute = (args, context) => {
      __now = Math.max(__now, +context.sync.startedAt);
      return execute(args, { ...context, fetcher: followed(context.fetcher) });
    };
  }
}
"""


@dataclass(frozen=True, kw_only=True)
class ClockedBundle(Bundle):
    """A pack's code that sees the service's time."""

    def code(self) -> bytes:
        """The JavaScript, between what makes `Date` another one."""
        before = " ".join(_DATE.split()).encode()
        return before + super().code() + b"\n" + _FOLLOWED.encode()


def with_service_clock(runtime: PackRuntime) -> PackRuntime:
    """The runtime, whose packs see the service's time; one of Python as it is."""
    if not isinstance(runtime, TypeScriptRuntime):
        return runtime
    bundle = runtime.bundle
    clocked = ClockedBundle(file=bundle.file, folder=bundle.folder, source_map=bundle.source_map)
    return TypeScriptRuntime(runtime.pack, clocked)

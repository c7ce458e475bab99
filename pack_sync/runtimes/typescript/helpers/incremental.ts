/**
 * Helpers for incremental syncs. `packsync helpers PACK` writes this file beside a pack.
 *
 * It needs nothing but the types of the SDK, so a pack that imports it runs at its original host,
 * too. There a `RetryLater` is an error like others, and `startedAt` is the time of the page.
 */
import type * as sdk from "@codahq/packs-sdk";

/** What a service's rows are told apart by. */
type RowId = string | number | RowId[];
/** Properties that say which rows were deleted: all that have these values. */
type PropertyValues = Record<string, string | number | boolean>;
/** What leads to the next page: a token, a URL, a number. */
type PageToken = string | number;

type Left = Record<string, PageToken>;
type Context = sdk.SyncExecutionContext<any, any, any>;

/** A page of a sync, as `execute` returns it. */
export interface SyncPage<RowT> {
  result: RowT[];
  /** `PropertyValues` too, which the SDK's types do not know. */
  deletedRowIds?: any[];
  continuation?: Left;
  completion?: { incrementalContinuation: Left } | { hasIncompleteResults: true };
}

/** What is in an increment when the sync ends, besides its rows. */
export interface PageOptions {
  /** Leads to the next page; nothing on the last one. */
  nextPage?: PageToken | null;
  /** The ids of rows that were deleted; a list of values where several properties are the id. */
  deletedIds?: (RowId | PropertyValues)[];
}

/**
 * Throw this when an answer says, in a way of its own, that the service wants a pause.
 *
 * No table of the connection makes requests for so many seconds, and then the page is begun again.
 * A status of 429 or 503, and `Retry-After`, are understood without it.
 */
export class RetryLater extends Error {
  readonly retryAfterSeconds: number;

  constructor(seconds: number, message = `the service wants no requests for ${seconds} s`) {
    super(message);
    if (!(seconds >= 0 && seconds < Infinity)) {
      throw new RangeError(`RetryLater takes seconds from 0 on, not ${seconds}`);
    }
    this.name = "RetryLater";
    this.retryAfterSeconds = seconds;
  }
}

/**
 * What changed since the sync before, by the clock of the service: for a filter such as
 * `updated_since`.
 *
 * The next sync asks for what changed since this one began, by the `Date` of its first answer. It
 * goes back by `overlapSeconds` more, because a change may become visible later than its time says.
 */
export class TimeCursor {
  /** Ask for what changed since then, the same on all pages; nothing in a full sync. */
  readonly since: Date | undefined;
  /** What the page before gave as its `nextPage`; nothing on the first page. */
  readonly nextPage: PageToken | undefined;
  private readonly began: PageToken | undefined;
  private readonly startedAt: Date;

  constructor(context: Context, { overlapSeconds = 300 }: { overlapSeconds?: number } = {}) {
    const left = leftByLastPage(context);
    const cursor = leftByLastSync(context);
    this.nextPage = left.page;
    this.began = left.began;
    this.startedAt = startedAt(context);
    if (cursor) {
      const since = Date.parse(String(cursor.since));
      if (Number.isNaN(since)) throw new Error(`the cursor has the time ${cursor.since}; sync with --full`);
      this.since = new Date(since - overlapSeconds * 1000);
    }
  }

  /** The page to return; `response` is the answer that it is made of, for the service's clock. */
  page<RowT>(rows: RowT[], response?: sdk.FetchResponse, options: PageOptions = {}): SyncPage<RowT> {
    const began = this.began ?? (serverTime(response) ?? this.startedAt).toISOString();
    return options.nextPage
      ? { ...pageOf(rows, options), continuation: { page: options.nextPage, began } }
      : { ...pageOf(rows, options), completion: { incrementalContinuation: { since: began } } };
  }
}

/**
 * What changed since the service gave a token; the last page brings the next one, as Google's
 * `nextSyncToken`. Send both `token` and `nextPage`, as far as they are there.
 */
export class SyncToken {
  /** The token of the sync before, the same on all pages; nothing in a full sync. */
  readonly token: PageToken | undefined;
  /** What the page before gave as its `nextPage`; nothing on the first page. */
  readonly nextPage: PageToken | undefined;
  private readonly startedAt: Date;

  constructor(context: Context) {
    this.token = leftByLastSync(context)?.token;
    this.nextPage = leftByLastPage(context).page;
    this.startedAt = startedAt(context);
  }

  /** The page to return; `nextToken` counts on the last one, and an error is thrown without it. */
  page<RowT>(
    rows: RowT[],
    options: PageOptions & { nextToken?: PageToken | null },
  ): SyncPage<RowT> {
    if (options.nextPage) return { ...pageOf(rows, options), continuation: { page: options.nextPage } };
    if (!options.nextToken) {
      throw new Error(
        "the last page has no token for the next sync. Most services give one only if it is asked " +
          "for on the first page, and without filters or another order",
      );
    }
    const cursor = { token: options.nextToken, at: this.startedAt.toISOString() };
    return { ...pageOf(rows, options), completion: { incrementalContinuation: cursor } };
  }
}

/** When a cursor has ended: what the service answers then, or how long it keeps what changed. */
export interface Expiry {
  /** Statuses such as 410. */
  statuses?: number[];
  /** A text that is in the body as well, where a status may mean something else. */
  reason?: string;
  /** Days after which the service has forgotten what changed. */
  afterDays?: number;
}

/**
 * Wraps `execute`: where the cursor of an increment has ended, a full sync follows at once.
 *
 * In a full sync errors stay what they are.
 */
export function fullSyncWhenExpired<ArgsT, ContextT extends Context, PageT>(
  { statuses = [], reason = "", afterDays = Infinity }: Expiry,
  execute: (args: ArgsT, context: ContextT) => Promise<PageT>,
): (args: ArgsT, context: ContextT) => Promise<PageT | SyncPage<any>> {
  return async (args, context) => {
    const cursor = leftByLastSync(context);
    const written = Date.parse(String(cursor?.at ?? cursor?.since));
    const days = (startedAt(context).getTime() - written) / 86_400_000;
    if (cursor && days > afterDays) return startAnew();
    try {
      return await execute(args, context);
    } catch (error: any) {
      const isAnswer = error?.name === "StatusCodeError" && statuses.includes(error.statusCode);
      if (cursor && isAnswer && bodyText(error.body).includes(reason)) return startAnew();
      throw error;
    }
  };
}

/**
 * The URL of the next page as the header `Link` has it with `rel="next"` (RFC 8288); nothing on the
 * last page. `base` is the URL that was asked for, where the service names the next by its path.
 */
export function nextLink(response: sdk.FetchResponse, base?: string): string | undefined {
  const header = response.headers.link ?? response.headers.Link;
  for (const [, target, parameters] of String(header ?? "").matchAll(/<([^>]*)>([^<]*)/g)) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters ?? "");
    const names = (relation?.[1] ?? relation?.[2] ?? "").toLowerCase().split(/\s+/);
    if (target && names.includes("next")) return new URL(target, base).href;
  }
  return undefined;
}

function startAnew(): SyncPage<any> {
  return { result: [], completion: { hasIncompleteResults: true } };
}

function pageOf<RowT>(rows: RowT[], { deletedIds = [] }: PageOptions): SyncPage<RowT> {
  return { result: rows, deletedRowIds: deletedIds };
}

function leftByLastPage(context: Context): Left {
  return context.sync.continuation ?? {};
}

function leftByLastSync(context: Context): Left | undefined {
  return context.sync.previousCompletion?.incrementalContinuation;
}

function startedAt(context: Context): Date {
  return (context.sync as { startedAt?: Date }).startedAt ?? new Date();
}

/** When the service wrote an answer, by its own clock: the header `Date` (RFC 9110, 6.6.1). */
function serverTime(response: sdk.FetchResponse | undefined): Date | undefined {
  const moment = Date.parse(String(response?.headers.date ?? response?.headers.Date));
  return Number.isNaN(moment) ? undefined : new Date(moment);
}

function bodyText(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body ?? "");
}

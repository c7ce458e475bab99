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

/**
 * A list for full syncs, and for all others a feed of changes that is read on from where the sync
 * before came to.
 *
 * A full sync asks where the feed stands before it reads the list, so that nothing is lost that
 * changes meanwhile: where `position` and `start` are undefined, set `start`. Where a feed that is read from its
 * beginning brings everything, a full sync reads it too, and gives a `nextPosition` on each page.
 */
export class ChangeFeed {
  /** Where this page of the feed begins; nothing where a full sync reads the list. */
  readonly position: PageToken | undefined;
  /** What the page before of the list gave as its `nextPage`; nothing on the first page. */
  readonly nextPage: PageToken | undefined;
  /** Where the feed stood before the list was read: to be set on the list's first page. */
  start: PageToken | undefined;
  private readonly startedAt: Date;

  constructor(context: Context) {
    const left = leftByLastPage(context);
    this.position = left.position ?? leftByLastSync(context)?.position;
    this.nextPage = left.page;
    this.start = left.start;
    this.startedAt = startedAt(context);
  }

  /**
   * The page to return. Of the list: `nextPage` leads to its next one. Of the feed: `nextPosition` is
   * where it goes on, at once if there are `more` changes, else in the next sync.
   */
  page<RowT>(
    rows: RowT[],
    options: PageOptions & { nextPosition?: PageToken | null; more?: boolean } = {},
  ): SyncPage<RowT> {
    const position = options.nextPosition ?? this.start;
    if (position === undefined) {
      throw new Error(
        "it is not known where the next sync goes on: give a nextPosition, or set start before the list is read",
      );
    }
    const ofList = options.nextPosition === undefined || options.nextPosition === null;
    if (ofList && options.nextPage) {
      return { ...pageOf(rows, options), continuation: { page: options.nextPage, start: position } };
    }
    if (options.more) return { ...pageOf(rows, options), continuation: { position } };
    const cursor = { position, at: this.startedAt.toISOString() };
    return { ...pageOf(rows, options), completion: { incrementalContinuation: cursor } };
  }
}

/** How rows are sorted, and how many are on a page. */
export interface KeysetOptions<RowT> {
  /** What the rows are sorted by, the lowest first: a time of change, or a number that only grows. */
  key: (row: RowT) => string | number;
  id: (row: RowT) => string | number;
  pageSize: number;
  /** The service answers with rows above `after`, and not with those that have this key too. */
  strict?: boolean;
  /** Seconds, or so much of a number, by which the next sync begins before the last key. */
  overlap?: number;
}

/**
 * Rows sorted by a key: ask for `pageSize` rows from `after` on. Rows that move to the end while
 * they are read are read again there, and none is passed over, though several rows may have the
 * same key, as many as fit on a page.
 *
 * A sync ends with a page that has nothing new.
 */
export class Keyset<RowT> {
  /** Ask for rows from this key on; nothing: from the lowest. */
  readonly after: string | number | undefined;
  private readonly last: PageToken | undefined;
  private readonly seen: string[];
  private readonly cursor: PageToken | undefined;
  private readonly startedAt: Date;

  constructor(context: Context, private readonly options: KeysetOptions<RowT>) {
    const left = leftByLastPage(context);
    const overlap = options.overlap ?? 300;
    this.last = left.key;
    this.seen = JSON.parse(String(left.ids ?? "[]"));
    this.cursor = leftByLastSync(context)?.key;
    this.startedAt = startedAt(context);
    const from = this.last ?? lowered(this.cursor, overlap, overlap * 1000);
    this.after = options.strict ? lowered(from, 1, 1) : from;
  }

  /** The page to return, of the rows in the service's order; throws if they are not sorted. */
  page(rows: RowT[], options: Pick<PageOptions, "deletedIds"> = {}): SyncPage<RowT> {
    const keys = rows.map(this.options.key);
    const ids = rows.map((row) => String(this.options.id(row)));
    this.checkOrder(keys);
    if (keys.every((key, n) => this.isOld(key, ids[n] as string))) {
      if (rows.length && rows.length >= this.options.pageSize) {
        throw new Error(
          `${rows.length} rows or more have the same key, ${keys[0]}: more than a page has, so that ` +
            "the others cannot be asked for. Ask for larger pages",
        );
      }
      const key = this.nextCursor();
      const cursor: Left = key === undefined ? {} : { key };
      return { ...pageOf(rows, options), completion: { incrementalContinuation: cursor } };
    }
    const key = keys[keys.length - 1] as PageToken;
    const there = ids.filter((_, n) => keys[n] === key);
    const seen = key === this.last ? [...new Set([...this.seen, ...there])] : there;
    return { ...pageOf(rows, options), continuation: { key, ids: JSON.stringify(seen) } };
  }

  /** Whether the page before had the row. */
  private isOld(key: PageToken, id: string): boolean {
    if (this.last === undefined) return false;
    return key === this.last ? this.seen.includes(id) : comparable(key) < comparable(this.last);
  }

  private checkOrder(keys: PageToken[]): void {
    const wrong = keys.findIndex((key, n) => n > 0 && comparable(key) < comparable(keys[n - 1] as PageToken));
    if (wrong > 0) {
      throw new Error(
        `the rows are not sorted by their key, the lowest first: ${keys[wrong]} comes after ${keys[wrong - 1]}`,
      );
    }
  }

  /** The last key; of a time that is yet to come, which would hide all until then, now. */
  private nextCursor(): PageToken | undefined {
    const key = this.last ?? this.cursor;
    const isLater = typeof key === "string" && comparable(key) > this.startedAt.getTime();
    return isLater ? this.startedAt.toISOString() : key;
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

const TIME = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** A number that sorts as the key does; NaN, which is neither less nor more, for other texts. */
function comparable(key: PageToken): number {
  if (typeof key === "number") return key;
  return TIME.test(key) ? Date.parse(zoned(key)) : NaN;
}

/** A time without a zone is one in UTC. */
function zoned(time: string): string {
  return /T|\s/.test(time) && !/(Z|[+-]\d\d:?\d\d)$/.test(time) ? `${time}Z` : time;
}

/** A number less so many units, a time less so many milliseconds, any other key as it is. */
function lowered(key: PageToken | undefined, units: number, milliseconds: number): PageToken | undefined {
  if (typeof key === "number") return key - units;
  const moment = comparable(key ?? "");
  return Number.isNaN(moment) ? key : new Date(moment - milliseconds).toISOString();
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

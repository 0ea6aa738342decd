/**
 * The part of the catalogue of coded errors that the SDK itself throws, so that an application's bundle carries no more
 * texts than it can use. The whole catalogue is errors.ts.
 */
export interface CatalogueEntry {
  /** HTTP status when the error answers a request. */
  readonly status: number;
  /** What happened; `{name}` is replaced from the details. */
  readonly message: string;
  /** What to do. */
  readonly fix: string;
}

export const entry = (status: number, message: string, fix: string): CatalogueEntry => ({ status, message, fix });

export const APP_ERRORS = {
  event_invalid: entry(400, "Event {index}: {reason}.", "Correct the event; nothing of this request was stored."),
  event_name_reserved: entry(
    400,
    "Event {index}: event name is reserved for internal use: {name}.",
    "Choose a name that does not begin with inngest/.",
  ),
  event_too_large: entry(
    400,
    "Event {index} has {size} bytes; the limit is {limit}.",
    "Store the payload yourself and send its key.",
  ),
  too_many_events: entry(400, "Cannot have more than {limit} events in a request.", "Split the request."),
  body_invalid: entry(400, "The body is not valid: {reason}.", "Send what docs/http.md describes for this route."),
  body_too_large: entry(413, "The body is larger than {limit} bytes.", "Send less at once."),
  query_invalid: entry(400, "Query parameter {name} is not valid: {reason}.", "Correct or omit it."),
  method_not_allowed: entry(405, "Method not allowed.", "See docs/http.md for the routes."),
  unauthorized: entry(
    401,
    "Authentication failed.",
    "Log in, or send an API token (STEPWELL_API_TOKEN) or the signing key, which app and server share, as a bearer.",
  ),
  stale_dispatch: entry(409, "This call was superseded by a newer one.", "Stop; the newer call carries on."),
  too_many_ops: entry(400, "The reply has {count} operations; the limit is {limit}.", "Run fewer steps in parallel."),
  server_unreachable: entry(502, "No server answers at {url}.", "Start one with `stepwell dev`, or pass --url."),
  option_invalid: entry(500, "{where}: {reason}.", "Correct the option."),
  duration_invalid: entry(
    500,
    "{where}: {value} is not a duration.",
    'Write "30s", "1h30m", "7d", or a number of milliseconds.',
  ),
  date_invalid: entry(500, "{where}: {value} is not a date.", "Pass a Date, an ISO 8601 text, or a Temporal instant."),
  value_not_storable: entry(
    500,
    "{where}: the value at {path} cannot be stored: {reason}.",
    "Return plain JSON: objects, arrays, texts, finite numbers, booleans, null.",
  ),
  step_nested: entry(500, "Step {step} was called inside step {parent}.", "Call it after the outer step, not within."),
  step_not_found: entry(
    500,
    "Step {step} was not reached by this call.",
    "Deploy code in which the running runs' steps still exist.",
  ),
  event_key_missing: entry(
    500,
    "There is no event key.",
    "Pass eventKey or set STEPWELL_EVENT_KEY; in development set STEPWELL_DEV=1.",
  ),
  signing_key_missing: entry(
    500,
    "There is no signing key.",
    "Pass signingKey or set STEPWELL_SIGNING_KEY; in development set STEPWELL_DEV=1.",
  ),
  send_failed: entry(
    502,
    "The events could not be sent: {reason}.",
    "Correct it, or check baseUrl and event key. Sent again, an event needs an `id` not to count twice.",
  ),
  signal_too_large: entry(
    413,
    "The data of signal {signal} has {size} bytes; the limit is {limit}.",
    "Store the data yourself and send its key.",
  ),
  signal_failed: entry(
    502,
    "Signal {signal} could not be sent: {reason}.",
    "Check baseUrl and the signing key; the signal may have arrived, so send it again only if twice does no harm.",
  ),
  event_schema_failed: entry(400, "Event {name} does not fit its schema: {reason}.", "Correct the data or the schema."),
  function_not_found: entry(
    404,
    "Function {function} is not served here.",
    "Pass it to serve(), deploy, and sync again.",
  ),
  invariant: entry(500, "Invariant broken: {what}.", "This is a bug in stepwell; please report it with the log."),
} as const satisfies Record<string, CatalogueEntry>;

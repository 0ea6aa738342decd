/**
 * The catalogue of coded errors. `code` is the contract, the message is for people, `fix` says what to do.
 * `docs/errors.md` has one heading per code; a test compares both lists.
 */
import { APP_ERRORS, type CatalogueEntry, entry } from "./app-errors.ts";
import { know } from "./coded-error.ts";

export { codedErrorValue, type ErrorDetails, errorMessage, isStepwellError, StepwellError } from "./coded-error.ts";

export const ERRORS = {
  ...APP_ERRORS,
  // Intake.
  event_key_required: entry(401, "Event key is required.", "Send to /e/<your event key>."),
  event_key_unknown: entry(
    401,
    "Event key not found.",
    "Use an event key of this server, for example as STEPWELL_EVENT_KEY; `stepwell keys` lists them.",
  ),
  // Requests.
  body_too_deep: entry(400, "The body nests deeper than {limit} levels.", "Flatten the value."),
  content_type_unsupported: entry(415, "Content type {type} is not supported here.", "Send application/json."),
  not_found: entry(
    404,
    "{what} was not found.",
    "Check the id; `stepwell runs`, `events`, `functions` and `apps` list them.",
  ),
  forbidden: entry(
    403,
    "{name} may not do this: it needs the scope {needed}, and has {scope}.",
    "Ask an admin for the scope, or use a token that has it.",
  ),
  origin_refused: entry(
    403,
    "A page of {origin} asks, which is not this server's.",
    "Use the server's own pages, or no browser. Behind a proxy that changes the host, start the server with --public-url.",
  ),
  host_refused: entry(
    403,
    "This server is open to this machine, and answers nobody under the name {host}.",
    "Ask it as localhost. To serve others, start it with --public-url or on another --host, with a log-in.",
  ),
  login_failed: entry(401, "Name or password is wrong.", "Try again; an admin can make a link for a new password."),
  too_many_attempts: entry(429, "Too many attempts.", "Try again in {seconds} seconds."),
  link_invalid: entry(
    410,
    "The link is not valid, or no longer.",
    "Links hold a day and work once. Ask an admin for another; `stepwell start` prints one while there is no user.",
  ),
  password_invalid: entry(400, "The password cannot be used: {reason}.", "Choose another one."),
  session_needed: entry(403, "Only a user who is logged in can do this.", "Log in; a token or a key is not enough."),
  user_exists: entry(409, "There is a user named {name}.", "Choose another name."),
  user_last_admin: entry(409, "{name} is the only admin who can log in.", "Make another admin first."),
  too_many_credentials: entry(409, "There are {limit} {what}, which is the limit.", "Delete those that nobody uses."),
  key_from_settings: entry(
    409,
    "Key {key} is one of those that the server was started with.",
    "Change STEPWELL_SIGNING_KEY, STEPWELL_SIGNING_KEY_FALLBACK or STEPWELL_EVENT_KEY, and start it again.",
  ),
  run_ended: entry(409, "Run {run} has already ended ({status}).", "Nothing to do."),
  run_not_pending: entry(
    409,
    "Run {run} does not gather events: it has begun, or it has ended.",
    "Look at the run; one that is under way can be cancelled.",
  ),
  run_already_cancelled: entry(409, "Run {run} has already been cancelled.", "Nothing to do."),
  run_already_ended: entry(409, "Run {run} has already ended ({status}).", "Nothing to do."),
  run_not_ended: entry(
    504,
    "Run {run} has not ended: it is {status}.",
    "Wait longer; in tests, move the clock with `advance`.",
  ),
  run_state_gone: entry(
    410,
    "Runtime state is no longer available for run {run}.",
    "The run has ended, or there never was one with this id; read /v1/runs/{run} to see which.",
  ),
  operation_ended: entry(409, "Operation {operation} has already ended ({status}).", "Nothing to do."),
  too_many_operations: entry(
    429,
    "{limit} operations are under way, which is the limit.",
    "Wait for one to end, or cancel one; `stepwell operations` lists them.",
  ),
  run_exists: entry(409, "Run {run} already exists.", "Give each run an id of its own."),
  run_token_invalid: entry(
    401,
    "The token is not valid for this run, or no longer.",
    "Tokens hold an hour, and those of a server without a signing key as long as its process; call the endpoint again.",
  ),
  realtime_token_invalid: entry(
    401,
    "The token opens no topics, or no longer.",
    "Ask for a new one and use it at once: to begin to listen it holds a minute, and only at the server that gave it.",
  ),
  websocket_required: entry(
    426,
    "This address is for WebSockets.",
    "Connect with a WebSocket, or listen at /v1/realtime/sse.",
  ),
  too_many_endpoint_apps: entry(
    429,
    "Endpoints of {limit} origins begin runs here, which is the limit.",
    "Remove apps that are not used any more, or serve the endpoints under fewer origins.",
  ),
  endpoint_request_invalid: entry(
    400,
    "The request that began the run cannot be made again: {reason}.",
    "Send the run's request to the endpoint itself.",
  ),
  server_stopping: entry(503, "The server is shutting down.", "Try again in a moment."),
  server_overloaded: entry(
    503,
    "The server has {count} commands waiting; the limit is {limit}.",
    "Try again with backoff.",
  ),
  internal_error: entry(500, "Internal error.", "See the server's log; report it with the log line."),
  // Sync.
  app_id_required: entry(400, "App ID required.", "Give the client an `id`."),
  function_config_invalid: entry(
    400,
    "At least one function is invalid: {problems}.",
    "Correct every problem listed, then sync again.",
  ),
  server_kind_mismatch: entry(
    400,
    "Expected server kind {expected}, got {actual}.",
    "Run app and server both in dev mode or both in production mode.",
  ),
  sdk_version_denied: entry(400, "SDK version {version} has a known vulnerability and is refused.", "Update the SDK."),
  sync_failed: entry(
    502,
    "The app at {url} could not be synced: {reason}.",
    "Check that the app runs and that server and app can reach each other.",
  ),
  // Runs and steps.
  step_output_too_large: entry(
    413,
    "Step {step} returned {size} bytes; the limit is {limit}.",
    "Store the value yourself and return its key.",
  ),
  step_input_too_large: entry(
    413,
    "Step {step} was given {size} bytes of arguments; the limit is {limit}.",
    "Store the value yourself and pass its key.",
  ),
  run_state_too_large: entry(
    413,
    "The run holds {size} bytes of state; the limit is {limit}.",
    "Store large values yourself and pass their keys.",
  ),
  too_many_steps: entry(400, "The run has {count} steps; the limit is {limit}.", "Split the work into several runs."),
  op_invalid: entry(
    400,
    "Operation {index} of the reply is not valid: {reason}.",
    "Update the SDK, or report the bug to its authors.",
  ),
  op_unsupported: entry(400, "Operation {op} is not supported by this server.", "Update the server."),
  timeout_too_long: entry(
    400,
    "Step {step} waits for more than {limit} days.",
    "Wait in a loop with a shorter timeout.",
  ),
  wait_invalid: entry(400, "Step {step} cannot wait: {reason}.", "Correct the step's options."),
  look_back_too_far: entry(
    400,
    "Step {step} looks back over more than {limit} events.",
    "Begin later (`since`), or wait for an event with a name of its own.",
  ),
  signal_conflict: entry(
    409,
    "Signal conflict; signal wait already exists for another run: {signal} is waited for by run {run}.",
    'Use a signal of its own for each wait, or `onConflict: "replace"`.',
  ),
  signal_unknown: entry(
    404,
    "Nobody waits for signal {signal}.",
    "Send it later, or with a `ttl` to keep it until then.",
  ),
  function_removed: entry(
    410,
    "Function {function} was removed while this run was open.",
    "Serve the function again and resume the run.",
  ),
  function_paused: entry(
    409,
    "Function {function} is paused and starts no runs.",
    "Resume the function, or pause it with mode hold.",
  ),
  function_skipped: entry(
    422,
    "Function {function} did not start: run {run} is the one run of its key.",
    "Wait for that run, or choose another `singleton` mode.",
  ),
  function_rate_limited: entry(
    429,
    "invoked function is rate limited: {function} may start again at {until}.",
    "Try again then, or raise `rateLimit`.",
  ),
  function_deduplicated: entry(
    409,
    "Function {function} was started for the same before, by run {run}, which is gone.",
    "Use another idempotency key.",
  ),
  events_failed: entry(
    500,
    "{failed} of {count} events failed, the first with: {first}",
    "See the results of the run's events; run it again when the cause is mended.",
  ),
  event_results_invalid: entry(
    400,
    "The function returned results of its events that do not fit: {reason}.",
    "Return one result for each event, in their order, with `data` or `error`.",
  ),
  function_debounced: entry(422, "Function {function} was debounced.", "See `debounce` of the function."),
  function_backlog_full: entry(
    429,
    "Function {function} has {limit} runs waiting and takes no more.",
    "Try again later, or raise `backlog`.",
  ),
  invoke_cycle: entry(
    409,
    "Function {function} was started for the same before, by run {run}, which waits for this one.",
    "Use another idempotency key where a function invokes itself, directly or through others.",
  ),
  invoke_blocked: entry(
    409,
    "Function {function} can begin no run while run {run} has its place, and that one waits for this one.",
    "Let a function under limits for whole runs not invoke itself, directly or through others, with one key.",
  ),
  too_many_joined: entry(
    409,
    "Run {run} gives its result to {limit} steps already.",
    "Use idempotency keys that fewer invokes share.",
  ),
  invoke_too_deep: entry(
    400,
    "Functions invoke each other more than {limit} levels deep.",
    "Look for a function that invokes itself, directly or through others.",
  ),
  invoke_cancelled: entry(
    409,
    "The invoked run {run} was cancelled: {reason}.",
    "Catch the error where a cancelled child is normal.",
  ),
  invoke_skipped: entry(409, "The invoked run {run} was skipped: {reason}.", "See the run for the reason."),
  run_timed_out: entry(408, "The run's time is over: {reason}.", "Raise the function's `timeouts`."),
  run_place_taken: entry(
    409,
    "Run {run} cannot go on: run {other} has its place among the runs of its key.",
    "Resume it when that run has ended, or rerun it: a new run goes by the function's rules of now.",
  ),
  run_not_failed: entry(
    409,
    "Run {run} has not failed: it is {status}.",
    "Only a failed run can be resumed; rerun it.",
  ),
  step_unknown: entry(404, "Run {run} has no step {step}.", "Name a step of the run, by its id or its hashed id."),
  step_ambiguous: entry(
    409,
    "Run {run} has {count} steps named {step}.",
    "Use the hashed id of the one you mean; `stepwell runs show --json` lists them.",
  ),
  sleep_too_long: entry(400, "Step {step} sleeps for more than {limit} days.", "Sleep in a loop, or use a schedule."),
  not_sdk: entry(
    502,
    "The response did not come from an SDK.",
    "Check the app's URL; a proxy, login wall or error page may answer in its place.",
  ),
  app_unreachable: entry(502, "Unable to reach the app at {url}: {reason}.", "Start the app, or correct its URL."),
  app_error: entry(502, "The app answered HTTP {status} before the SDK responded.", "See the app's log."),
  reply_too_large: entry(
    502,
    "The function's response body exceeds {limit} bytes.",
    "Return less from steps and functions.",
  ),
  reply_invalid: entry(
    502,
    "The app's reply cannot be read: {reason}.",
    "Update the SDK, or report the bug to its authors.",
  ),
  call_timeout: entry(504, "The call took longer than {limit}.", "Split the step."),
  // Requests that the server makes for steps.
  gateway_invalid: entry(400, "The request of step {step} cannot be made: {reason}.", "Correct the step's options."),
  gateway_refused: entry(
    403,
    "The request to {target} was refused: {reason}.",
    "Request public addresses only, or allow private ones where the server is started.",
  ),
  gateway_failed: entry(502, "The request to {target} failed: {reason}.", "Check the address; the step is retried."),
  gateway_status: entry(
    502,
    "{target} answered HTTP {status}: {reason}.",
    "Check key, model and body of the request; the step is retried.",
  ),
  gateway_timeout: entry(504, "The request to {target} took longer than {limit}.", "Ask for less at once."),
  gateway_too_large: entry(
    413,
    "The {what} of the request to {target} is larger than {limit} bytes.",
    "Ask for less at once, or make the request inside a step of your own and return only what you need.",
  ),
  expression_invalid: entry(400, "Expression {expression} is not valid: {reason}.", "See docs/expressions.md."),
  cron_invalid: entry(
    400,
    "Cron {cron} is not valid: {reason}.",
    "Use five fields, for example `0 9 * * *`, with an optional `TZ=Area/City ` before them.",
  ),
  // Store.
  store_locked: entry(
    500,
    "The database {path} is in use by another process (pid {pid}).",
    "Stop that process, or give this one another --data-dir.",
  ),
  store_busy: entry(
    503,
    "The database {path} is busy: another program holds it.",
    "Close other programs that write to the file; the engine tries again by itself.",
  ),
  store_corrupt: entry(
    500,
    "The database {path} is damaged: {reason}.",
    "Restore it from a backup; run `sqlite3 FILE .recover` on a copy.",
  ),
  store_full: entry(
    500,
    "The disk is full: {path} could not be written.",
    "Free some space and start again; nothing acknowledged was lost.",
  ),
  store_newer: entry(
    500,
    "The database {path} has schema {found}; this version knows up to {known}.",
    "Update stepwell.",
  ),
  store_failed: entry(
    500,
    "The database {path} failed: {reason}.",
    "Check disk and permissions, then start again; nothing acknowledged was lost.",
  ),
  // Command line and process.
  node_too_old: entry(
    500,
    "stepwell needs Node {needed} or newer; this is {found}.",
    "Install a newer Node, for example `npx -p node@24 stepwell dev`.",
  ),
  keys_missing: entry(
    500,
    "`stepwell start` needs a signing key and an event key.",
    "Pass --signing-key and --event-key, or set STEPWELL_SIGNING_KEY and STEPWELL_EVENT_KEY.",
  ),
  key_invalid: entry(
    500,
    "The {what} is not valid: {reason}.",
    "Signing keys are an even number of hex digits, event keys letters and digits: `openssl rand -hex 32` makes one that is both.",
  ),
  port_in_use: entry(500, "Port {port} is in use.", "Stop the other process, or pass --port."),
  listen_failed: entry(
    500,
    "The server cannot listen on {host}, port {port}: {reason}.",
    "Pass a --host that this machine has, and a --port that this user may open.",
  ),
  server_refused: entry(
    502,
    "{url} answered {status}: {reason}.",
    "Check that --url is the address of a stepwell server.",
  ),
  folder_not_empty: entry(500, "{path} is not empty.", "Name a folder that is new or empty; nothing was written."),
  // SDK.
  setting_fixed: entry(
    409,
    "{setting} was given when the server was started.",
    "Start the server without that option, or with another value.",
  ),
  feature_absent: entry(501, "{what} are not offered by this server.", "Leave it out, or use a server that offers it."),
} as const satisfies Record<string, CatalogueEntry>;

/** The codes of coded errors. They are the contract; docs/errors.md has a section for each. */
export type ErrorCode = keyof typeof ERRORS;

know(ERRORS);

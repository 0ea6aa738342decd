/** `stepwell`: the client, functions, events and errors. The doors beside it serve them. */

export { type ErrorCode, StepwellError } from "./protocol/errors.ts";
export { VERSION as version } from "./protocol/version.ts";
export { Stepwell } from "./sdk/client.ts";
export type { FunctionInfo, HandlerContext } from "./sdk/context.ts";
export type { DateInput, DurationInput, DurationLike } from "./sdk/duration-input.ts";
export { NonRetriableError, RetryAfterError, StepError } from "./sdk/errors.ts";
export type {
  AnyFunction,
  CheckpointingOptions,
  ConcurrencyOption,
  FailureEvent,
  FailureHandler,
  FunctionOptions,
  Handler,
  StepwellFunction,
} from "./sdk/function.ts";
export type { Jsonify } from "./sdk/jsonify.ts";
export type { Logger } from "./sdk/logger.ts";
export type { Middleware, StepInfo } from "./sdk/middleware.ts";
export type { ClientOptions, Fetch } from "./sdk/settings.ts";
export type { StepIdInput, StepOptions, StepTools } from "./sdk/step-tools.ts";
export {
  type CronEvent,
  type CronTriggerInput,
  type EventFields,
  type EventInput,
  type EventOf,
  type EventTriggerInput,
  type EventType,
  eventType,
  type ReceivedEvent,
  type TriggerInput,
  type TypedEvent,
} from "./sdk/trigger.ts";

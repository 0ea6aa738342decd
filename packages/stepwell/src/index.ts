/** `stepwell`: the client, functions, events and errors. The doors beside it serve them. */

export { StepwellError } from "./protocol/coded-error.ts";
export type { ErrorCode } from "./protocol/errors.ts";
export { VERSION as version } from "./protocol/version.ts";
export type { AiModel, AiTools } from "./sdk/ai.ts";
export { type AiModelOptions, type AiModels, aiModels } from "./sdk/ai-models.ts";
export { Stepwell } from "./sdk/client.ts";
export type { FunctionInfo, HandlerContext } from "./sdk/context.ts";
export type { DateInput, DurationInput, DurationLike } from "./sdk/duration-input.ts";
export { NonRetriableError, RetryAfterError, StepError, StepTimeoutError } from "./sdk/errors.ts";
export { type EventResult, type EventResults, eventResults, forEachEvent } from "./sdk/event-results.ts";
export type { StepFetch, StepFetchInit } from "./sdk/fetch-step.ts";
export type {
  BacklogOption,
  BatchOption,
  ConcurrencyInput,
  ConcurrencyOption,
  DebounceOption,
  FlowOptions,
  IdempotencyOption,
  RateLimitOption,
  SingletonOption,
  ThrottleOption,
} from "./sdk/flow-options.ts";
export type {
  AnyFunction,
  CancelEvent,
  CancelHandler,
  CancelOption,
  CheckpointingOptions,
  FailureEvent,
  FailureHandler,
  FunctionOptions,
  Handler,
  SkipEvent,
  SkipHandler,
  StepwellFunction,
  TimeoutHandler,
} from "./sdk/function.ts";
export { type FunctionReference, type InvokeOptions, type InvokeTarget, referenceFunction } from "./sdk/invoke.ts";
export type { Jsonify } from "./sdk/jsonify.ts";
export type { Logger } from "./sdk/logger.ts";
export type { Middleware, StepInfo } from "./sdk/middleware.ts";
export { type CurrentStep, currentStep } from "./sdk/nesting.ts";
export type { ClientOptions, Fetch } from "./sdk/settings.ts";
export type { SignalInput } from "./sdk/signal.ts";
export type { BodyIdInput, BodyStepOptions, StepIdInput, StepOptions, StepType } from "./sdk/step-request.ts";
export type { StepTools } from "./sdk/step-tools.ts";
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
export type { AwaitedEvent, EventName, WaitForEventOptions, WaitForSignalOptions } from "./sdk/wait.ts";

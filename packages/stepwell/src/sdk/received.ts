/** Events on their way to the handler: checked against the schemas of the triggers. */
import { INTERNAL_EVENTS } from "../protocol/event.ts";
import { errorFromData } from "./error-data.ts";
import type { ExecutionRequest } from "./execution.ts";
import { type AnyEventType, checkData, type ReceivedEvent, typeOfTrigger } from "./trigger.ts";

/**
 * Events whose trigger has a schema reach the handler only if they fit it. A function that is invoked has no trigger:
 * where all of its triggers have schemas, what it is given has to fit one of them.
 */
export function checkEvents(request: ExecutionRequest): Promise<ExecutionRequest> | ExecutionRequest {
  const { triggers } = request.fn;
  const types = triggers.map(typeOfTrigger).filter((type) => type !== null && type.schema !== null);
  if (types.length === 0) return request;
  const isTyped = types.length === triggers.length;
  const check = async (event: ReceivedEvent): Promise<ReceivedEvent> => {
    if (event.name === INTERNAL_EVENTS.invoked) {
      return isTyped ? { ...event, data: await fitting(types as AnyEventType[], event) } : event;
    }
    const schema = types.find((type) => type!.event === event.name)?.schema;
    return schema ? { ...event, data: await checkData(schema, event.name, event.data) } : event;
  };
  return Promise.all(request.events.map(check)).then(async (events) => ({
    ...request,
    event: events[0] ?? (await check(request.event)),
    events,
  }));
}

/** The data of an invocation as the first schema that it fits has it; the error of the last when it fits none. */
async function fitting(types: readonly AnyEventType[], event: ReceivedEvent): Promise<unknown> {
  const { _inngest, ...data } = event.data as { readonly _inngest?: unknown };
  let failure: unknown;
  for (const type of types) {
    try {
      return await checkData(type.schema!, event.name, data);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** What only failure handlers get: the error of the failed run. */
export function failureOf({ event }: ExecutionRequest): { error: Error } {
  return { error: errorFromData((event.data as { error?: unknown } | null)?.error) };
}

/** Events on their way to the handler: checked against the schemas of the triggers. */
import { errorFromData } from "./error-data.ts";
import type { ExecutionRequest } from "./execution.ts";
import { checkData, type ReceivedEvent, typeOfTrigger } from "./trigger.ts";

/** Events whose trigger has a schema reach the handler only if they fit it. */
export async function checkEvents(request: ExecutionRequest): Promise<ExecutionRequest> {
  const types = request.fn.triggers.map(typeOfTrigger).filter((type) => type !== null && type.schema !== null);
  if (types.length === 0) return request;
  const check = async (event: ReceivedEvent): Promise<ReceivedEvent> => {
    const schema = types.find((type) => type!.event === event.name)?.schema;
    return schema ? { ...event, data: await checkData(schema, event.name, event.data) } : event;
  };
  const events = await Promise.all(request.events.map(check));
  return { ...request, event: events[0] ?? (await check(request.event)), events };
}

/** What only failure handlers get: the error of the failed run. */
export function failureOf({ fn, event }: ExecutionRequest): { error?: Error } {
  return fn.isFailureHandler ? { error: errorFromData((event.data as { error?: unknown } | null)?.error) } : {};
}

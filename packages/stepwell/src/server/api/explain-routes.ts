/** Why: what a run waits for, what an event started and what it did not, and what waits on what. Reading only. */
import { explainEvent, explainFunction, explainQueues, explainRun } from "../../engine/explain.ts";
import { isUlid } from "../../protocol/ids.ts";
import { explainRecord } from "../explain-record.ts";
import type { ApiContext } from "./api-engine.ts";
import { notFound } from "./find.ts";
import { eventId, functionRef, runId, text } from "./params.ts";
import { route } from "./route.ts";
import { EventExplanationRecord, FunctionQueueRecord, QueueRecord, RunExplanationRecord } from "./schemas-explain.ts";

export const EXPLAIN_ROUTES = [
  route({
    method: "GET",
    path: "/v1/runs/:id/explain",
    operationId: "explainRun",
    summary: "Why a run does not go on, or what it does",
    description: "One reason for the run, or one for each thing that it has open, each with a stable code.",
    tag: "Runs",
    scope: "read",
    family: "v1",
    params: { id: runId },
    replies: { 200: { description: "The reasons.", schema: RunExplanationRecord } },
    errors: ["not_found", "server_stopping", "server_overloaded"],
    async handler({ path }, context) {
      const explained = isUlid(path.id) ? await explainRun(portOf(context), path.id) : null;
      if (explained === null) throw notFound("Run", path.id);
      return { data: explainRecord(explained) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/events/:id/explain",
    operationId: "explainEvent",
    summary: "What an event started, and why nothing else",
    description: "The runs that it started, the decisions against others, and functions that listen on its name now.",
    tag: "Events",
    scope: "read",
    family: "v1",
    params: { id: eventId },
    replies: { 200: { description: "What became of it.", schema: EventExplanationRecord } },
    errors: ["not_found", "server_stopping", "server_overloaded"],
    async handler({ path }, context) {
      const explained = isUlid(path.id) ? await explainEvent(portOf(context), path.id) : null;
      if (explained === null) throw notFound("Event", path.id);
      return { data: explainRecord(explained) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/functions/:id/queue",
    operationId: "getFunctionQueue",
    summary: "What of a function waits, and for what",
    description: "The 20 deepest lanes (work that shares all its limits), and the limits with who holds their places.",
    tag: "Functions",
    scope: "read",
    family: "v1",
    params: { id: functionRef },
    query: { key: text("Only work one of whose keys has this value.") },
    replies: { 200: { description: "Its lanes and limits.", schema: FunctionQueueRecord } },
    errors: ["not_found", "server_stopping", "server_overloaded"],
    async handler({ path, query }, context) {
      const explained = await explainFunction(portOf(context), path.id, query.key ?? null);
      if (explained === null) throw notFound("Function", path.id);
      return { data: explainRecord(explained) };
    },
  }),
  route({
    method: "GET",
    path: "/v1/queue",
    operationId: "getQueue",
    summary: "What waits, of all functions",
    description: "The 20 deepest functions and lanes, and how many stored jobs there are of each kind.",
    tag: "Server",
    scope: "read",
    family: "v1",
    replies: { 200: { description: "The overview.", schema: QueueRecord } },
    errors: ["server_stopping", "server_overloaded"],
    async handler(_input, context) {
      return { data: explainRecord(await explainQueues(portOf(context))) };
    },
  }),
];

/** The metered store, and the engine's memory. */
function portOf({ store, engine }: ApiContext) {
  return { store, look: engine.look.bind(engine) };
}

/** What a request publishes: read from its address and its body, and passed on to the hub. */
import type { IncomingMessage } from "node:http";
import { StepwellError } from "../../protocol/errors.ts";
import { isUlid } from "../../protocol/ids.ts";
import { isDeeperThan, isJsonObject } from "../../protocol/json.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { invalid } from "../api/read-input.ts";
import { decodeText, readBody } from "../body.ts";
import type { Hub, MessageKind } from "./hub.ts";
import { Name } from "./realtime-routes.ts";

export interface Address {
  readonly channel: string;
  readonly topics: readonly string[];
  readonly runId: string | null;
  readonly metadataJson: string | null;
}

/** Throws `query_invalid`. */
export function readAddress(query: URLSearchParams): Address {
  const topics = [...new Set(query.getAll("topic"))];
  if (topics.length === 0) throw invalid("topic", "it is not there");
  if (topics.length > LIMITS.realtimeTopicsMax) throw invalid("topic", `more than ${LIMITS.realtimeTopicsMax} of them`);
  const runId = query.get("run_id") || null;
  if (runId !== null && !isUlid(runId)) throw invalid("run_id", "it is not a run's id");
  const metadata = query.get("metadata") || null;
  return {
    channel: readName("channel", query.get("channel") ?? ""),
    topics: topics.map((topic) => readName("topic", topic)),
    runId,
    metadataJson: metadata === null ? null : readMetadata(metadata),
  };
}

function readName(name: string, text: string): string {
  const parsed = Name.safeParse(text);
  if (parsed.success) return parsed.data;
  throw invalid(name, parsed.error.issues[0]?.message ?? "it is not valid");
}

function readMetadata(text: string): string {
  const json = jsonLine(text);
  if (json === null || !isJsonObject(JSON.parse(json))) throw invalid("metadata", "it is not a JSON object");
  return json;
}

/** The text on one line when it is JSON, else null. Throws `body_too_deep`. */
function jsonLine(text: string): string | null {
  if (isDeeperThan(text, LIMITS.jsonDepthMax)) throw new StepwellError("body_too_deep", { limit: LIMITS.jsonDepthMax });
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  return text.replaceAll(/[\r\n]+/g, " ").trim(); // Within texts JSON has no line breaks.
}

/** One message. SDKs send texts as they are, without quotes, and call them JSON all the same. */
export async function publishMessage(hub: Hub, address: Address, request: IncomingMessage): Promise<void> {
  const text = decodeText(await readBody(request, LIMITS.realtimeMessageBytesMax));
  const dataJson = text.trim() === "" ? "null" : (jsonLine(text) ?? JSON.stringify(text));
  tell(hub, address, "data", dataJson, null);
}

/** A stream. It is ended for those who listen, however its request ends. */
export async function publishStream(hub: Hub, address: Address, request: IncomingMessage, id: string): Promise<void> {
  const decoder = new TextDecoder();
  const pass = (text: string) => {
    if (text !== "") tell(hub, address, "chunk", JSON.stringify(text), id);
  };
  let size = 0;
  tell(hub, address, "datastream-start", JSON.stringify(id), null);
  try {
    for await (const part of partsOf(request)) {
      size += part.length;
      if (size > LIMITS.realtimeStreamBytesMax) {
        throw new StepwellError("body_too_large", { limit: LIMITS.realtimeStreamBytesMax });
      }
      for (let at = 0; at < part.length; at += LIMITS.realtimeChunkBytesMax) {
        pass(decoder.decode(part.subarray(at, at + LIMITS.realtimeChunkBytesMax), { stream: true }));
      }
    }
  } finally {
    pass(decoder.decode());
    tell(hub, address, "datastream-end", JSON.stringify(id), null);
  }
}

async function* partsOf(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch {
    throw new StepwellError("body_invalid", { reason: "the connection broke off" });
  }
}

function tell(hub: Hub, address: Address, kind: MessageKind, dataJson: string, streamId: string | null): void {
  const { channel, topics, runId, metadataJson } = address;
  const createdAt = new Date().toISOString();
  for (const topic of topics) hub.publish({ kind, channel, topic, dataJson, createdAt, runId, metadataJson, streamId });
}

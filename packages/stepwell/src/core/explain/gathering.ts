/** Runs that gather events, in words. */
import type { RunFlow } from "../../protocol/flow.ts";
import type { FunctionConfig } from "../../protocol/function.ts";
import { spanText } from "./words.ts";

/** "debounce 5m per event.data.document_id = 7", "batch of up to 100 in 10s" */
export function ruleText(
  { flow: { debounce, batch } }: FunctionConfig,
  collect: NonNullable<RunFlow["collect"]>,
): string {
  const rule = collect.kind === "debounce" ? debounce : batch;
  const of = rule?.key == null ? "" : ` per ${rule.key} = ${collect.key}`;
  if (collect.kind === "debounce" && debounce !== null) return `debounce ${spanText(debounce.periodMs)}${of}`;
  if (batch !== null) return `batch of up to ${batch.sizeMax} in ${spanText(batch.timeoutMs)}${of}`;
  return `a ${collect.kind} that was taken away`;
}

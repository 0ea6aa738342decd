/** Stored steps that a handler no longer reaches: their names, for the author and for the server. */
import { wholePairs } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import { knownStepId } from "../protocol/step-id.ts";

/** A header has room for this much. */
const HEADER_CHARS_MAX = 4_096;

/** Names of hashed ids as far as they are known, no more than a reply carries. */
export function unreachedNames(hashedIds: readonly string[]): readonly string[] {
  return hashedIds.slice(0, LIMITS.unreachedMax).map((id) => knownStepId(id) ?? id);
}

/** The names as the value of a header. */
export function unreachedHeader(names: readonly string[]): string {
  let text = "";
  for (const name of names) {
    const next = encodeURIComponent(wholePairs(name.slice(0, 200)));
    if (text.length + next.length >= HEADER_CHARS_MAX) break;
    text += text === "" ? next : `,${next}`;
  }
  return text;
}

export function unreachedWarning(runId: string, slug: string, hashedIds: readonly string[]): string {
  const names = unreachedNames(hashedIds).slice(0, 5);
  const more = hashedIds.length > names.length ? ` and ${hashedIds.length - names.length} more` : "";
  return (
    `stepwell: run ${runId} of ${slug} no longer reaches steps of an earlier call: ` +
    `${names.join(", ")}${more}, or reaches something else under their ids. ` +
    "Was a step renamed, removed or changed in kind, or does the code outside steps take random turns?"
  );
}

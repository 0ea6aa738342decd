/**
 * Whether this Node can run the server and the commands. Read before anything modern is imported, so this file and
 * what it imports must parse on Node 18: the old Node has to get as far as printing the line.
 */
import { ERRORS, errorMessage } from "../protocol/errors.ts";
import { NODE_NEEDED } from "../protocol/version.ts";

/** One line that says what is wrong and how to mend it, or null when the version will do. */
export function nodeVersionProblem(version: string): string | null {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const [majorNeeded = 0, minorNeeded = 0] = NODE_NEEDED.split(".").map(Number);
  if (major > majorNeeded || (major === majorNeeded && minor >= minorNeeded)) return null;
  return `${errorMessage("node_too_old", { needed: NODE_NEEDED, found: version })} ${ERRORS.node_too_old.fix}`;
}

/** Whether the SQLite that Node brings has a bug that matters here. */

/** Older versions can damage a file when two connections checkpoint at once. We have one, but other tools may look in. */
const WANTED = "3.51.3";

/** What to tell about a version, or null when all is well. */
export function versionWarning(version: string): string | null {
  if (!isOlder(version, WANTED)) return null;
  return `SQLite ${version} has a bug that can damage databases; update Node to get ${WANTED} or newer`;
}

function isOlder(version: string, wanted: string): boolean {
  const left = version.split(".").map(Number);
  const right = wanted.split(".").map(Number);
  const index = right.findIndex((part, at) => part !== left[at]);
  return index !== -1 && left[index]! < right[index]!;
}

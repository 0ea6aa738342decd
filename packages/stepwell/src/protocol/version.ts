/** The version of this package, as headers and `--version` show it. A test compares it with package.json. */
export const VERSION = "0.1.0";
/** The `x-inngest-sdk` value of our SDK: exactly one colon. */
export const SDK_TAG = `stepwell:v${VERSION}`;

/** What the server, the command and an engine on a file need: `node:sqlite` without a flag, and sources without a build. */
export const NODE_NEEDED = "22.18";

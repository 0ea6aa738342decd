/** The version of this package, as headers and `--version` show it. A test compares it with package.json. */
export const VERSION = "0.1.0";
/** The `x-inngest-sdk` value of our SDK: exactly one colon. */
export const SDK_TAG = `stepwell:v${VERSION}`;

/**
 * Which names stand for secrets, and addresses and values as they may be shown.
 *
 * By name, because a value does not say what it is. A name too many costs a value in the history; a name too few
 * publishes a key, so words count wherever they stand: `x-goog-api-key`, `accessToken`, `client_secret`, `X-Amz-Signature`.
 */
export const REDACTED = "[redacted]";

/** Words that make a name secret wherever they stand, and words that do so at its end. Counts (`max_tokens`) are none. */
const SECRET_WORD = /secret|passw|passphrase|credential|signature|authorization|cookie|apikey|accesskey|token(?!s)/;
const SECRET_END = /(?:key|auth|sig|jwt|pwd|session|sessionid)$/;
const HARMLESS: ReadonlySet<string> = new Set(["idempotencykey", "promptcachekey", "sortkey", "partitionkey"]);

/** True when the value under this name is to be kept from view: of a header, a query parameter or a field. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return !HARMLESS.has(plain) && (SECRET_WORD.test(plain) || SECRET_END.test(plain));
}

const CREDENTIALS = /^\s*(?:bearer|basic|digest|negotiate|aws4-hmac-sha256)\s/i;
const AUTHORITY = /^([a-z][a-z0-9+.-]*:)?([\\/]*)[^\\/?#]*@/i;

/** The value of a header as it may be shown. */
export function redactedHeader(name: string, value: string): string {
  if (isSecretName(name) || CREDENTIALS.test(value)) return REDACTED;
  return /^\s*https?:/i.test(value) ? redactedUrl(value) : value;
}

/** An address without user and password, and without the values of parameters whose names are secret. */
export function redactedUrl(url: string): string {
  // Parsers of addresses skip these, so whoever looks for an `@` or a name has to skip them too.
  const text = url.replace(/[\t\n\r]/g, "").trim();
  const cut = /[?#]/.exec(text)?.index ?? text.length;
  const place = text.slice(0, cut).replace(AUTHORITY, `$1$2${REDACTED}@`);
  return place + text.slice(cut).replace(/([?&#;])([^=?&#;]*)=([^&#;]*)/g, redactedParameter);
}

function redactedParameter(whole: string, mark: string, name: string): string {
  return isSecretName(decoded(name)) ? `${mark}${name}=${REDACTED}` : whole;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

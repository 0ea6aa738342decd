/** Signatures of requests and replies, with the host's own HMAC where there is one (it is several times faster). */
import { StepwellError } from "../protocol/coded-error.ts";
import { hmacSha256Hex } from "../protocol/hash.ts";
import { HEADERS } from "../protocol/headers.ts";
import { type Hmac, sign, verify } from "../protocol/signature.ts";
import type { Incoming } from "./incoming.ts";
import type { Settings } from "./settings.ts";

interface HostHmac {
  update(data: Uint8Array | string): HostHmac;
  digest(encoding: "hex"): string;
}
interface HostCrypto {
  readonly createHmac?: (algorithm: string, key: string) => HostHmac;
}
interface Host {
  readonly process?: { readonly getBuiltinModule?: (name: string) => HostCrypto | undefined };
}

const hmac: Hmac = findHmac() ?? hmacSha256Hex;

function findHmac(): Hmac | null {
  try {
    const createHmac = (globalThis as Host).process?.getBuiltinModule?.("node:crypto")?.createHmac;
    if (createHmac === undefined) return null;
    return (key, ...parts) => parts.reduce((code, part) => code.update(part), createHmac("sha256", key)).digest("hex");
  } catch {
    return null; // A host without the module.
  }
}

/** Who may go on: the key that proved itself; null when nothing needed proof. */
export type Proof =
  | { readonly isTrusted: true; readonly key: string | null }
  | { readonly isTrusted: false; readonly error: StepwellError };

/** Checks a request. In development everything is trusted; a valid signature is still noticed. */
export function prove(incoming: Incoming, bytes: Uint8Array, settings: Settings): Proof {
  const header = incoming.header(HEADERS.signature);
  if (settings.isDev && (header === null || settings.signingKeys.length === 0)) return { isTrusted: true, key: null };
  if (settings.signingKeys.length === 0) return { isTrusted: false, error: new StepwellError("signing_key_missing") };
  const result = header === null ? null : verify(header, bytes, settings.signingKeys, Date.now(), hmac);
  if (result?.verdict === "valid") return { isTrusted: true, key: result.key };
  return settings.isDev
    ? { isTrusted: true, key: null }
    : { isTrusted: false, error: new StepwellError("unauthorized") };
}

export function signText(body: string, key: string): string {
  return sign(body, key, Date.now(), hmac);
}

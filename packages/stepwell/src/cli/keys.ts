/**
 * The keys of `stepwell start`, checked before anything listens.
 *
 *   K1. Without a signing key and an event key there is no production server.
 *   K2. A signing key is hex, with or without its `signkey-<env>-`: SDKs hash it, and one that cannot be hashed would
 *       lock every app out.
 */
import { StepwellError } from "../protocol/errors.ts";
import { hashedSigningKey, signatureKey } from "../protocol/signature.ts";
import { type Environment, setting, settingList } from "./settings.ts";

export interface KeyOptions {
  readonly signingKey?: string;
  readonly signingKeyFallback?: string;
  readonly eventKey?: readonly string[];
}

export interface ServerKeys {
  readonly signingKey: string;
  readonly signingKeyFallback: string | null;
  readonly eventKeys: readonly string[];
}

/** Below this many hex digits a key can be guessed; it works, and the command says so. */
const SIGNING_KEY_DIGITS_ADVISED = 32;

export function readKeys(options: KeyOptions, env: Environment): ServerKeys {
  const signingKey = setting(options.signingKey, "SIGNING_KEY", env);
  const eventKeys = settingList(options.eventKey ?? [], "EVENT_KEY", env);
  if (signingKey === undefined || eventKeys.length === 0) throw new StepwellError("keys_missing"); // K1
  const fallback = setting(options.signingKeyFallback, "SIGNING_KEY_FALLBACK", env) ?? null;
  checkSigningKey(signingKey, "signing key");
  if (fallback !== null) checkSigningKey(fallback, "fallback signing key");
  for (const key of eventKeys) checkEventKey(key);
  return { signingKey, signingKeyFallback: fallback, eventKeys };
}

export function isShort(signingKey: string): boolean {
  return signatureKey(signingKey).length < SIGNING_KEY_DIGITS_ADVISED;
}

function checkSigningKey(key: string, what: string): void {
  if (hashedSigningKey(key) !== null) return; // K2
  const hex = signatureKey(key);
  const isHex = /^[0-9a-fA-F]*$/.test(hex);
  throw new StepwellError("key_invalid", {
    what,
    reason: isHex
      ? `it has ${hex.length} digits, which is no even number`
      : "it has characters that are not hex digits",
  });
}

/** An event key is part of an address: `/e/<key>`. */
function checkEventKey(key: string): void {
  if (/^[\w.~-]+$/.test(key)) return;
  throw new StepwellError("key_invalid", { what: "event key", reason: "it may hold letters, digits and - _ . ~ only" });
}

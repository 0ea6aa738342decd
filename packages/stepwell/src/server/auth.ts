/**
 * Who may ask: event keys for intake, signing keys for everything else (protocol.md §1.2).
 *
 *   AU1. Compares take the same time whatever differs, and every configured key is compared.
 *   AU2. Without a signing key there is no check at all: SDKs send `Bearer ` and `Bearer undefined` then.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { StepwellError } from "../protocol/errors.ts";
import { hashedSigningKey, signatureKey } from "../protocol/signature.ts";

export interface Keys {
  /** Empty: any event key is accepted. */
  readonly eventKeys: readonly string[];
  /** Current first, then the fallback; empty: no checks. */
  readonly signingKeys: readonly string[];
}

export interface Gate {
  /** Throws unless the key may send events. */
  checkEventKey(key: string): void;
  /** Throws unless the `Authorization` header carries a signing key, plain or hashed, with or without its prefix. */
  checkBearer(authorization: string | undefined): void;
  readonly isOpen: boolean;
}

export function createGate(keys: Keys): Gate {
  const eventKeys = keys.eventKeys.map(digest);
  const tokens = keys.signingKeys.flatMap(acceptedTokens).map(digest);
  return {
    isOpen: tokens.length === 0,
    checkEventKey(key) {
      if (eventKeys.length === 0) return;
      if (key === "") throw new StepwellError("event_key_required");
      if (!isOneOf(digest(key), eventKeys)) throw new StepwellError("event_key_unknown");
    },
    checkBearer(authorization) {
      if (tokens.length === 0) return; // AU2
      const token = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1] ?? "";
      if (!isOneOf(digest(signatureKey(token)), tokens)) throw new StepwellError("unauthorized");
    },
  };
}

function acceptedTokens(signingKey: string): string[] {
  const hashed = hashedSigningKey(signingKey);
  return [signatureKey(signingKey), ...(hashed === null ? [] : [signatureKey(hashed)])];
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function isOneOf(candidate: Buffer, known: readonly Buffer[]): boolean {
  let isFound = false;
  for (const one of known) if (timingSafeEqual(candidate, one)) isFound = true; // AU1
  return isFound;
}

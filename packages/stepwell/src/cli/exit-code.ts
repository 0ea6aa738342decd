/** How commands end. The list is part of `stepwell --help`. */
export const EXIT = {
  ok: 0,
  /** Something failed: the store, the server, or what was asked for does not exist. */
  failed: 1,
  /** The command line or its settings are wrong; nothing was done. */
  usage: 2,
  /** No server answers. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const USAGE: ReadonlySet<string> = new Set([
  "option_invalid",
  "keys_missing",
  "key_invalid",
  "duration_invalid",
  "listen_failed",
]);

export function exitCodeOf(code: string): ExitCode {
  if (code === "server_unreachable") return EXIT.unreachable;
  return USAGE.has(code) ? EXIT.usage : EXIT.failed;
}

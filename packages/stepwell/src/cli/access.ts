/** `stepwell users`, `tokens`, `keys` and `audit`: who may use a server, and who changed what. */
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { readText } from "./option-values.ts";
import { safeText } from "./safe-text.ts";
import type { Environment } from "./settings.ts";
import { type Column, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { relativeText } from "./time-text.ts";

interface UserRecord {
  readonly name: string;
  readonly scope: string;
  readonly has_password: boolean;
  readonly signed_in_at: string | null;
}

interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly created_by: string;
  readonly used_at: string | null;
  readonly expires_at: string | null;
}

interface KeyRecord {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly hint: string;
  readonly source: string;
  readonly expires_at: string | null;
}

interface AuditRecord {
  readonly at: string;
  readonly actor: { readonly kind: string; readonly name: string };
  readonly action: string;
  readonly target: string;
  readonly address: string;
  readonly outcome: string;
}

/** What every command here works with. */
export interface Work {
  readonly options: ClientOptions;
  readonly terminal: Terminal;
  readonly env: Environment;
}

const api = ({ options, env }: Work): ApiClient => new ApiClient(options, env);

export async function listUsers(work: Work): Promise<ExitCode> {
  const users = await api(work).get<readonly UserRecord[]>("/v1/users");
  const columns = [{ title: "USER", isFlexible: true }, { title: "SCOPE" }, { title: "LAST LOG-IN" }];
  const rows = users.map(({ name, scope, has_password: isComplete, signed_in_at: at }) => {
    return [name, scope, isComplete ? ago(at, work, "never") : "has not chosen a password"];
  });
  return printed(users, columns, rows, "no users", work);
}

export interface NewUserOptions {
  readonly scope: string;
  readonly passwordStdin: boolean;
}

export async function createUser(
  name: string,
  { scope, passwordStdin }: NewUserOptions,
  work: Work,
): Promise<ExitCode> {
  const password = passwordStdin ? readText("-").replace(/\r?\n$/, "") : undefined;
  const client = api(work);
  const { data } = await client.post<LinkRecord>("/v1/users", { name, scope, password });
  return tellLink(data, client, `user ${name} may ${scope}`, work);
}

export async function linkUser(name: string, work: Work): Promise<ExitCode> {
  const client = api(work);
  const { data } = await client.post<LinkRecord>(`/v1/users/${encodeURIComponent(name)}/link`, {});
  return tellLink(data, client, `a link for ${name}`, work);
}

interface LinkRecord {
  readonly link: string | null;
}

function tellLink(record: LinkRecord, client: ApiClient, what: string, { options, terminal }: Work): ExitCode {
  const link = record.link === null ? null : client.url + record.link;
  if (options.json) terminal.print(JSON.stringify({ ...record, link }));
  else if (link === null) terminal.print(what);
  else {
    terminal.print(`${what}; open this once, within a day, to choose the password:`);
    terminal.print(`  ${terminal.colors.cyan(link)}`);
  }
  return EXIT.ok;
}

export async function scopeUser(name: string, scope: string, work: Work): Promise<ExitCode> {
  const { data } = await api(work).put(`/v1/users/${encodeURIComponent(name)}`, { scope });
  return said(`user ${name} may ${scope}`, data, work);
}

export async function logOutUser(name: string, work: Work): Promise<ExitCode> {
  await api(work).delete(`/v1/users/${encodeURIComponent(name)}/sessions`);
  return said(`user ${name} is logged out everywhere`, { name }, work);
}

export async function deleteUser(name: string, work: Work): Promise<ExitCode> {
  await api(work).delete(`/v1/users/${encodeURIComponent(name)}`);
  return said(`user ${name} is deleted`, { name }, work);
}

export async function listTokens(work: Work): Promise<ExitCode> {
  const tokens = await api(work).get<readonly TokenRecord[]>("/v1/tokens");
  const columns = [
    { title: "TOKEN" },
    { title: "NAME", isFlexible: true },
    { title: "SCOPE" },
    { title: "MADE BY", isFlexible: true },
    { title: "USED" },
    { title: "UNTIL" },
  ];
  const rows = tokens.map(({ id, name, scope, created_by: by, used_at: used, expires_at: until }) => {
    return [id, safeText(name), scope, safeText(by), ago(used, work, "never"), until ?? "revoked"];
  });
  return printed(tokens, columns, rows, "no API tokens", work);
}

export interface NewTokenOptions {
  readonly scope: string;
  readonly expiresIn?: string;
}

export async function createToken(name: string, { scope, expiresIn }: NewTokenOptions, work: Work): Promise<ExitCode> {
  const body = { name, scope, ...(expiresIn === undefined ? {} : { expires_in: expiresIn }) };
  const { data } = await api(work).post<{ readonly token: string }>("/v1/tokens", body);
  return tellSecret(data, data.token, `API token ${name} may ${scope}; it is shown this once:`, work);
}

export async function revokeToken(id: string, work: Work): Promise<ExitCode> {
  await api(work).delete(`/v1/tokens/${encodeURIComponent(id)}`);
  return said(`token ${id} is revoked`, { id }, work);
}

export async function listKeys(work: Work): Promise<ExitCode> {
  const keys = await api(work).get<readonly KeyRecord[]>("/v1/keys");
  const columns = [
    { title: "KEY" },
    { title: "KIND" },
    { title: "NAME", isFlexible: true },
    { title: "ENDS WITH" },
    { title: "FROM" },
    { title: "UNTIL" },
  ];
  const rows = keys.map(({ id, kind, name, hint, source, expires_at: until }) => {
    return [
      id,
      kind,
      safeText(name),
      hint === "" ? "" : `…${hint}`,
      source,
      until ?? (source === "server" ? "revoked" : ""),
    ];
  });
  return printed(keys, columns, rows, "no keys", work);
}

export async function createKey(name: string, work: Work): Promise<ExitCode> {
  const { data } = await api(work).post<{ readonly key: string }>("/v1/keys", { name });
  return tellSecret(data, data.key, `event key ${name}; it is shown this once:`, work);
}

export async function rotateKey(id: string, grace: string | undefined, work: Work): Promise<ExitCode> {
  const body = grace === undefined ? {} : { grace };
  const { data } = await api(work).post<{ readonly key: string }>(`/v1/keys/${encodeURIComponent(id)}/rotate`, body);
  return tellSecret(
    data,
    data.key,
    `the old key holds for ${grace ?? "a day"} yet; the new one is shown this once:`,
    work,
  );
}

export async function revokeKey(id: string, work: Work): Promise<ExitCode> {
  await api(work).delete(`/v1/keys/${encodeURIComponent(id)}`);
  return said(`key ${id} is revoked`, { id }, work);
}

export interface AuditOptions {
  readonly action?: string;
  readonly actor?: string;
  readonly cursor?: string;
  readonly limit: number;
}

export async function listAudit({ action, actor, cursor, limit }: AuditOptions, work: Work): Promise<ExitCode> {
  const { data, cursor: next } = await api(work).list<AuditRecord>("/v1/audit", { action, actor, cursor }, limit);
  const { options, terminal } = work;
  if (options.json) {
    terminal.print(JSON.stringify({ data, cursor: next }));
    return EXIT.ok;
  }
  const columns = [
    { title: "WHEN" },
    { title: "WHO", isFlexible: true },
    { title: "FROM" },
    { title: "WHAT" },
    { title: "OF WHAT", isFlexible: true },
    { title: "OUTCOME" },
  ];
  const rows = data.map(({ at, actor: { kind, name }, action: what, target, address, outcome }) => {
    return [ago(at, work, ""), safeText(name === "" ? kind : name), address, what, safeText(target), outcome];
  });
  printed(data, columns, rows, "nothing was changed", work);
  if (next !== null) terminal.print(terminal.colors.dim(`more: --cursor ${next}`));
  return EXIT.ok;
}

function ago(at: string | null, { terminal }: Work, otherwise: string): string {
  return at === null ? otherwise : relativeText(Date.parse(at), terminal.now());
}

function printed(
  data: readonly unknown[],
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  nothing: string,
  { options, terminal }: Work,
): ExitCode {
  if (options.json) terminal.print(JSON.stringify({ data }));
  else terminal.print(rows.length === 0 ? nothing : table(columns, rows, terminal.columns, terminal.colors));
  return EXIT.ok;
}

function said(text: string, data: unknown, { options, terminal }: Work): ExitCode {
  terminal.print(options.json ? JSON.stringify(data) : text);
  return EXIT.ok;
}

/** The secret alone on the standard output, so that it can be put into a variable. */
function tellSecret(data: unknown, secret: string, text: string, { options, terminal }: Work): ExitCode {
  if (!options.json) terminal.complain(text);
  terminal.print(options.json ? JSON.stringify(data) : secret);
  return EXIT.ok;
}

/** `stepwell users`, `tokens`, `keys` and `audit`: who may use a server, and who changed what. */
import { ApiClient, type ClientOptions } from "./api.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { type Listing, printList, printPage } from "./listing.ts";
import { readText } from "./option-values.ts";
import { safeText } from "./safe-text.ts";
import type { Environment } from "./settings.ts";
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
  const listing: Listing<UserRecord> = {
    nothing: "no users",
    columns: [
      { title: "USER", isFlexible: true, of: ({ name }) => name },
      { title: "SCOPE", of: ({ scope }) => scope },
      { title: "LAST LOG-IN", of: (user) => logInText(user, work) },
    ],
  };
  return printList(users, listing, work.options, work.terminal);
}

const logInText = ({ has_password: isComplete, signed_in_at: at }: UserRecord, work: Work): string =>
  isComplete ? ago(at, work, "never") : "has not chosen a password";

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
  const listing: Listing<TokenRecord> = {
    nothing: "no API tokens",
    columns: [
      { title: "TOKEN", of: ({ id }) => id },
      { title: "NAME", isFlexible: true, of: ({ name }) => safeText(name) },
      { title: "SCOPE", of: ({ scope }) => scope },
      { title: "MADE BY", isFlexible: true, of: (token) => safeText(token.created_by) },
      { title: "USED", of: (token) => ago(token.used_at, work, "never") },
      { title: "UNTIL", of: (token) => token.expires_at ?? "revoked" },
    ],
  };
  return printList(tokens, listing, work.options, work.terminal);
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
  const listing: Listing<KeyRecord> = {
    nothing: "no keys",
    columns: [
      { title: "KEY", of: ({ id }) => id },
      { title: "KIND", of: ({ kind }) => kind },
      { title: "NAME", isFlexible: true, of: ({ name }) => safeText(name) },
      { title: "ENDS WITH", of: ({ hint }) => (hint === "" ? "" : `…${hint}`) },
      { title: "FROM", of: ({ source }) => source },
      { title: "UNTIL", of: (key) => key.expires_at ?? (key.source === "server" ? "revoked" : "") },
    ],
  };
  return printList(keys, listing, work.options, work.terminal);
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
  const page = await api(work).list<AuditRecord>("/v1/audit", { action, actor, cursor }, limit);
  const listing: Listing<AuditRecord> = {
    nothing: "nothing was changed",
    columns: [
      { title: "WHEN", of: ({ at }) => ago(at, work, "") },
      { title: "WHO", isFlexible: true, of: ({ actor: { kind, name } }) => safeText(name === "" ? kind : name) },
      { title: "FROM", of: ({ address }) => address },
      { title: "WHAT", of: (entry) => entry.action },
      { title: "OF WHAT", isFlexible: true, of: ({ target }) => safeText(target) },
      { title: "OUTCOME", of: ({ outcome }) => outcome },
    ],
  };
  return printPage(page, listing, work.options, work.terminal);
}

function ago(at: string | null, { terminal }: Work, otherwise: string): string {
  return at === null ? otherwise : relativeText(Date.parse(at), terminal.now());
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

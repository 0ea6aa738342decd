/** A closed server with a user, a token and a session of every scope; and requests as each of them makes them. */
import type { ServerOptions } from "../../src/server/options.ts";
import type { AccessScope } from "../../src/store/access.ts";
import { type Answer, ask, post, SIGNING_KEY, startKeyedServer, type TestServer } from "./harness.ts";

export const SCOPES: readonly AccessScope[] = ["read", "operate", "admin"];
export const PASSWORD = "correct horse battery";

export type Headers = Readonly<Record<string, string>>;
export const SIGNED: Headers = { authorization: `Bearer ${SIGNING_KEY}` };

export interface AccessWorld extends TestServer {
  /** Makes a token; the headers that show it. */
  token(scope: AccessScope, more?: object): Promise<Headers>;
  /** Makes a user, and logs in: the headers that a page of the server sends. */
  session(scope: AccessScope, name?: string): Promise<Headers>;
}

export async function startAccessWorld(overrides: Partial<ServerOptions> = {}): Promise<AccessWorld> {
  const server = await startKeyedServer(overrides);
  const { url } = server;
  return {
    ...server,
    async token(scope, more = {}) {
      const made = await post(`${url}/v1/tokens`, { name: `a ${scope} token`, scope, ...more }, SIGNED);
      return { authorization: `Bearer ${(made.json.data as unknown as { token: string }).token}` };
    },
    async session(scope, name = `user-${scope}`) {
      await post(`${url}/v1/users`, { name, scope, password: PASSWORD }, SIGNED);
      const login = await post(`${url}/v1/session`, { name, password: PASSWORD });
      return { cookie: cookieOf(login), origin: url };
    },
  };
}

/** What a browser keeps of an answer's cookie. */
export function cookieOf(answer: Answer): string {
  return String(answer.headers["set-cookie"]?.[0] ?? "").split(";")[0]!;
}

/** `data` of an answer. */
export async function dataOf<Data>(answer: Promise<Answer>): Promise<Data> {
  return (await answer).json.data as unknown as Data;
}

export async function auditOf(url: string): Promise<readonly AuditEntry[]> {
  return dataOf(ask(`${url}/v1/audit`, { headers: SIGNED }));
}

export interface AuditEntry {
  readonly actor: { readonly kind: string; readonly name: string };
  readonly action: string;
  readonly target: string;
  readonly address: string;
  readonly outcome: string;
  readonly details: Readonly<Record<string, unknown>>;
}

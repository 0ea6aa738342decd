/** Who asks, and who may: sessions, users, keys, tokens, and the audit. */
import { queryOptions } from "@tanstack/react-query";
import type {
  ApiKey,
  AuditEntry,
  NewKey,
  NewToken,
  PasswordLink,
  Scope,
  Session,
  Token,
  User,
  UserLink,
} from "./records.ts";
import { pathOf, request } from "./request.ts";

interface Answer<Data> {
  readonly data: Data;
}

const get = async <Data>(path: string, signal: AbortSignal, query = {}): Promise<Data> => {
  return (await request<Answer<Data>>("GET", path, { signal, query })).data;
};

const send = async <Data>(method: string, path: string, body?: unknown): Promise<Data> => {
  return (await request<Answer<Data>>(method, path, body === undefined ? {} : { body }))?.data;
};

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => get<Session>("/v1/session", signal),
  staleTime: Number.POSITIVE_INFINITY,
});

export const login = (name: string, password: string) => send<Session>("POST", "/v1/session", { name, password });
export const logout = () => send<Session>("DELETE", "/v1/session");
export const changePassword = (current: string, password: string) =>
  send<Session>("PUT", "/v1/session/password", { current, password });

/** What a link for a password is for; throws when it cannot be used. */
export const linkQuery = (link: string) =>
  queryOptions({
    queryKey: ["link", link],
    queryFn: () => send<PasswordLink>("POST", "/v1/setup/look", { link }),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const followLink = (link: string, password: string, name: string | null) =>
  send<Session>("POST", "/v1/setup", { link, password, ...(name === null ? {} : { name }) });

export const usersQuery = queryOptions({
  queryKey: ["users"],
  queryFn: ({ signal }) => get<User[]>("/v1/users", signal),
});

export const createUser = (name: string, scope: Scope) => send<UserLink>("POST", "/v1/users", { name, scope });
export const setUserScope = (id: string, scope: Scope) => send<User>("PUT", `/v1/users${pathOf(id)}`, { scope });
export const deleteUser = (id: string) => send<unknown>("DELETE", `/v1/users${pathOf(id)}`);
export const createUserLink = (id: string) => send<UserLink>("POST", `/v1/users${pathOf(id)}/link`, {});

export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: ({ signal }) => get<ApiKey[]>("/v1/keys", signal),
});

export const createKey = (name: string) => send<NewKey>("POST", "/v1/keys", { name });
/** The old one holds for the grace yet. */
export const rotateKey = (id: string, grace: string) => send<NewKey>("POST", `/v1/keys${pathOf(id)}/rotate`, { grace });
export const revokeKey = (id: string) => send<unknown>("DELETE", `/v1/keys${pathOf(id)}`);

export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: ({ signal }) => get<Token[]>("/v1/tokens", signal),
});

/** `expiresIn`: `90d`; null: until it is revoked. */
export const createToken = (name: string, scope: Scope, expiresIn: string | null) =>
  send<NewToken>("POST", "/v1/tokens", { name, scope, expires_in: expiresIn });
export const revokeToken = (id: string) => send<unknown>("DELETE", `/v1/tokens${pathOf(id)}`);

export const auditQuery = (limit: number) =>
  queryOptions({
    queryKey: ["audit", limit],
    queryFn: ({ signal }) => get<AuditEntry[]>("/v1/audit", signal, { limit }),
  });

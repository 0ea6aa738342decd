import { afterEach, expect, test, vi } from "vitest";
import { ApiError, addressOf, onRefused, pathOf, request } from "./request.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const answers = (status: number, body: unknown) =>
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify(body), { status }));

const refusal = async (path = "/v1/runs") => request("GET", path).catch((error: unknown) => error as ApiError);

test("an address leaves out what is absent, and escapes what comes from data", () => {
  expect(addressOf("/v1/runs", { status: "a,b", cursor: null, text: "", limit: 3 })).toBe(
    "/v1/runs?status=a%2Cb&limit=3",
  );
  expect(pathOf("a/b?c", "../d")).toBe("/a%2Fb%3Fc/..%2Fd");
});

test("a refusal carries the server's words, in both of their forms", async () => {
  answers(404, { error: "Run x was not found.", code: "not_found", data: { fix: "Check the id." } });
  expect(await refusal()).toMatchObject({ status: 404, code: "not_found", fix: "Check the id." });
  answers(400, { errors: [{ code: "body_invalid", message: "It is wrong." }] });
  expect(await refusal()).toMatchObject({ code: "body_invalid", message: "It is wrong." });
});

test("a server that is away is told apart from one that refuses", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
  const error = await refusal();
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 0, code: "unreachable" });
});

test("whoever has to log in is told, but not for a wrong password", async () => {
  const told = vi.fn();
  onRefused(told);
  answers(401, { error: "Log in.", code: "unauthorized" });
  await refusal("/v1/session");
  expect(told).not.toHaveBeenCalled();
  await refusal();
  expect(told).toHaveBeenCalledTimes(1);
});

import { afterEach, describe, expect, test, vi } from "vitest";
import { eventKeyOf, readSettings } from "./settings.ts";

afterEach(() => vi.unstubAllEnvs());
const settings = (options = {}) => readSettings({ id: "app", ...options });

describe("the mode", () => {
  test("is production unless somebody says otherwise", () => {
    vi.stubEnv("STEPWELL_DEV", "");
    vi.stubEnv("INNGEST_DEV", "");
    expect(settings().isDev).toBe(false);
    expect(settings({ isProduction: false }).isDev).toBe(true);
    expect(settings({ isDev: true }).isDev).toBe(true);
  });

  test("is read from the environment, where 0 and false mean no", () => {
    for (const value of ["1", "true", "http://dev:9000"]) {
      vi.stubEnv("STEPWELL_DEV", value);
      expect(settings().isDev).toBe(true);
    }
    for (const value of ["0", "false", "FALSE"]) {
      vi.stubEnv("STEPWELL_DEV", value);
      expect(settings().isDev).toBe(false);
    }
  });

  test("options win over the environment", () => {
    vi.stubEnv("STEPWELL_DEV", "1");
    expect(settings({ isProduction: true }).isDev).toBe(false);
  });
});

describe("addresses and keys", () => {
  test("default to the development server", () => {
    expect(settings({ isDev: true })).toMatchObject({
      apiUrl: "http://localhost:8288",
      eventUrl: "http://localhost:8288",
      eventKey: null,
    });
  });

  test("a URL in the mode variable is the development server", () => {
    vi.stubEnv("STEPWELL_DEV", "http://dev:9000/");
    expect(settings().apiUrl).toBe("http://dev:9000");
  });

  test("STEPWELL_ variables come before their INNGEST_ twins", () => {
    vi.stubEnv("INNGEST_BASE_URL", "https://two.test/base/");
    vi.stubEnv("INNGEST_SIGNING_KEY", "signkey-x-bb");
    expect(settings()).toMatchObject({ apiUrl: "https://two.test/base", signingKeys: ["signkey-x-bb"] });
    vi.stubEnv("STEPWELL_BASE_URL", "https://one.test");
    vi.stubEnv("STEPWELL_SIGNING_KEY", "signkey-x-aa");
    vi.stubEnv("STEPWELL_SIGNING_KEY_FALLBACK", "signkey-x-cc");
    expect(settings()).toMatchObject({
      apiUrl: "https://one.test",
      signingKeys: ["signkey-x-aa", "signkey-x-cc"],
      hasFallbackKey: true,
    });
  });

  test("production needs an event key, development does not", () => {
    expect(eventKeyOf(settings({ isDev: true }))).toBe("NO_EVENT_KEY_SET");
    expect(() => eventKeyOf(settings({ isProduction: true }))).toThrow("There is no event key");
    expect(eventKeyOf(settings({ isProduction: true, eventKey: "k" }))).toBe("k");
  });

  test("an address that is none is refused", () => {
    expect(() => settings({ baseUrl: "http://" })).toThrow("is not a URL");
  });
});

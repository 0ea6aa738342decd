/**
 * What the environment says about this app. Read when it is asked for, so that a host may fill it late.
 * The client reads `STEPWELL_BASE_URL`, `STEPWELL_EVENT_KEY`, `STEPWELL_SIGNING_KEY` and their kin by itself.
 */
export const settings = {
  get host(): string {
    return process.env["HOST"] ?? "127.0.0.1";
  },
  get port(): number {
    return Number(process.env["PORT"] ?? 3000);
  },
  get isProduction(): boolean {
    return process.env["ENVIRONMENT"] === "production";
  },
  /** Where the LLM, e-mail, phone, payment and inventory services are: one stub stands in for all of them here. */
  get servicesUrl(): string {
    return process.env["SERVICES_URL"] ?? "http://127.0.0.1:3001";
  },
};

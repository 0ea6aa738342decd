/** The functions of the browser tests' app: one for each thing that a view has to show. */
import { NonRetriableError, Stepwell } from "../../stepwell/src/index.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function shopFunctions(baseUrl: string) {
  const client = new Stepwell({ id: "shop", isDev: true, baseUrl, logger: silent });

  const sendReceipt = client.createFunction(
    { id: "send-receipt", name: "Send a receipt", triggers: [] },
    async ({ step }) => {
      await step.run("render", () => pause(15));
      return await step.run("send-mail", () => ({ messageId: "<1842@mail.example>" }));
    },
  );

  const fulfilOrder = client.createFunction(
    { id: "fulfil-order", name: "Fulfil an order", triggers: { event: "order/placed" }, retries: 3 },
    async ({ event, step, logger }) => {
      logger.info("fulfilling", { order: event.data["id"] });
      const card = await step.run("charge-card", async () => {
        await pause(60);
        return { charge: "ch_4242", amount: event.data["amount"] ?? 10 };
      });
      const [stock, label] = await Promise.all([
        step.run("reserve-stock", () => pause(90).then(() => ({ warehouse: "Leeds", shelf: 12 }))),
        step.run("print-label", () => pause(40).then(() => ({ label: "PDF" }))),
      ]);
      await step.sleep("let-it-settle", "1s");
      const receipt = await step.invoke("receipt", { function: sendReceipt, data: { card } });
      return { card, stock, label, receipt };
    },
  );

  const importContacts = client.createFunction(
    { id: "import-contacts", name: "Import contacts", triggers: { event: "contacts/uploaded" }, retries: 0 },
    async ({ event, step }) => {
      await step.run("read-file", () => ({ rows: 1204 }));
      await step.run(
        "check-row",
        (row: unknown) => {
          const cause = new TypeError(`column "email" of ${JSON.stringify(row)} is no address`);
          throw new NonRetriableError("The file has a row that cannot be read", { cause });
        },
        event.data,
      );
    },
  );

  const shaky = client.createFunction(
    { id: "sync-crm", name: "Sync to the CRM", triggers: { event: "crm/changed" }, retries: 4 },
    async ({ step, attempt }) => {
      await step.run("call-crm", () => {
        if (attempt < 1) throw new Error("503 from the CRM: try again later");
        return { synced: true };
      });
    },
  );

  const onboarding = client.createFunction(
    {
      id: "onboarding",
      name: "Onboard a user",
      triggers: { event: "user/signed-up", if: "event.data.plan != 'none'" },
    },
    async ({ step }) => {
      await step.run("welcome-mail", () => ({ sent: true }));
      const opened = await step.waitForEvent("first-project", {
        event: "project/created",
        timeout: "3d",
        if: "async.data.user == event.data.user",
      });
      if (opened === null) await step.run("nudge", () => ({ sent: true }));
      return { opened: opened !== null };
    },
  );

  const remind = client.createFunction(
    { id: "remind-later", name: "Remind later", triggers: { event: "reminder/set" } },
    async ({ step }) => {
      await step.sleep("until-then", "2d");
    },
  );

  const report = client.createFunction(
    {
      id: "build-report",
      name: "Build a report",
      triggers: { event: "report/requested" },
      concurrency: { limit: 1, key: "event.data.tenant" },
      priority: { run: "event.data.urgent ? 60 : 0" },
    },
    async ({ step }) => {
      await step.run("crunch", () => pause(20_000));
    },
  );

  const index = client.createFunction(
    {
      id: "index-search",
      name: "Index for search",
      triggers: { event: "page/changed" },
      debounce: { period: "5m", key: "event.data.page" },
    },
    async ({ step }) => step.run("index", () => null),
  );

  const ingest = client.createFunction(
    {
      id: "ingest-metrics",
      name: "Ingest metrics",
      triggers: { event: "metrics/measured" },
      batchEvents: { maxSize: 50, timeout: "60s" },
    },
    async ({ events, step }) => step.run("write", () => ({ rows: events.length })),
  );

  const mail = client.createFunction(
    {
      id: "newsletter",
      name: "Send the newsletter",
      triggers: [{ event: "newsletter/approved" }, { cron: "TZ=Europe/Berlin 0 9 * * 1" }],
      throttle: { limit: 2, period: "1m" },
      rateLimit: { limit: 100, period: "1h" },
    },
    async ({ step }) => step.run("send", () => ({ sent: 1 })),
  );

  const nightly = client.createFunction(
    { id: "nightly-cleanup", name: "Nightly cleanup", triggers: { cron: "0 3 * * *" } },
    async ({ step }) => step.run("clean", () => ({ removed: 3 })),
  );

  const wide = client.createFunction(
    { id: "transcode", name: "Transcode a video", triggers: { event: "video/uploaded" } },
    async ({ event, step }) => {
      const count = Number(event.data["parts"] ?? 8);
      await Promise.all(
        Array.from({ length: count }, (_, part) => step.run(`part-${part + 1}`, () => pause(10 + 15 * (part % 4)))),
      );
      return { parts: count };
    },
  );

  const echo = client.createFunction(
    { id: "echo", name: "Echo", triggers: { event: "evil/arrived" } },
    async ({ event, step, logger }) => {
      logger.warn(String(event.data["text"]));
      return step.run(String(event.data["text"]), () => event.data);
    },
  );

  const throwing = client.createFunction(
    { id: "throw", name: "Throw", triggers: { event: "evil/arrived" }, retries: 0 },
    ({ event }) => {
      throw new Error(String(event.data["text"]), { cause: new Error(String(event.data["text"])) });
    },
  );

  return {
    client,
    functions: [
      sendReceipt,
      fulfilOrder,
      importContacts,
      shaky,
      onboarding,
      remind,
      report,
      index,
      ingest,
      mail,
      nightly,
      wide,
      echo,
      throwing,
    ],
  };
}

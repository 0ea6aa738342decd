/** Lists: first pages, next pages and every filter over a store with a long history, through the HTTP API of a real server. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BigStoreFacts, fillStore } from "./big-store.ts";
import { ALWAYS_FAILS, FUNCTIONS, PAUSED, RARE } from "./big-store-apps.ts";
import { type Answer, atMost, percentile, type Question, told } from "./question.ts";
import { type StoredServer, startStoredServer } from "./stored-server.ts";

const RUNS = 1_000_000;
const ROUNDS = 40;
const WARM_UP_ROUNDS = 20;
const LIST_MS_MAX = 200;

export const lists: Question = {
  name: "lists",
  question:
    "How long do lists, filters, charts and the page of a run take over 1,000,000 runs with 5,000,000 steps? (STORE=<folder> takes one that was generated.)",
  async run({ scale, progress }) {
    const given = process.env["STORE"];
    const folder = given ?? mkdtempSync(join(tmpdir(), "stepwell-lists-"));
    try {
      const facts = given === undefined ? generate(folder, RUNS * scale, progress) : readFacts(given);
      const server = await startStoredServer(folder);
      try {
        const answers = [told("runs in the store", facts.runs, ""), told("steps in the store", facts.steps, "")];
        answers.push(told("server memory: at the start", server.rssBytes() / 2 ** 20, "MiB"));
        for (let round = 0; round < WARM_UP_ROUNDS; round++) await server.get("/api/v2/runs?limit=50");
        for (const [name, path] of questionsOf(facts)) {
          progress(name);
          answers.push(...(await measure(server, name, path)));
        }
        answers.push(...(await besideSearches(server)));
        answers.push(told("server memory: afterwards", server.rssBytes() / 2 ** 20, "MiB"));
        return answers;
      } finally {
        await server.stop();
      }
    } finally {
      if (given === undefined) rmSync(folder, { recursive: true, force: true });
    }
  },
};

function generate(folder: string, runs: number, progress: (text: string) => void): BigStoreFacts {
  return fillStore({ path: join(folder, "stepwell.db"), runs, seed: 1, endAt: Date.now() - 60_000, progress });
}

function readFacts(folder: string): BigStoreFacts {
  return JSON.parse(readFileSync(join(folder, "facts.json"), "utf8")) as BigStoreFacts;
}

/** Every list with every filter, and the pairs that the dashboard offers. */
function questionsOf(facts: BigStoreFacts): readonly (readonly [string, string])[] {
  const { startAt, endAt } = facts;
  const middle = Math.round((startAt + endAt) / 2);
  const day = `from=${middle}&until=${middle + 86_400_000}`;
  const often = `function=${FUNCTIONS[0]!.slug}`;
  const runs = (filter: string): [string, string] => [`runs: ${filter}`, `/api/v2/runs?limit=50&${filter}`];
  return [
    ["runs", "/api/v2/runs?limit=50"],
    ["runs of /v1, with outputs", "/v1/runs?limit=50"],
    ...["queued", "running", "completed", "failed", "cancelled", "skipped"].map((status) => runs(`status=${status}`)),
    runs("status=queued,running"),
    runs("status=completed,failed"),
    runs(often),
    runs(`function=${RARE.slug}`),
    runs("app=shop"),
    runs(`from=${endAt - 3_600_000}`),
    runs(`from=${startAt}`),
    runs(`until=${startAt + 3_600_000}`),
    runs(`${day}`),
    runs(`status=failed&${often}`),
    runs(`status=failed&function=${RARE.slug}`),
    runs(`status=failed&function=${PAUSED.slug}`),
    runs(`status=completed&${often}`),
    runs(`status=completed&function=${ALWAYS_FAILS.slug}`),
    runs(`status=queued&${often}`),
    runs("status=failed&app=mail"),
    runs("status=cancelled,skipped&app=mail"),
    runs(`status=failed&${day}`),
    runs(`${often}&${day}`),
    runs(`status=failed&app=shop&${day}`),
    runs(`event=${facts.event}`),
    runs(`event=${facts.collectedEvent}`),
    runs(`parent=${facts.parent}`),
    runs("text=order"),
    runs(`text=${facts.customer}`),
    runs("text=is-nowhere"),
    runs(`text=${facts.customer}&${day}`),
    runs("text=refused&status=failed"),
    runs(`if=${encodeURIComponent("output.total > 9990")}`),
    runs(`if=${encodeURIComponent("event.data.amount == 1000")}`),
    runs(`if=${encodeURIComponent("output.message == 'nothing'")}&status=failed&${often}`),
    ["events", "/v1/events?limit=50"],
    ["events: name", "/v1/events?limit=50&name=shop/event.0"],
    ["events: rare name", "/v1/events?limit=50&name=reports/event.19"],
    ["events: time", `/v1/events?limit=50&received_after=${middle}&received_before=${middle + 3_600_000}`],
    ["events: name and time", `/v1/events?limit=50&name=shop/event.0&received_before=${middle}`],
    ["events: text", `/v1/events?limit=50&text=${facts.customer}`],
    ["events: expression", `/v1/events?limit=50&if=${encodeURIComponent("event.data.amount == 1000")}`],
    ["runs of an event", `/v1/events/${facts.event}/runs`],
    ["decisions of an event", `/v1/events/${facts.event}/decisions`],
    ["functions", "/v1/functions"],
    ["apps", "/v1/apps"],
    ["operations", "/v1/operations"],
    ["queue", "/v1/queue"],
    ["charts: a day", "/v1/stats"],
    ["charts: 90 days by day", `/v1/stats?from=${startAt}&step=1d`],
    ["charts: 90 days of a function", `/v1/stats?from=${startAt}&step=1d&function=${RARE.slug}`],
    ["charts: a month by the hour", `/v1/stats?from=${endAt - 14 * 86_400_000}&step=1h`],
    ["charts: function by function", "/v1/stats/functions"],
    ["charts: function by function, 90 days", `/v1/stats/functions?from=${startAt}`],
    ["run with 1,000 steps: its tree", `/api/v2/runs/${facts.thousandSteps}/trace?includeOutput=true`],
    ["run with 1,000 steps: its steps", `/v1/runs/${facts.thousandSteps}/steps`],
    ["run with a child: its tree", `/api/v2/runs/${facts.parent}/trace`],
  ];
}

/** What the engine's own work takes while four people search for something that is nowhere. */
async function besideSearches(server: StoredServer): Promise<Answer[]> {
  const alone = await sends(server);
  let isOver = false;
  const search = async () => {
    while (!isOver) await server.get("/api/v2/runs?limit=50&text=is-nowhere");
  };
  const searches = Promise.all([search(), search(), search(), search()]);
  const beside = await sends(server);
  isOver = true;
  await searches;
  return [
    told("an event is stored, alone: p95", percentile(alone, 0.95), "ms"),
    atMost("an event is stored, beside four searches: p95", percentile(beside, 0.95), "ms", LIST_MS_MAX),
  ];
}

async function sends(server: StoredServer): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await server.send({ name: "bench/nobody-listens", data: { round } });
    times.push(performance.now() - began);
  }
  return times;
}

/** The first page, and the next ones as far as there are any. */
async function measure(server: StoredServer, name: string, path: string): Promise<Answer[]> {
  const first: number[] = [];
  const next: number[] = [];
  let cursor: string | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const page = await server.get(path);
    first.push(performance.now() - began);
    const { cursor: found = null } = (page["page"] ?? {}) as { readonly cursor?: string | null };
    cursor = round === 0 ? found : cursor;
    if (cursor === null) continue;
    const nextBegan = performance.now();
    const following = await server.get(`${path}&cursor=${cursor}`);
    next.push(performance.now() - nextBegan);
    cursor = ((following["page"] ?? {}) as { readonly cursor?: string | null }).cursor ?? null;
  }
  const p95 = (times: readonly number[]) => percentile(times, 0.95);
  return [
    atMost(`${name.replace(/\d{13}/g, "…").slice(0, 44)}: p95`, p95(first), "ms", LIST_MS_MAX),
    ...(next.length === 0 ? [] : [atMost("  next pages: p95", p95(next), "ms", LIST_MS_MAX)]),
  ];
}

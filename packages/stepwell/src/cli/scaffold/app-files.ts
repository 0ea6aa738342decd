/** Files of a new app that are the same for every framework: the client, the events, the functions, the first workflow. */

export const appFiles = (appId: string): Readonly<Record<string, string>> => ({
  "src/stepwell/client.ts": `/** The client: it names this app, makes its functions and sends its events. */
import { Stepwell } from "stepwell";

export const client = new Stepwell({
  id: ${JSON.stringify(appId)},
  // In production every call must be signed: set STEPWELL_SIGNING_KEY and STEPWELL_EVENT_KEY there.
  isProduction: process.env["NODE_ENV"] === "production",
});
`,
  "src/stepwell/events.ts": `/** The events of this app, with the data they carry. */
import { eventType } from "stepwell";
import { z } from "zod";

export const helloRequested = eventType("hello/requested", {
  schema: z.object({ name: z.string() }),
});
`,
  "src/stepwell/functions.ts": `/** Every function of this app. What is not in this list is not served. */
import { hello } from "./workflows/hello/workflow.ts";

export const functions = [hello];
`,
  "src/stepwell/workflows/hello/workflow.ts": `/** Greets somebody, durably: each step runs to its end once, whatever crashes or restarts in between. */
import { client } from "../../client.ts";
import { helloRequested } from "../../events.ts";
import { sendGreeting } from "./functions/send-greeting.ts";
import { writeGreeting } from "./functions/write-greeting.ts";

export const hello = client.createFunction(
  { id: "hello", triggers: helloRequested, retries: 3 },
  async ({ event, step }) => {
    // A step that throws is tried again; its result is kept, and never computed twice.
    const greeting = await step.run("write-greeting", writeGreeting, event.data.name);
    // Nothing runs and nothing is held while a run sleeps: "5s" or "30d", it is all the same.
    await step.sleep("wait-a-moment", "5s");
    const sentAt = await step.run("send-greeting", sendGreeting, greeting);
    return { greeting, sentAt };
  },
);
`,
  "src/stepwell/workflows/hello/functions/write-greeting.ts": `export function writeGreeting(name: string): string {
  return \`Hello, \${name}!\`;
}
`,
  "src/stepwell/workflows/hello/functions/send-greeting.ts": `/** Stands in for a mail service. */
export async function sendGreeting(greeting: string): Promise<string> {
  console.log(greeting);
  return new Date().toISOString();
}
`,
  ".gitignore": `node_modules/
dist/
.next/
.stepwell/
.env
`,
});

/** What people do, done with the pointer: the same on a wide screen and on a phone. */
import { expect } from "vitest";
import { picture, type Watched } from "./browser.ts";
import type { World } from "./world.ts";

export interface Hands {
  press(name: string | RegExp): Promise<void>;
  dialog(): ReturnType<Watched["page"]["getByRole"]>;
  confirm(name: string | RegExp): Promise<void>;
  /** Waits for a message. */
  told(text: string | RegExp): Promise<void>;
}

export function handsOn(page: Watched["page"]): Hands {
  const dialog = () => page.getByRole("dialog");
  return {
    press: (name) => page.getByRole("button", { name, exact: typeof name === "string" }).click(),
    dialog,
    confirm: (name) => dialog().getByRole("button", { name }).click(),
    told: (text) => page.getByLabel("Messages").getByText(text).first().waitFor(),
  };
}

interface Place {
  readonly page: Watched["page"];
  readonly world: World;
  /** Ends the names of pictures. */
  readonly at?: string;
}

export async function cancelRun({ page, world, at = "" }: Place): Promise<void> {
  const { press, confirm, told } = handsOn(page);
  const id = await world.runOf("remind-later", "RUNNING");
  await page.goto(`/runs/${id}`);
  await press("Cancel …");
  await picture(page, `dialog-cancel${at}`);
  await confirm("Cancel the run");
  await told("The run was cancelled.");
  const { data } = await world.get<{ data: { status: string } }>(`/v1/runs/${id}`);
  expect(data.status).toBe("Cancelled");
}

export async function rerunRun({ page, world }: Place): Promise<void> {
  const { press, confirm, told } = handsOn(page);
  const id = await world.runOf("import-contacts", "FAILED");
  await page.goto(`/runs/${id}`);
  await press("Rerun …");
  await confirm("Rerun");
  await told("A new run has started; this is it.");
  await page.getByRole("link", { name: "the run that it repeats" }).click();
  await page.waitForURL(new RegExp(id));
}

export async function rerunFromStep({ page, world, at = "" }: Place): Promise<void> {
  const { press, dialog, confirm, told } = handsOn(page);
  const id = await world.runOf("import-contacts", "FAILED");
  await page.goto(`/runs/${id}`);
  await page.getByRole("option", { name: /check-row/ }).click();
  await press("Rerun from here …");
  await dialog().getByLabel("Give the step another input").check();
  await dialog().getByText("Original input").waitFor();
  await dialog().getByLabel("New input").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type('[{"file":"april.csv"');
  await dialog().getByRole("alert").waitFor();
  await page.keyboard.type("}]");
  await picture(page, `dialog-rerun-from-step${at}`);
  await confirm("Rerun from here");
  await told("A new run has started; this is it.");
  await page
    .getByText(/april\.csv/)
    .first()
    .waitFor();
}

export async function sendEvent({ page, at = "" }: Place): Promise<void> {
  const { press, dialog, confirm, told } = handsOn(page);
  await page.goto("/events");
  await press("Send an event");
  await dialog().getByLabel("Begin with").selectOption("order/placed");
  await dialog().getByText(/"o-4"/).waitFor();
  await picture(page, `dialog-send${at}`);
  await confirm(/^Send/);
  await told("The event was sent.");
  await page.getByRole("link", { name: "See what became of it" }).click();
  await page.getByRole("heading", { name: "order/placed" }).waitFor();
}

export async function pauseFunction({ page, at = "" }: Place): Promise<void> {
  const { press, dialog, confirm, told } = handsOn(page);
  await page.goto("/functions/shop-sync-crm");
  await press("Pause …");
  await dialog().getByText("Reject", { exact: true }).click();
  await picture(page, `dialog-pause${at}`);
  await confirm("Pause");
  await page.getByText("Paused.", { exact: true }).waitFor();
  await press("Resume");
  await told(/goes on/);
}

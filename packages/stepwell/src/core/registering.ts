/**
 * Apps and functions come, change, are paused and go.
 *
 *   RE1. Their rows change in one transition with what memory makes of them (E4): triggers, schedules, who may be called.
 */
import type { FunctionConfig } from "../protocol/function.ts";
import type { PauseCommand, RemoveApp, SyncAnswer, SyncApp } from "./command.ts";
import type { CronSchedules } from "./cron/schedules.ts";
import type { Admission } from "./flow/admission.ts";
import type { LinksHome } from "./links.ts";

export interface RegistryHome extends Pick<LinksHome, "apps" | "triggers" | "now" | "batch"> {
  readonly schedules: CronSchedules;
  readonly admission: Admission;
}

export function syncApp(home: RegistryHome, { app, checksum }: SyncApp): SyncAnswer {
  home.admission.appAnswers(app.id);
  const change = home.apps.sync(app, checksum, home.now());
  if (change === null) return { isModified: false };
  home.batch().apps.push(change.app);
  home.batch().functions.push(...change.functions);
  functionsChanged(home, app.id, app.functions);
  home.batch().notices.push({
    kind: "app_synced",
    id: app.id,
    runId: null,
    functionId: null,
    name: app.id,
    status: "synced",
    at: home.now(),
  });
  return { isModified: true };
}

/** False when there is no such app. */
export function removeApp(home: RegistryHome, { appId }: RemoveApp): boolean {
  const change = home.apps.remove(appId, home.now());
  if (change === null) return false;
  home.batch().apps.push(change.app);
  home.batch().functions.push(...change.functions);
  functionsChanged(home, appId, []);
  return true;
}

/** False when there is no such function or app. */
export function pause(home: RegistryHome, { target, id, mode }: PauseCommand): boolean {
  const change = home.apps.pause(target, id, mode);
  if (change === null) return false;
  home.batch().apps.push(...change.apps);
  home.batch().functions.push(...change.functions);
  home.schedules.hold(home.apps.held);
  home.admission.gates.retry();
  return true;
}

/** RE1. */
function functionsChanged(home: RegistryHome, appId: string, functions: readonly FunctionConfig[]): void {
  home.triggers.replaceApp(appId, functions);
  for (const schedule of home.schedules.replaceApp(appId, functions, home.now()))
    home.batch().schedules.set(schedule.functionId, schedule);
  home.schedules.hold(home.apps.held);
  home.admission.rulesChanged(home.now());
}

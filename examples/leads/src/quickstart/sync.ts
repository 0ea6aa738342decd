/** Makes the app known to the server: the app is asked to register, and does so with its functions. */
import { appFunctions } from "./server-api.ts";

/** Registers the app served at `appUrl` and returns how many functions the server now knows. */
export async function sync(appUrl: string, serverUrl: string, appId: string): Promise<number> {
  const response = await fetch(`${appUrl}/api/stepwell`, { method: "PUT" });
  if (!response.ok) throw new Error(`The app could not register with the server: ${await response.text()}`);
  return (await appFunctions(serverUrl, appId)).length;
}

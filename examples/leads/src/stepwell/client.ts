/** The client: it names this app, makes its functions and sends its events. */
import { Stepwell } from "stepwell";
import { settings } from "../settings.ts";

export const client = new Stepwell({ id: "leads", isProduction: settings.isProduction });

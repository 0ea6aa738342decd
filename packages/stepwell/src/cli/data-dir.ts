/** The folder that holds the data. It ignores itself in git: nobody wants a database in a commit. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { errorText } from "../protocol/error-value.ts";
import { StepwellError } from "../protocol/errors.ts";

export const DATA_DIR_DEFAULT = ".stepwell";

/** Makes the folder if needed and returns the path of the database in it. */
export function prepareDataDir(dataDir: string): string {
  const folder = resolve(dataDir);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 }); // What runs carry is nobody else's business.
    const ignore = join(folder, ".gitignore");
    if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
  } catch (error) {
    const reason = `${folder} cannot be made (${errorText(error)})`;
    throw new StepwellError("option_invalid", { where: "--data-dir", reason }, { cause: error });
  }
  return join(folder, "stepwell.db");
}

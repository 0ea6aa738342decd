/** What every route works with. */
import type { Engine } from "../engine/engine.ts";
import type { IdSource } from "../protocol/ids.ts";
import type { ServerKind } from "../protocol/register.ts";
import type { Store } from "../store/store.ts";
import type { Access } from "./access/access.ts";
import type { ServerLog } from "./log.ts";
import type { LogIntake } from "./logs/log-intake.ts";
import type { Metrics } from "./metrics.ts";
import type { Operations } from "./operations/operations.ts";
import type { Retention } from "./retention/retention.ts";
import type { Syncer } from "./sync.ts";
import type { SyncFailures } from "./sync-failures.ts";

export interface ServerContext {
  readonly kind: ServerKind;
  /** What is behind the store, for people: `sqlite .stepwell/…`, `memory`. */
  readonly storeLabel: string;
  readonly engine: Engine;
  readonly store: Store;
  readonly access: Access;
  readonly syncer: Syncer;
  readonly syncFailures: SyncFailures;
  /** Internal ids of received events. */
  readonly ids: IdSource;
  readonly metrics: Metrics;
  readonly operations: Operations;
  /** Where lines of handlers go. */
  readonly logs: LogIntake;
  readonly retention: Retention;
  readonly log: ServerLog;
}

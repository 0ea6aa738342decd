/** Every step kind of the official TypeScript SDKs: one suite, run in every setting that changes how they talk. */
import { afterAll, beforeAll, describe } from "vitest";
import { type Bench, type Setting, startBench } from "./bench.ts";
import { describeGateway, gatewayFunctions, type Service, startService } from "./gateway.ts";
import { describeInvokes, invokeFunctions, otherFunctions } from "./invokes.ts";
import { describeSignals, signalFunctions } from "./signals.ts";
import { describeWaits, waitFunctions } from "./waits.ts";

export function describeSteps(setting: Setting): void {
  describe(`steps of ${setting.sdk.name}, ${setting.title}`, () => {
    let bench: Bench;
    let service: Service;
    const get = () => bench;

    beforeAll(async () => {
      service = await startService();
      bench = await startBench(setting, service.url, (kit) => ({
        own: [...waitFunctions(kit), ...signalFunctions(kit), ...invokeFunctions(kit), ...gatewayFunctions(kit)],
        other: otherFunctions(kit),
      }));
    });
    afterAll(async () => {
      await bench?.stop();
      await service?.close();
    });

    describeWaits(get);
    describeSignals(get);
    describeInvokes(get);
    describeGateway(get, () => service);
  });
}

/** Every step kind of the official TypeScript SDKs: one suite, run in every setting that changes how they talk. */
import { afterAll, beforeAll, describe } from "vitest";
import { type Bench, type Setting, startBench } from "./bench.ts";
import {
  compositionFunctions,
  describeCompositions,
  describeGroupsWithoutRaces,
  describeRaces,
} from "./compositions.ts";
import { describeEndings, endingFunctions } from "./endings.ts";
import { describeGateway, gatewayFunctions, type Service, startService } from "./gateway.ts";
import { describeInvokes, invokeFunctions, otherFunctions } from "./invokes.ts";
import { describeReruns, rerunFunctions } from "./reruns.ts";
import { describeSignals, signalFunctions } from "./signals.ts";
import { describeWaits, waitFunctions } from "./waits.ts";

const OWN = [
  ...[waitFunctions, signalFunctions, invokeFunctions, gatewayFunctions],
  ...[compositionFunctions, endingFunctions, rerunFunctions],
];

export function describeSteps(setting: Setting): void {
  describe(`steps of ${setting.sdk.name}, ${setting.title}`, () => {
    let bench: Bench;
    let service: Service;
    const get = () => bench;

    beforeAll(async () => {
      service = await startService();
      bench = await startBench(setting, service.url, (kit) => ({
        own: [...OWN.flatMap((functionsOf) => functionsOf(kit)), ...(setting.more?.functions(kit) ?? [])],
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
    describeCompositions(get);
    if (setting.hasRaces) describeRaces(get);
    else describeGroupsWithoutRaces(get);
    describeEndings(get);
    describeReruns(get);
    setting.more?.describe(get);
  });
}

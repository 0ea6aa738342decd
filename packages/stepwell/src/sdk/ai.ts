/** `step.ai`: requests to AI providers made by the server, and calls of their libraries as steps. */
import { StepwellError } from "../protocol/coded-error.ts";
import { isJsonObject, type JsonObject } from "../protocol/json.ts";
import { LIMITS } from "../protocol/limits.ts";
import { type AiModels, aiModels } from "./ai-models.ts";
import type { Jsonify, Untyped } from "./jsonify.ts";
import type { AskStep, BodyIdInput, StepAsk, StepIdInput } from "./step-request.ts";
import { storableText } from "./storable.ts";

/**
 * How to reach a model. `aiModels` makes some; any object of this shape does, such as those of the public adapters.
 * The key travels to the server with the request and is kept out of its history.
 */
export interface AiModel<Body = Untyped, Result = Untyped> {
  /** Where the request goes; `step.ai.infer` refuses a model without one. */
  readonly url?: string;
  /** The provider's key. An empty one sends none. */
  readonly authKey: string;
  /** Decides how the key is sent: `"openai-chat"`, `"anthropic"`, `"gemini"`, … */
  readonly format: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the adapter; not sent. */
  readonly options?: object;
  /** May change copies of the model and the body before they are sent. */
  onCall?(model: Untyped, body: Untyped): void;
  /** Types only; never set. */
  readonly "~types"?: { readonly input: Body; readonly output: Result };
}

type BodyOf<Model> = Model extends { readonly "~types"?: { readonly input: infer Body } } ? Body : Untyped;
type ResultOf<Model> = Model extends { readonly "~types"?: { readonly output: infer Result } } ? Result : Untyped;

/** What `step.ai` offers: requests to models that the server makes, and calls of AI libraries as steps. */
export interface AiTools {
  /**
   * Lets the server ask a model and gives back the provider's answer. The app holds nothing meanwhile.
   *
   * @throws `option_invalid` for a model or body that cannot be; a `StepError` when no attempt had success.
   * @example
   * ```ts
   * import { aiModels, Stepwell } from "stepwell";
   * const client = new Stepwell({ id: "leads" });
   * client.createFunction({ id: "sum-up", triggers: { event: "call/ended" } }, async ({ event, step }) => {
   *   const answer = await step.ai.infer("sum-up", {
   *     model: aiModels.openai({ model: "gpt-4o-mini" }),
   *     body: { messages: [{ role: "user", content: `Sum up: ${event.data.transcript}` }] },
   *   });
   *   return answer.choices[0].message.content;
   * });
   * ```
   */
  infer<Model extends AiModel>(
    id: StepIdInput,
    options: { readonly model: Model; readonly body: BodyOf<Model> },
  ): Promise<ResultOf<Model>>;
  /** Calls a function of an AI library as a step: `step.run`, shown as what it is. */
  wrap<Args extends readonly unknown[], Result>(
    id: BodyIdInput,
    body: (...args: Args) => Result,
    ...args: Args
  ): Promise<Jsonify<Awaited<Result>>>;
  /** The same as `aiModels`. */
  readonly models: AiModels;
}

type WrapStep = <Args extends readonly unknown[]>(
  id: BodyIdInput,
  body: (...args: Args) => unknown,
  args: Args,
) => Promise<unknown>;

/** The AI tools of one call. */
export class CallAiTools implements AiTools {
  declare readonly infer: AiTools["infer"];
  declare readonly wrap: AiTools["wrap"];
  readonly models = aiModels;

  constructor(ask: AskStep, wrap: WrapStep) {
    this.infer = (id, { model, body }) =>
      ask("ai.infer", id, (where) => inferAsk(model, body, where)) as Promise<never>;
    this.wrap = (id, body, ...args) => wrap(id, body, args) as Promise<never>;
  }
}

function inferAsk(model: AiModel | undefined, body: unknown, where: string): StepAsk {
  if (typeof model !== "object" || model === null) throw invalid(where, "`model` is missing");
  const { model: changed, body: sent } = called(model, plainBody(body, where));
  if (typeof changed.url !== "string" || !URL.canParse(changed.url))
    throw invalid(where, "the model has no valid `url`");
  return {
    op: "AIGateway",
    opts: {
      type: "step.ai.infer",
      url: changed.url,
      headers: { ...changed.headers },
      auth_key: changed.authKey ?? "",
      format: changed.format ?? "",
      body: plainBody(sent, where),
    },
  };
}

/** The model and the body after the model's own changes; the originals stay as they are, for the next replay. */
function called(model: AiModel, body: JsonObject): { model: AiModel; body: JsonObject } {
  const copy = { ...model, headers: { ...model.headers } };
  model.onCall?.(copy, body);
  return { model: copy, body };
}

/** A copy of its own, as plain JSON. */
function plainBody(body: unknown, where: string): JsonObject {
  const plain: unknown = JSON.parse(storableText(body, where, "body", LIMITS.stepInputBytesMax));
  if (!isJsonObject(plain)) throw invalid(where, "`body` must be an object");
  return plain;
}

const invalid = (where: string, reason: string) => new StepwellError("option_invalid", { where, reason });

/** Models of the large providers, for `step.ai.infer`. */
import { variable } from "./environment.ts";
import type { Untyped } from "./jsonify.ts";

/** Which model, and how its provider is reached. */
export interface AiModelOptions {
  /** As the provider names it. */
  readonly model: string;
  /** `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` or `GEMINI_API_KEY` when left out. */
  readonly apiKey?: string;
  /** Where the provider's API is; needed for others that speak the same way. */
  readonly baseUrl?: string;
  /** Members of every body that does not say otherwise, such as `{ max_tokens: 1000 }`. */
  readonly defaultParameters?: object;
}

interface ProviderModel {
  readonly url: string;
  readonly authKey: string;
  readonly format: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly options: { readonly model: string };
  onCall(model: Untyped, body: Untyped): void;
}

/** Factories of models. The keys come from the environment unless given. */
export interface AiModels {
  /** Chat completions, of OpenAI and of everybody who speaks like it. */
  openai(options: AiModelOptions): ProviderModel;
  /** Messages. Bodies need `max_tokens`. */
  anthropic(options: AiModelOptions): ProviderModel;
  /** Generated content of Gemini models. */
  gemini(options: AiModelOptions): ProviderModel;
}

/**
 * Models of the large providers, for `step.ai.infer`.
 *
 * @example
 * ```ts
 * import { aiModels } from "stepwell";
 * const model = aiModels.anthropic({ model: "claude-sonnet-4-5", defaultParameters: { max_tokens: 1_000 } });
 * ```
 */
export const aiModels: AiModels = {
  openai: (options) =>
    providerModel(options, {
      format: "openai-chat",
      keyName: "OPENAI_API_KEY",
      url: join(options.baseUrl ?? "https://api.openai.com/v1", "chat/completions"),
      isNamedInBody: true,
    }),
  anthropic: (options) =>
    providerModel(options, {
      format: "anthropic",
      keyName: "ANTHROPIC_API_KEY",
      url: join(options.baseUrl ?? "https://api.anthropic.com/v1", "messages"),
      headers: { "anthropic-version": "2023-06-01" },
      isNamedInBody: true,
    }),
  gemini: (options) =>
    providerModel(options, {
      format: "gemini",
      keyName: "GEMINI_API_KEY",
      url: join(
        options.baseUrl ?? "https://generativelanguage.googleapis.com/v1beta",
        `models/${encodeURIComponent(options.model)}:generateContent`,
      ),
      isNamedInBody: false,
    }),
};

interface Provider {
  readonly format: string;
  readonly keyName: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body names the model; otherwise the URL does. */
  readonly isNamedInBody: boolean;
}

function providerModel(options: AiModelOptions, provider: Provider): ProviderModel {
  const { model, apiKey, defaultParameters } = options;
  const { format, url, headers = {}, isNamedInBody } = provider;
  return {
    url,
    // Read when the model is made: a model made at the top of a module needs its key by then.
    authKey: apiKey ?? variable(provider.keyName) ?? "",
    format,
    headers,
    options: { model },
    onCall(_model, body: Record<string, unknown>) {
      const defaults = { ...defaultParameters, ...(isNamedInBody ? { model } : {}) };
      for (const [name, value] of Object.entries(defaults)) body[name] ??= value;
    },
  };
}

const join = (base: string, path: string): string => `${base.replace(/\/+$/, "")}/${path}`;

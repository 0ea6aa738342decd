/** What the stub's services answer: the same for the same question, so that a test can tell what to expect. */

type Fields = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly body: object;
}

const ROUTES: Readonly<Record<string, (body: Fields, count: number) => Answer>> = {
  "/create-profile": (body) => ok(profile(fields(body["lead"]))),
  "/create-offer": (body) => ok(offer(fields(body["company_profile"]))),
  "/create-strategy": (body) => ok(strategy(fields(body["profile"]))),
  "/create-email": (body) => ok(email(fields(body["profile"]), fields(body["offer"]))),
  "/create-call-script": (body) => ok(callScript(fields(body["profile"]))),
  "/create-answer": (body) => ok({ subject: "Re: our offer", text: `You wrote: ${text(body["text"])}` }),
  "/read-reply": (body) => ok({ interest: text(body["text"]).includes("more") ? "high" : "low" }),
  "/create-report": (body) => ok({ title: `The ${text(body["kind"])} report`, lines: ["Leads: 12", "Orders: 7"] }),
  "/emails": (_body, count) => ok({ message_id: `message-${count}` }),
  "/calls": (_body, count) => ok({ call_id: `call-${count}` }),
  "/charges": (body, count) =>
    body["card"] === "declined" ? { status: 402, body: { error: "declined" } } : ok({ id: `charge-${count}` }),
  "/external": () => ok({ accepted: true }),
  "/stock/reserve": (body) => ok({ reserved: body["sku"] ?? null }),
  "/stock/update": () => ok({ updated: true }),
  "/stock/release": () => ok({ released: true }),
  "/stock/refresh": () => ok({ refreshed: true }),
};

/** `count` numbers the work done at this path, from 1. */
export function answerTo(path: string, body: Fields, count: number): Answer {
  return ROUTES[path]?.(body, count) ?? { status: 404, body: { error: `there is no ${path}` } };
}

function profile(lead: Fields) {
  const channel = lead["email"] !== undefined ? "email" : lead["phone"] !== undefined ? "phone" : "none";
  return {
    individual_profile: { name: text(lead["name"]), channel },
    company_profile: { name: text(lead["company"] ?? "a private person"), size: "small" },
  };
}

function offer(company: Fields) {
  return { title: `Starter plan for ${text(company["name"])}`, discount_percent: 10 };
}

function strategy(leadProfile: Fields) {
  const { channel } = fields(leadProfile["individual_profile"]) as { channel?: unknown };
  return { first_method: text(channel ?? "none"), reason: "It is how the lead can be reached." };
}

function email(leadProfile: Fields, leadOffer: Fields) {
  const { name } = fields(leadProfile["individual_profile"]) as { name?: unknown };
  return { subject: text(leadOffer["title"]), text: `Dear ${text(name)}, we have an offer for you.` };
}

function callScript(leadProfile: Fields) {
  const { name } = fields(leadProfile["individual_profile"]) as { name?: unknown };
  return { opening: `Good morning, ${text(name)}!`, questions: ["What do you need?", "When do you need it?"] };
}

const ok = (body: object): Answer => ({ status: 200, body });
const text = (value: unknown): string => String(value);
const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});

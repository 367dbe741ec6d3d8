// An example of a guard for LlmProxy:Guards:Webhook, without dependencies: `node guard.mjs`, Node 18 or newer.
// It looks for the phrases that prompt injections are made of in whatever a model is about to read that a person did not
// necessarily write: the results of tools and the text of users. Take it as a skeleton: a real detector is a model.
//
//   "Guards": { "Webhook": { "Url": "http://localhost:8100/check", "TimeoutMs": 1000, "OnFailure": "refuse" } }
//
// GUARD_PORT (8100; 0: any free one) and GUARD_HOST (127.0.0.1) say where it listens. GUARD_TOKEN: when set, questions
// must carry it as "Authorization: Bearer ..." (Guards:Webhook:Headers).

import { createServer } from "node:http";
import { timingSafeEqual } from "node:crypto";

const MOST_BYTES = 64 * 1024 * 1024;
const token = process.env.GUARD_TOKEN ?? "";

const phrases = [
  ["instructions to forget instructions", /\b(ignore|disregard|forget|override)\b[^.\n]{0,40}\b(previous|prior|above|earlier|all|your|system)\b[^.\n]{0,40}\b(instruction|instructions|prompt|prompts|rule|rules|guideline|guidelines)\b/i],
  ["a question for the system prompt", /\b(reveal|print|show|repeat|output|leak)\b[^.\n]{0,40}\b(system|hidden|initial|secret)\s+(prompt|message|instructions)\b/i],
  ["a new role without rules", /\byou are (now|no longer)\b[^.\n]{0,60}\b(dan|jailbroken|unrestricted|unfiltered|without (any )?(rules|restrictions|limits))\b/i],
  ["a forged turn", /<\|(im_start|im_end|system|endoftext)\|>|\[\/?INST\]|^\s*###\s*(system|instruction)s?\s*:/im],
  ["secrecy towards the user", /\b(do not|don't|never)\b[^.\n]{0,20}\b(tell|mention|inform|show)\b[^.\n]{0,20}\bthe user\b/i],
];

/** Every text in a request but the operator's own instructions. */
function* textsOf(value, key = "") {
  if (typeof value === "string") {
    yield value;
  } else if (Array.isArray(value)) {
    for (const item of value) yield* textsOf(item, key);
  } else if (value && typeof value === "object") {
    if (value.role === "system" || value.role === "developer") return;
    for (const [name, inner] of Object.entries(value)) {
      if (!["system", "instructions", "tools", "model", "type", "role", "id"].includes(name)) yield* textsOf(inner, name);
    }
  }
}

function judge(question) {
  const told = question.stage === "after" ? question.answer : question.request;
  for (const text of textsOf(told)) {
    for (const [name, pattern] of phrases) {
      if (pattern.test(text)) return { allow: false, reason: `the text looks like a prompt injection (${name})` };
    }
  }
  return { allow: true };
}

function isTrusted(request) {
  if (!token) return true;
  const given = Buffer.from(request.headers.authorization ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function read(request) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new RangeError("too large");
    pieces.push(piece);
  }
  return JSON.parse(Buffer.concat(pieces).toString("utf8"));
}

const server = createServer(async (request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  if (request.method !== "POST") return answer(request.url === "/health" ? 200 : 405, { ok: request.url === "/health" });
  if (!isTrusted(request)) return answer(401, { error: "the token is missing or wrong" });
  try {
    answer(200, judge(await read(request)));
  } catch (error) {
    answer(error instanceof RangeError ? 413 : 400, { error: "the question cannot be read" });
  }
});

server.listen(Number(process.env.GUARD_PORT ?? 8100), process.env.GUARD_HOST ?? "127.0.0.1", () => {
  console.log(`guard listens on http://${server.address().address}:${server.address().port}`);
});

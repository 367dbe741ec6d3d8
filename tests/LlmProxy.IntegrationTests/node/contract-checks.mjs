// One contract for every vendor, through the official openai package: prints one JSON object: LLM -> null or what went wrong.
import OpenAI from 'openai';
import assert from 'node:assert/strict';

const [baseURL, ...models] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: 'any', maxRetries: 0 });
const said = 'Grüße 🌊 "vom"\nHafen.';
const tools = ['tide', 'wind'].map((name) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: { harbour: { type: 'string' } } } },
}));

async function text(model) {
  const answer = await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] });
  assert.equal(answer.choices[0].message.content, said);
  assert.equal(answer.choices[0].message.refusal, null);
  assert.equal(answer.usage.total_tokens, 18);
  const stream = client.chat.completions.stream({ model, messages: [{ role: 'user', content: 'Hi' }], stream_options: { include_usage: true } });
  assert.equal(await stream.finalContent(), said);
  assert.equal((await stream.totalUsage()).total_tokens, 18);
}

async function schema(model) {
  const answer = await client.chat.completions.parse({
    model,
    messages: [{ role: 'user', content: 'as-json please' }],
    response_format: { type: 'json_schema', json_schema: { name: 'height', strict: true, schema: { type: 'object', properties: { high: { type: 'number' } }, required: ['high'], additionalProperties: false } } },
  });
  assert.deepEqual(JSON.parse(answer.choices[0].message.content), { high: 2.5 });
}

async function conversation(model) {
  const messages = [{ role: 'user', content: 'The forecast, please' }];
  const turn = async () => {
    const { message } = (await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion()).choices[0];
    messages.push(message);
    return message;
  };

  const first = await turn();
  assert.deepEqual(first.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments).harbour]), [['tide', 'Røst'], ['wind', 'Å']]);
  assert.equal(new Set(first.tool_calls.map((call) => call.id)).size, 2);
  for (const call of first.tool_calls) messages.push({ role: 'tool', tool_call_id: call.id, content: `result-of-${call.function.name}` });
  const second = await turn();
  assert.deepEqual(second.tool_calls.map((call) => JSON.parse(call.function.arguments).harbour), ['Reine']);
  messages.push({ role: 'tool', tool_call_id: second.tool_calls[0].id, content: 'result-of-third' });
  assert.equal((await turn()).content, said);
}

const results = {};
for (const model of models) {
  results[model] = null;
  for (const check of [text, schema, conversation]) {
    try {
      await check(model);
    } catch (error) {
      results[model] = `${results[model] ?? ''}${check.name}: ${error?.stack ?? error}\n`;
    }
  }
}
console.log(JSON.stringify(results));

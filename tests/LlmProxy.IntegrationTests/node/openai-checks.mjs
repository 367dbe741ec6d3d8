// Drives the gateway with the official openai package, unmodified, and prints one JSON object: check name -> null or what went wrong.
import OpenAI, { AzureOpenAI } from 'openai';
import assert from 'node:assert/strict';

const [baseURL, apiKey] = process.argv.slice(2);
const sdk = (options = {}) => new OpenAI({ baseURL, apiKey, maxRetries: 0, ...options });
const client = sdk();
const text = 'Hello from the upstream.';
const messages = [{ role: 'user', content: 'Hi' }];
const tools = [{
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
}];
const cities = (calls) => calls.map((call) => JSON.parse(call.function.arguments).city);

const fails = async (model, type, status, options) => {
  try {
    await (options ?? client).chat.completions.create({ model, messages });
  } catch (error) {
    assert.ok(error instanceof type, `${error?.constructor?.name}: ${error}`);
    assert.equal(error.status, status);
    assert.ok(error.requestID, 'the error has no request id');
    assert.ok(error.code && error.type, 'the error has no code or type');
    return error;
  }
  assert.fail('no error came');
};

const checks = {
  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes('gpt-4o'), ids.join());
    assert.equal((await client.models.retrieve('gpt-4o')).object, 'model');
  },
  async chat() {
    const { data, response } = await client.chat.completions.create({ model: 'gpt-4o', messages }).withResponse();
    assert.equal(data.choices[0].message.content, text);
    assert.equal(data.usage.total_tokens, 14);
    assert.ok(data._request_id);
    assert.equal(response.headers.get('x-llm-model'), 'gpt-4o');
  },
  async streamWithUsage() {
    const stream = await client.chat.completions.create({ model: 'gpt-4o', messages, stream: true, stream_options: { include_usage: true } });
    let said = '', usage = null;
    for await (const chunk of stream) {
      said += chunk.choices[0]?.delta?.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(said, text);
    assert.equal(usage?.total_tokens, 14);
  },
  async streamWithoutUsage() {
    const stream = await client.chat.completions.create({ model: 'gpt-4o', messages, stream: true });
    for await (const chunk of stream) {
      assert.ok(!('usage' in chunk), 'usage came unasked');
      assert.ok(chunk.choices.length > 0, 'a chunk without choices came unasked');
    }
  },
  async streamAccumulated() {
    const runner = client.chat.completions.stream({ model: 'gpt-4o', messages });
    assert.equal(await runner.finalContent(), text);
  },
  async tools() {
    const answer = await client.chat.completions.create({ model: 'gpt-4o', messages, tools });
    assert.equal(answer.choices[0].finish_reason, 'tool_calls');
    assert.deepEqual(cities(answer.choices[0].message.tool_calls), ['Paris', 'Oslo']);
  },
  async toolsStreamed() {
    const runner = client.chat.completions.stream({ model: 'gpt-4o', messages, tools, parallel_tool_calls: true });
    const final = await runner.finalMessage();
    assert.deepEqual(cities(final.tool_calls), ['Paris', 'Oslo']);
    assert.deepEqual(final.tool_calls.map((call) => call.id), ['call_0', 'call_1']);
  },
  async jsonSchema() {
    const schema = { type: 'object', properties: { city: { type: 'string' }, degrees: { type: 'number' } }, required: ['city', 'degrees'], additionalProperties: false };
    const answer = await client.chat.completions.parse({ model: 'gpt-4o', messages, response_format: { type: 'json_schema', json_schema: { name: 'w', strict: true, schema } } });
    assert.equal(JSON.parse(answer.choices[0].message.content).city, 'Paris');
  },
  async embeddings() {
    // The client asks for base64 unasked and decodes it.
    const answer = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] });
    assert.deepEqual(answer.data.map((d) => Array.from(d.embedding)), [[0.25, -0.5, 0.125, 1], [0.25, -0.5, 0.125, 1]]);
    const floats = await client.embeddings.create({ model: 'text-embedding-3-small', input: 'one', encoding_format: 'float' });
    assert.deepEqual(floats.data[0].embedding, [0.25, -0.5, 0.125, 1]);
  },
  async responses() {
    const answer = await client.responses.create({ model: 'gpt-4o', input: 'Hi' });
    assert.equal(answer.output_text, text);
  },
  async responsesStreamed() {
    const types = [];
    for await (const event of await client.responses.create({ model: 'gpt-4o', input: 'Hi', stream: true })) types.push(event.type);
    assert.deepEqual(types, ['response.created', 'response.output_text.delta', 'response.completed']);
  },
  async speech() {
    const answer = await client.audio.speech.create({ model: 'gpt-4o', voice: 'alloy', input: 'Hi' });
    assert.equal((await answer.arrayBuffer()).byteLength, 4096);
  },
  async transcription() {
    const file = new File([new Uint8Array([1, 2, 3])], 'a.wav', { type: 'audio/wav' });
    const answer = await client.audio.transcriptions.create({ model: 'gpt-4o', file });
    assert.equal(answer.text, 'hello world');
  },
  async azureClient() {
    const azure = new AzureOpenAI({ endpoint: baseURL.replace(/\/v1$/, ''), apiKey, apiVersion: '2024-10-21', deployment: 'gpt-4o', maxRetries: 0 });
    assert.equal((await azure.chat.completions.create({ model: '', messages })).choices[0].message.content, text);
    let said = '';
    for await (const chunk of await azure.chat.completions.create({ model: '', messages, stream: true })) said += chunk.choices[0]?.delta?.content ?? '';
    assert.equal(said, text);
  },
  error400: () => fails('refuses-400', OpenAI.BadRequestError, 400),
  error401: () => fails('gpt-4o', OpenAI.AuthenticationError, 401, sdk({ apiKey: 'sk-wrong' })),
  error404: () => fails('no-such-model', OpenAI.NotFoundError, 404),
  async error429() {
    const error = await fails('refuses-429', OpenAI.RateLimitError, 429);
    assert.equal(error.headers.get('retry-after'), '7');
  },
  error5xx: () => fails('refuses-500', OpenAI.InternalServerError, 502),
  async errorInStream() {
    const stream = await client.chat.completions.create({ model: 'dies', messages, stream: true });
    let said = '';
    await assert.rejects(async () => {
      for await (const chunk of stream) said += chunk.choices[0]?.delta?.content ?? '';
    }, (error) => error instanceof OpenAI.APIError);
    assert.equal(said, 'Half a');
  },
  async cancelStream() {
    const stream = await client.chat.completions.create({ model: 'endless-stream', messages, stream: true });
    for await (const _ of stream) stream.controller.abort();
  },
  async cancelPlain() {
    const controller = new AbortController();
    process.stdin.resume().once('end', () => controller.abort()); // Closed when the vendor has the call.
    await assert.rejects(client.chat.completions.create({ model: 'endless-plain', messages }, { signal: controller.signal }), OpenAI.APIUserAbortError);
  },
};

const results = {};
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    results[name] = null;
  } catch (error) {
    results[name] = String(error?.stack ?? error);
  }
}
console.log(JSON.stringify(results));

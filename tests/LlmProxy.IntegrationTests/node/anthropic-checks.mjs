// Drives the gateway with one generation of the official @anthropic-ai/sdk package, unmodified, and prints one JSON object:
// check name -> null or what went wrong.
import assert from 'node:assert/strict';

const [baseURL, apiKey, generation] = process.argv.slice(2);
const { default: Anthropic } = await import(`anthropic-${generation}`);
const sdk = (options = {}) => new Anthropic({ baseURL, apiKey, maxRetries: 0, ...options });
const client = sdk();
const text = 'Hello from the upstream.';
const models = ['gpt-4o', 'qwen', 'claude', 'llama'];
const messages = [{ role: 'user', content: 'Hi' }];
const tools = [{
  name: 'get_weather',
  description: 'The weather in a city.',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}];
const cities = (message) => message.content.filter((block) => block.type === 'tool_use').map((block) => block.input.city);
const said = (message) => message.content.filter((block) => block.type === 'text').map((block) => block.text).join('');

const each = (check) => async () => {
  for (const model of models) {
    try {
      await check(model);
    } catch (error) {
      error.message = `${model}: ${error.message}`;
      throw error;
    }
  }
};

const fails = async (model, type, status, kind, options) => {
  try {
    await (options ?? client).messages.create({ model, max_tokens: 50, messages });
  } catch (error) {
    assert.ok(error instanceof type, `${error?.constructor?.name}: ${error}`);
    assert.equal(error.status, status);
    assert.equal(error.error?.error?.type, kind);
    assert.ok(error.requestID, 'the error has no request id');
    return error;
  }
  assert.fail('no error came');
};

const checks = {
  text: each(async (model) => {
    const { data, response } = await client.messages.create({ model, max_tokens: 50, system: 'Be brief.', messages }).withResponse();
    assert.equal(said(data), text);
    assert.deepEqual([data.type, data.role, data.stop_reason], ['message', 'assistant', 'end_turn']);
    assert.ok(data.id.startsWith('msg_'), data.id);
    assert.equal(data.usage.input_tokens + data.usage.cache_read_input_tokens, 9);
    assert.equal(data.usage.output_tokens, 5);
    assert.ok(data._request_id);
    assert.equal(response.headers.get('x-llm-model'), model);
  }),
  textStreamed: each(async (model) => {
    const names = [];
    const stream = client.messages.stream({ model, max_tokens: 50, messages });
    for await (const event of stream) names.push(event.type);
    assert.equal(await stream.finalText(), text);
    const message = await stream.finalMessage();
    assert.deepEqual([names[0], names[1], names.at(-3), names.at(-2), names.at(-1)], ['message_start', 'content_block_start', 'content_block_stop', 'message_delta', 'message_stop']);
    assert.equal(message.stop_reason, 'end_turn');
    assert.equal(message.usage.output_tokens, 5);
    assert.equal(message.usage.input_tokens + message.usage.cache_read_input_tokens, 9);
  }),
  tools: each(async (model) => {
    const message = await client.messages.create({ model, max_tokens: 50, messages, tools, tool_choice: { type: 'any' } });
    assert.deepEqual(cities(message), ['Paris', 'Oslo']);
    assert.equal(message.stop_reason, 'tool_use');
    assert.equal(new Set(message.content.map((block) => block.id)).size, 2);
  }),
  toolsStreamed: each(async (model) => {
    const stream = client.messages.stream({ model, max_tokens: 50, messages, tools });
    let open = -1;
    for await (const event of stream) {
      if (event.type === 'content_block_start') assert.equal(event.index, ++open);
      if (event.type === 'content_block_delta') assert.equal(event.index, open);
    }
    const message = await stream.finalMessage();
    assert.deepEqual(cities(message), ['Paris', 'Oslo']);
    assert.equal(message.stop_reason, 'tool_use');
  }),
  threeTurns: each(async (model) => {
    const first = await client.messages.stream({ model, max_tokens: 50, messages, tools }).finalMessage();
    const results = first.content.filter((block) => block.type === 'tool_use').map((block, i) => ({
      type: 'tool_result', tool_use_id: block.id, content: i ? [{ type: 'text', text: 'cold' }] : 'warm', is_error: i > 0,
    }));
    const answered = [...messages, { role: 'assistant', content: first.content }, { role: 'user', content: results }];
    const second = await client.messages.stream({ model, max_tokens: 50, messages: answered, tools }).finalMessage();
    assert.equal(said(second), text);
    const third = await client.messages.create({ model, max_tokens: 50, messages: [...answered, { role: 'assistant', content: second.content }, { role: 'user', content: 'Thanks' }] });
    assert.equal(said(third), text);
  }),
  async thinking() {
    for (const model of ['qwen', 'claude', 'llama']) {
      const wish = { model, max_tokens: 5000, messages, thinking: { type: 'enabled', budget_tokens: 1024 } };
      for (const message of [await client.messages.create(wish), await client.messages.stream(wish).finalMessage()]) {
        assert.deepEqual(message.content.map((block) => block.type), ['thinking', 'text'], model);
        assert.equal(message.content[0].thinking, 'Let me think.');
        const next = await client.messages.create({ ...wish, messages: [...messages, { role: 'assistant', content: message.content }, { role: 'user', content: 'Go on' }] });
        assert.equal(said(next), text);
      }
    }
  },
  countTokens: each(async (model) => {
    const count = await client.messages.countTokens({ model, system: 'Be brief.', messages, tools });
    assert.ok(Number.isInteger(count.input_tokens) && count.input_tokens > 0, JSON.stringify(count));
  }),
  async models() {
    const ids = [];
    for await (const model of client.models.list({ limit: 3 })) {
      assert.equal(model.type, 'model');
      assert.ok(!Number.isNaN(Date.parse(model.created_at)));
      ids.push(model.id);
    }
    for (const model of models) assert.equal(ids.filter((id) => id === model).length, 1, ids.join());
    assert.equal((await client.models.retrieve('qwen')).id, 'qwen');
  },
  async codingClient() {
    for (const model of models) {
      const message = await client.beta.messages.stream({
        model, max_tokens: 32000, temperature: generation === 'old' ? 1 : undefined, messages: [{ role: 'user', content: [{ type: 'text', text: '<system-reminder>a</system-reminder>' }, { type: 'text', text: 'Fix it', cache_control: { type: 'ephemeral' } }] }],
        system: [{ type: 'text', text: 'You write code.', cache_control: { type: 'ephemeral' } }, { type: 'text', text: 'Rules.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
        tools: [{ ...tools[0], eager_input_streaming: true, cache_control: { type: 'ephemeral' } }],
        metadata: { user_id: 'user_' + 'a'.repeat(90) },
        context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] },
        betas: ['claude-code-20250219', 'interleaved-thinking-2025-05-14', 'context-management-2025-06-27', 'fine-grained-tool-streaming-2025-05-14'],
      }, { headers: { 'x-app': 'cli', 'user-agent': 'coding-client/2.0', 'anthropic-dangerous-direct-browser-access': 'true' } }).finalMessage();
      assert.deepEqual(cities(message), ['Paris', 'Oslo'], model);
    }
  },
  async hello() {
    assert.equal((await fetch(baseURL + '/api/hello', { method: 'HEAD' })).status, 200);
    assert.equal((await fetch(baseURL + '/api/hello')).status, 200);
  },
  systemInTheList: each(async (model) => {
    const message = await client.messages.create({ model, max_tokens: 50, messages: [...messages, { role: 'assistant', content: 'Yes?' }, { role: 'system', content: 'Be quick.' }, { role: 'user', content: 'Go' }] });
    assert.equal(said(message), text);
  }),
  async invalid() {
    const error = await fails('refuses-400', Anthropic.BadRequestError, 400, 'invalid_request_error');
    assert.match(error.message, /Unsupported value/);
  },
  tooLong: async () => assert.match((await fails('too-long', Anthropic.BadRequestError, 400, 'invalid_request_error')).message, /prompt is too long/),
  rateLimit: () => fails('refuses-429', Anthropic.RateLimitError, 429, 'rate_limit_error'),
  vendorBroken: () => fails('refuses-500', Anthropic.InternalServerError, 502, 'api_error'),
  unknownModel: () => fails('no-such-model', Anthropic.NotFoundError, 404, 'not_found_error'),
  wrongKey: () => fails('gpt-4o', Anthropic.AuthenticationError, 401, 'authentication_error', sdk({ apiKey: 'sk-nobody-0123456789' })),
  async brokenStream() {
    const stream = client.messages.stream({ model: 'dies', max_tokens: 50, messages });
    try {
      await stream.finalMessage();
    } catch (error) {
      assert.ok(error instanceof Anthropic.APIError, `${error?.constructor?.name}: ${error}`);
      assert.equal(error.error?.error?.type, 'api_error', JSON.stringify(error.error));
      return;
    }
    assert.fail('no error came');
  },
  async cancel() {
    const stream = client.messages.stream({ model: 'endless', max_tokens: 50, messages });
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    stream.abort();
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

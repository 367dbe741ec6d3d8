// The official openai package's Responses and completions against vendors that only chat; prints check name -> null or what went wrong.
import OpenAI from 'openai';
import assert from 'node:assert/strict';

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const model = 'chats-only';
const text = 'Hello from the upstream.';
const tools = [{ type: 'function', name: 'get_weather', strict: true, parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false } }];
const format = { type: 'json_schema', name: 'w', strict: true, schema: { type: 'object', properties: { city: { type: 'string' }, degrees: { type: 'number' } }, required: ['city', 'degrees'], additionalProperties: false } };
const calls = (response) => response.output.filter((item) => item.type === 'function_call');

const checks = {
  async create() {
    const answer = await client.responses.create({ model, input: 'Hi', instructions: 'Be brief.', metadata: { a: 'b' } });
    assert.equal(answer.output_text, text);
    assert.deepEqual([answer.status, answer.object, answer.store, answer.usage.total_tokens, answer.usage.input_tokens_details.cached_tokens], ['completed', 'response', false, 14, 4]);
    assert.deepEqual(answer.metadata, { a: 'b' });
    assert.ok(answer._request_id);
  },
  async streamAccumulated() {
    const runner = client.responses.stream({ model, input: 'Hi' });
    let said = '', last = -1;
    runner.on('response.output_text.delta', (event) => { said += event.delta; assert.equal(event.snapshot, said); });
    for await (const event of runner) assert.equal(event.sequence_number, ++last);
    const answer = await runner.finalResponse();
    assert.equal(said, text);
    assert.equal(answer.output_text, text);
    assert.equal(answer.usage.output_tokens, 5);
  },
  async toolsStreamed() {
    const runner = client.responses.stream({ model, input: 'Weather?', tools });
    const answer = await runner.finalResponse();
    assert.deepEqual(calls(answer).map((call) => [call.call_id, JSON.parse(call.arguments).city]), [['call_0', 'Paris'], ['call_1', 'Oslo']]);
  },
  async toolsAnswered() {
    const input = [{ role: 'user', content: 'Weather?' }];
    const asked = await client.responses.create({ model, input, tools });
    input.push(...asked.output, ...calls(asked).map((call) => ({ type: 'function_call_output', call_id: call.call_id, output: 'sun' })));
    const answer = await client.responses.create({ model, input });
    assert.equal(answer.output_text, text);
  },
  async parse() {
    const answer = await client.responses.parse({ model, input: 'Weather?', text: { format } });
    assert.equal(JSON.parse(answer.output_text).city, 'Paris');
    assert.equal(answer.text.format.name, 'w');
  },
  async reasoning() {
    const runner = client.responses.stream({ model: 'thinks', input: 'Hi', reasoning: { effort: 'low', summary: 'auto' } });
    const answer = await runner.finalResponse();
    assert.deepEqual(answer.output.map((item) => item.type), ['reasoning', 'message']);
    assert.equal(answer.output[0].summary[0].text, 'Hm, yes.');
    const again = await client.responses.create({ model, input: [{ role: 'user', content: 'Hi' }, ...answer.output, { role: 'user', content: 'More' }] });
    assert.equal(again.output_text, text);
  },
  async incomplete() {
    const answer = await client.responses.create({ model: 'cuts', input: 'Hi', max_output_tokens: 5 });
    assert.deepEqual([answer.status, answer.incomplete_details.reason], ['incomplete', 'max_output_tokens']);
  },
  async refused() {
    await assert.rejects(client.responses.create({ model, input: 'Hi', previous_response_id: 'resp_1' }), (error) =>
      error instanceof OpenAI.BadRequestError && error.param === 'previous_response_id' && /whole conversation/.test(error.message));
  },
  async errorInStream() {
    const stream = await client.responses.create({ model: 'dies', input: 'Hi', stream: true });
    let said = '';
    await assert.rejects(async () => {
      for await (const event of stream) said += event.type === 'response.output_text.delta' ? event.delta : '';
    }, (error) => error instanceof OpenAI.APIError && Boolean(error.code));
    assert.equal(said, 'Half a');
  },
  async inputTokens() {
    const answer = await client.responses.inputTokens.count({ model: 'counts', input: 'Hello there' });
    assert.equal(answer.object, 'response.input_tokens');
    assert.ok(answer.input_tokens > 0);
  },
  async completions() {
    const answer = await client.completions.create({ model, prompt: 'Once', max_tokens: 20, echo: true });
    assert.equal(answer.object, 'text_completion');
    assert.equal(answer.choices[0].text, 'Once' + text);
    assert.equal(answer.choices[0].finish_reason, 'stop');
  },
  async completionsStreamed() {
    const stream = await client.completions.create({ model, prompt: 'Once', stream: true, stream_options: { include_usage: true } });
    let said = '', usage = null;
    for await (const chunk of stream) {
      said += chunk.choices[0]?.text ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(said, text);
    assert.equal(usage?.total_tokens, 14);
  },
  async functionsOfBefore() {
    const functions = [{ name: 'get_weather', parameters: tools[0].parameters }];
    const answer = await client.chat.completions.create({ model: 'claude', messages: [{ role: 'user', content: 'Weather?' }], functions });
    assert.equal(answer.choices[0].finish_reason, 'function_call');
    assert.equal(JSON.parse(answer.choices[0].message.function_call.arguments).city, 'Paris');
  },
  async overAnthropic() {
    const runner = client.responses.stream({ model: 'claude-thinks', input: 'Hi', reasoning: { effort: 'low' }, max_output_tokens: 4000 });
    const answer = await runner.finalResponse();
    assert.deepEqual(answer.output.map((item) => item.type), ['reasoning', 'message']);
    assert.equal(answer.output_text, 'Claude speaking.');
    assert.ok(answer.output[0].encrypted_content);
    await client.responses.create({ model: 'claude', input: [{ role: 'user', content: 'Hi' }, ...answer.output, { role: 'user', content: 'More' }], max_output_tokens: 4000 });
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

// Drives the gateway with the official ollama package, unmodified, and prints one JSON object: check name -> null or what went wrong.
import { Ollama } from 'ollama';
import assert from 'node:assert/strict';

const [host, apiKey] = process.argv.slice(2);
const sdk = (key = apiKey) => new Ollama({ host, headers: { Authorization: `Bearer ${key}` } });
const client = sdk();
const question = [{ role: 'user', content: 'Hi' }];
const tools = [{
  type: 'function',
  function: { name: 'get_weather', description: 'Weather.', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
}];
const said = { 'gpt-4o': 'Hello from the upstream.', claude: 'Hello from Claude.', native: 'Hello from Ollama.' };

const collect = async (stream) => {
  const all = { content: '', thinking: '', calls: [], lines: 0, last: null };
  for await (const part of stream) {
    assert.equal(part.model, part.model);
    assert.ok(!Number.isNaN(Date.parse(part.created_at)), part.created_at);
    all.content += part.message.content;
    all.thinking += part.message.thinking ?? '';
    all.calls.push(...(part.message.tool_calls ?? []));
    all.lines++;
    all.last = part;
  }
  return all;
};

const figures = (answer) => {
  assert.equal(answer.done, true);
  for (const name of ['total_duration', 'prompt_eval_count', 'prompt_eval_duration', 'eval_count', 'eval_duration']) {
    assert.ok(answer[name] > 0, `${name} is ${answer[name]}`);
  }
};

const checkChat = async (model) => {
  const answer = await client.chat({ model, messages: question });
  assert.equal(answer.message.content, said[model]);
  assert.equal(answer.message.role, 'assistant');
  assert.equal(answer.done_reason, 'stop');
  figures(answer);
};

const checkStream = async (model) => {
  const all = await collect(await client.chat({ model, messages: question, stream: true, options: { temperature: 0.2, num_predict: 50 } }));
  assert.equal(all.content, said[model]);
  assert.ok(all.lines > 2, `${all.lines} lines`);
  assert.equal(all.last.done_reason, 'stop');
  figures(all.last);
};

const checkTools = async (model, cities) => {
  const whole = (await client.chat({ model, messages: question, tools })).message.tool_calls;
  const streamed = (await collect(await client.chat({ model, messages: question, tools, stream: true }))).calls;
  assert.deepEqual(whole.map((call) => call.function.arguments.city), cities);
  assert.deepEqual(streamed, whole);
  assert.equal(whole[0].function.name, 'get_weather');
};

const checkThinking = async (model) => {
  const whole = (await client.chat({ model, messages: question, think: 'high' })).message;
  const streamed = await collect(await client.chat({ model, messages: question, think: 'high', stream: true }));
  assert.equal(whole.thinking, 'A greeting. Answer it.');
  assert.equal(streamed.thinking, whole.thinking);
  assert.equal(streamed.content, whole.content);
};

// The pattern of the package's own examples: the message goes back as it came, results name their tool.
const checkToolLoop = async (model) => {
  const messages = [...question];
  const first = await client.chat({ model, messages, tools, think: 'high' });
  messages.push(first.message);
  for (const call of first.message.tool_calls) messages.push({ role: 'tool', tool_name: call.function.name, content: `${call.function.arguments.city}: 21` });
  const second = await client.chat({ model, messages, tools });
  assert.equal(second.message.content, said.claude);
};

const fails = async (call, status) => {
  try {
    await call();
  } catch (error) {
    assert.equal(error.name, 'ResponseError', `${error?.constructor?.name}: ${error}`);
    assert.equal(error.status_code, status);
    assert.ok(typeof error.error === 'string' && error.error.length > 10, String(error.error));
    return error;
  }
  assert.fail('no error came');
};

const checks = {
  async list() {
    const { models } = await client.list();
    const model = models.find((m) => m.name === 'gpt-4o');
    assert.ok(model, models.map((m) => m.name).join());
    assert.equal(model.details.family, 'openai');
    assert.ok(model.digest && model.modified_at);
  },
  async version() {
    assert.match((await client.version()).version, /^\d+\.\d+\.\d+$/);
  },
  async ps() {
    assert.deepEqual((await client.ps()).models, []);
  },
  async show() {
    const shown = await client.show({ model: 'gpt-4o:latest' });
    assert.ok(shown.capabilities.includes('completion'));
    assert.equal(shown.model_info['openai.context_length'], 128000);
    await fails(() => client.show({ model: 'no-such-model' }), 404);
  },
  chatOverOpenAi: () => checkChat('gpt-4o'),
  chatOverAnthropic: () => checkChat('claude'),
  chatOverOllama: () => checkChat('native'),
  streamOverOpenAi: () => checkStream('gpt-4o'),
  streamOverAnthropic: () => checkStream('claude'),
  streamOverOllama: () => checkStream('native'),
  toolsOverOpenAi: () => checkTools('gpt-4o', ['Paris', 'Oslo']),
  toolsOverAnthropic: () => checkTools('claude', ['Paris', 'Oslo']),
  toolsOverOllama: () => checkTools('native', ['Paris', 'Oslo']),
  thinkingOverOpenAi: () => checkThinking('thinker'),
  thinkingOverAnthropic: () => checkThinking('claude'),
  toolLoopOverAnthropic: () => checkToolLoop('claude'),
  async generate() {
    const whole = await client.generate({ model: 'gpt-4o', prompt: 'Hi', system: 'Be brief.' });
    assert.equal(whole.response, said['gpt-4o']);
    figures(whole);
    let text = '';
    for await (const part of await client.generate({ model: 'claude', prompt: 'Hi', stream: true })) text += part.response;
    assert.equal(text, said.claude);
  },
  async generateWithoutPrompt() {
    const loaded = await client.generate({ model: 'gpt-4o', prompt: '' });
    assert.equal(loaded.done_reason, 'load');
  },
  async format() {
    const { message } = await client.chat({ model: 'gpt-4o', messages: question, format: { type: 'object', properties: { city: { type: 'string' } } } });
    assert.equal(JSON.parse(message.content).city, 'Paris');
  },
  async latestTag() {
    assert.equal((await client.chat({ model: 'gpt-4o:latest', messages: question })).message.content, said['gpt-4o']);
  },
  async embed() {
    const { embeddings, prompt_eval_count } = await client.embed({ model: 'text-embedding-3-small', input: ['a', 'b'] });
    assert.deepEqual(embeddings, [[0.25, -0.5, 0.125, 1], [0.25, -0.5, 0.125, 1]]);
    assert.equal(prompt_eval_count, 8);
  },
  async embedOverOllama() {
    assert.deepEqual((await client.embed({ model: 'native-embed', input: 'a' })).embeddings, [[0.5, 1]]);
  },
  async embeddingsOfOld() {
    assert.deepEqual((await client.embeddings({ model: 'text-embedding-3-small', prompt: 'a' })).embedding, [0.25, -0.5, 0.125, 1]);
  },
  error401: () => fails(() => sdk('sk-wrong').chat({ model: 'gpt-4o', messages: question }), 401),
  error401OfTheList: () => fails(() => sdk('sk-wrong').list(), 401),
  error404: () => fails(() => client.chat({ model: 'no-such-model', messages: question }), 404),
  error404OfTheRoute: () => fails(() => client.create({ model: 'x', from: 'y' }), 404),
  async error404OfTheVendor() {
    assert.match((await fails(() => client.chat({ model: 'not-pulled', messages: question }), 404)).error, /ollama pull/);
  },
  error400: () => fails(() => client.chat({ model: 'refuses-400', messages: question }), 400),
  error429: () => fails(() => client.chat({ model: 'refuses-429', messages: question }), 429),
  errorBeforeTheStream: () => fails(() => client.chat({ model: 'refuses-429', messages: question, stream: true }), 429),
  async errorInStream() {
    for (const model of ['dies', 'native-dies']) {
      let text = '';
      await assert.rejects(async () => {
        for await (const part of await client.chat({ model, messages: question, stream: true })) text += part.message.content;
      }, /broke off|ended its stream|failed|out of memory/);
      assert.equal(text, 'Half a');
    }
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

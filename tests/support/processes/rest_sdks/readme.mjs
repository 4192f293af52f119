// The README's TypeScript examples with the newest @letta-ai/letta-client: prints one line per example.
//     node readme.mjs URL MODEL EMBEDDING
import { Letta } from '@letta-ai/letta-client';

const [url, model, embedding] = process.argv.slice(2);
const client = new Letta({ baseURL: url, apiKey: 'LETTA_API_KEY', maxRetries: 0 });
const tell = (example, seen) => console.log(JSON.stringify([example, seen]));
const refused = async (call) => {
  try {
    await call();
  } catch (error) {
    return error.status;
  }
  return 200;
};

const agentState = await client.agents.create({
  model,
  embedding,
  memory_blocks: [
    { label: 'human', value: "The human's name is Chad. They like vibe coding." },
    { label: 'persona', value: 'My name is Sam, a helpful assistant.' },
  ],
  tools: ['web_search', 'run_code'],
});
const response = await client.agents.messages.create(agentState.id, {
  messages: [{ role: 'user', content: 'Hey, nice to meet you, my name is Brad.' }],
});
tell('hello', response.messages.map((message) => message.message_type));

const shared = await client.blocks.create({ label: 'organization', description: 'Shared.', value: 'Nothing yet.' });
const pair = [];
for (let n = 0; n < 2; n++) {
  const memory_blocks = [{ label: 'persona', value: 'I am one of two' }];
  pair.push(await client.agents.create({ model, embedding, memory_blocks, block_ids: [shared.id] }));
}
tell('shared', pair.map((one) => one.blocks.map((block) => block.label).sort()));
tell('sleep-time', await refused(() => client.agents.create({ model, embedding, enable_sleeptime: true })));
tell('export', await refused(() => client.agents.exportFile(agentState.id)));
const weatherServer = (await client.mcpServers.list()).find((one) => one.server_name === 'weather-server');
const offered = await client.mcpServers.tools.list(weatherServer.id);
const [weather] = offered;
const forecaster = await client.agents.create({ model, embedding, tool_ids: [weather.id] });
const answer = await client.agents.messages.create(forecaster.id, {
  messages: [{ role: 'user', content: 'Use the weather tool to check the forecast' }],
});
const has = forecaster.tools.map((tool) => tool.name).includes(weather.name);
tell('mcp', [offered.map((tool) => tool.name), weather.name, has, answer.messages.at(-1).message_type]);
tell('folders', await refused(() => client.folders.create({ name: 'my_folder', embedding })));

const stream = await client.agents.messages.create(agentState.id, {
  messages: [{ role: 'user', content: 'Run comprehensive analysis on this dataset' }],
  streaming: true,
  stream_tokens: true,
  background: true,
});
const numbered = [];
for await (const chunk of stream) if (chunk.seq_id) numbered.push(chunk);
const resumed = [];
const again = await client.runs.messages.stream(numbered[0].run_id, { starting_after: numbered[0].seq_id });
for await (const chunk of again) if (chunk.seq_id) resumed.push(chunk.seq_id);
tell('resumed', JSON.stringify(resumed) === JSON.stringify(numbered.slice(1).map((chunk) => chunk.seq_id)));

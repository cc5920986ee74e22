// Commands that begin with a slash. They are understood here; the daemon gets none of them, except `/activate`.

export const COMMANDS = [
  { name: 'help', usage: '/help', what: 'list the commands in the events' },
  { name: 'model', usage: '/model', what: 'show provider and model' },
  { name: 'models', usage: '/models', what: 'list known models of the provider' },
  { name: 'models', usage: '/models set <id>', what: 'use another model', completion: '/models set ' },
  { name: 'new', usage: '/new', what: 'create a session and go there' },
  { name: 'compact', usage: '/compact', what: 'go on in a new session that begins with a digest of this one' },
  { name: 'clear', usage: '/clear', what: 'empty the draft' },
  { name: 'sessions', usage: '/sessions', what: 'show the sessions' },
  { name: 'activate', usage: '/activate <id>', what: 'send with the instructions of a skill', completion: '/activate ', passes: true },
];

const NAMES = new Map(COMMANDS.map((command) => [command.name, command]));

// What a draft means: `{kind: 'nothing' | 'chat' | 'command' | 'error', …}`.
export function parseDraft(draft) {
  const text = draft.trim();
  if (text === '') return { kind: 'nothing' };
  if (!text.startsWith('/')) return { kind: 'chat', text };
  if (text.startsWith('//')) return { kind: 'chat', text: text.slice(1) };
  const words = text.slice(1).trim().split(/\s+/);
  const name = words[0].toLowerCase();
  if (name === '') return { kind: 'error', message: 'Which command? /help lists them.' };
  const command = NAMES.get(name);
  if (!command) return { kind: 'error', message: `There is no command /${words[0]}. /help lists them; write // to begin a message with a slash.` };
  if (command.passes) {
    if (words.length < 2) return { kind: 'error', message: `Usage: ${command.usage}` };
    return { kind: 'chat', text };
  }
  const rest = words.slice(1);
  if (name === 'models' && rest.length) {
    if (rest[0].toLowerCase() !== 'set' || rest.length !== 2) return { kind: 'error', message: 'Usage: /models, or /models set <id>' };
    return { kind: 'command', name: 'models', set: rest[1] };
  }
  return { kind: 'command', name };
}

// What could be meant while the name is being written.
export function hintsFor(draft) {
  const match = /^\/([^\s/]*)$/.exec(draft);
  if (!match) return [];
  const begun = match[1].toLowerCase();
  return COMMANDS.filter((command) => command.name.startsWith(begun)).map(({ usage, what, completion }) => ({ usage, what, completion: completion ?? usage }));
}

// True if the draft is a whole command already, so that Enter runs it and completes nothing.
export const isWhole = (draft) => COMMANDS.some(({ usage }) => usage === draft.trim().toLowerCase());

export const helpLines = () => COMMANDS.map(({ usage, what }) => `${usage} - ${what}`);

// --- models

const MODELS = {
  openai: ['gpt-4o-mini', 'gpt-4o', 'gpt-4.1', 'gpt-4.1-mini', 'o4-mini', 'gpt-5', 'gpt-5-mini'],
  anthropic: ['claude-opus-4-1', 'claude-sonnet-4-5', 'claude-haiku-4-5'],
  gemini: ['gemini-2.5-pro', 'gemini-2.5-flash', 'gemini-2.0-flash'],
  mock: ['mock'],
};

// Provider and model as they are effective when the file says nothing.
export function modelOf(config) {
  return { provider: config?.llm?.provider || 'openai', model: config?.llm?.model || 'gpt-4o-mini' };
}

// `llm.models` of the configuration comes first, for nobody else knows what an endpoint of one's own serves.
export function modelsFor(config) {
  const { provider, model } = modelOf(config);
  const own = config?.llm?.models;
  const list = Array.isArray(own) && own.length ? own.filter((id) => typeof id === 'string') : MODELS[provider.toLowerCase()] ?? Object.values(MODELS).flat();
  return [...new Set([...list, model])];
}

export function withModel(config, model) {
  return { ...config, llm: { ...config?.llm, model } };
}

// --- /compact

const LINES = 12;
const CHARACTERS = 180;

// The end of a conversation in a few lines; null if nothing was said.
export function digest(messages) {
  const said = (messages ?? []).filter((m) => m.role !== 'system' && m.content?.trim()).slice(-LINES);
  if (said.length === 0) return null;
  const lines = said.map((m) => {
    const folded = [...m.content.trim().replace(/\s+/g, ' ')];
    return `- ${m.role}: ${folded.length > CHARACTERS ? `${folded.slice(0, CHARACTERS - 1).join('')}…` : folded.join('')}`;
  });
  return `We go on from an earlier conversation. Its end, shortened:\n${lines.join('\n')}`;
}

import { COMMANDS, digest, helpLines, hintsFor, isWhole, modelOf, modelsFor, parseDraft, withModel } from '../app/lib/slash.js';

test('what is no command is sent', () => {
  same(parseDraft('  hi there \n'), { kind: 'chat', text: 'hi there' });
  same(parseDraft('a /new b'), { kind: 'chat', text: 'a /new b' });
  same(parseDraft('//new'), { kind: 'chat', text: '/new' });
  same(parseDraft('///x'), { kind: 'chat', text: '//x' });
  same(parseDraft(' \n '), { kind: 'nothing' });
});

test('commands are understood however they are written', () => {
  for (const name of ['help', 'model', 'models', 'new', 'compact', 'clear', 'sessions']) {
    for (const draft of [`/${name}`, `/${name.toUpperCase()}`, `  /  ${name}  `, `/${name}\n`]) same(parseDraft(draft), { kind: 'command', name });
  }
  same(parseDraft('/models set gpt-4o'), { kind: 'command', name: 'models', set: 'gpt-4o' });
  same(parseDraft('/MODELS  SET  Org/Model:1'), { kind: 'command', name: 'models', set: 'Org/Model:1' });
});

test('what is half a command is an error', () => {
  for (const draft of ['/', ' / ', '/nosuch', '/newer', '/models get', '/models set', '/models set a b', '/activate', '/__proto__', '/constructor']) {
    same([draft, parseDraft(draft).kind], [draft, 'error']);
  }
});

test('a command of the server passes', () => {
  same(parseDraft(' /activate review '), { kind: 'chat', text: '/activate review' });
  same(parseDraft('/Activate review now'), { kind: 'chat', text: '/Activate review now' });
});

test('hints appear while the name is being written', () => {
  const usages = (draft) => hintsFor(draft).map((hint) => hint.usage);
  same(usages('/').length, COMMANDS.length);
  same(usages('/mo'), ['/model', '/models', '/models set <id>']);
  same(usages('/C'), ['/compact', '/clear']);
  same(hintsFor('/models').map((hint) => hint.completion), ['/models', '/models set ']);
  for (const draft of ['', 'x', '//', '//n', '/new ', ' /new', '/models set', '/n\n', '/zzz']) same([draft, usages(draft)], [draft, []]);
  same([isWhole('/model'), isWhole('/MODEL '), isWhole('/mod'), isWhole('/models set ')], [true, true, false, false]);
  same(helpLines()[0], '/help - list the commands in the events');
});

test('models of the provider, or of the configuration', () => {
  same(modelOf({}), { provider: 'openai', model: 'gpt-4o-mini' });
  same(modelOf({ llm: { provider: null, model: null } }), { provider: 'openai', model: 'gpt-4o-mini' });
  same(modelsFor({ llm: { provider: 'mock', model: 'mock' } }), ['mock']);
  same(modelsFor({ llm: { provider: 'Anthropic', model: 'mine' } }).at(-1), 'mine');
  same(modelsFor({ llm: { provider: 'openai', models: ['a', 'b'], model: 'b' } }), ['a', 'b']);
  const all = modelsFor({ llm: { provider: 'other' } });
  for (const id of ['gpt-4o', 'gemini-2.5-pro']) same(all.includes(id), true);
  same(withModel({ server: { port: 1 }, llm: { provider: 'mock', model: 'a' } }, 'b'), { server: { port: 1 }, llm: { provider: 'mock', model: 'b' } });
});

test('a digest is the end of what was said, shortened', () => {
  same(digest([]), null);
  same(digest([{ role: 'system', content: 'x' }, { role: 'user', content: ' \n' }]), null);
  const many = Array.from({ length: 20 }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: `line ${i}\n\n  ${'x'.repeat(300)}` }));
  const lines = digest(many).split('\n').slice(1);
  same(lines.length, 12);
  same(lines[0].startsWith('- user: line 8 xxx'), true);
  for (const line of lines) same([...line.replace(/^- \w+: /, '')].length, 180);
});

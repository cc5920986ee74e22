// Splits one line into words as a POSIX shell would, and nothing more: no expansion, no globbing, no pipes.
// The daemon runs argv directly, so what only a shell understands is reported instead of silently passed on.

const SHELL_ONLY = new Set(['|', '&', ';', '<', '>', '(', ')', '$', '`', '*', '?', '~']);

export function splitArgv(line) {
  const argv = [];
  let word = null;
  let shellish = null;
  let i = 0;
  const add = (text) => { word = (word ?? '') + text; };
  while (i < line.length) {
    const c = line[i];
    if (c === ' ' || c === '\t' || c === '\n') {
      if (word !== null) { argv.push(word); word = null; }
      i += 1;
    } else if (c === "'") {
      const end = line.indexOf("'", i + 1);
      if (end < 0) return { argv, error: "A ' is not closed", shellish };
      add(line.slice(i + 1, end));
      i = end + 1;
    } else if (c === '"') {
      i += 1;
      add('');
      while (i < line.length && line[i] !== '"') {
        if (line[i] === '\\' && '"\\$`'.includes(line[i + 1] ?? ' ')) {
          add(line[i + 1]);
          i += 2;
        } else {
          if (line[i] === '$' || line[i] === '`') shellish ??= line[i];
          add(line[i]);
          i += 1;
        }
      }
      if (i >= line.length) return { argv, error: 'A " is not closed', shellish };
      i += 1;
    } else if (c === '\\') {
      if (i + 1 >= line.length) return { argv, error: 'Nothing follows the last \\', shellish };
      add(line[i + 1]);
      i += 2;
    } else {
      // A tilde means home only at the start of a word.
      if (SHELL_ONLY.has(c) && (c !== '~' || word === null)) shellish ??= c;
      // Assignments before the command are a shell's business as well.
      if (c === '=' && argv.length === 0 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(word ?? '')) shellish ??= '=';
      add(c);
      i += 1;
    }
  }
  if (word !== null) argv.push(word);
  return { argv, error: null, shellish };
}

// The reverse, for showing and copying: quotes only what needs it.
export function joinArgv(argv) {
  return argv.map(quote).join(' ');
}

function quote(word) {
  if (word !== '' && /^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

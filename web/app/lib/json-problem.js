// Where a text stops being JSON. Browsers say it in words of their own, and some do not say where.

// `{line, column, what}`, counted from 1, or null if the text is JSON.
export function jsonProblem(text) {
  let at = 0;
  const fail = (what) => { throw { what }; };
  const blank = () => { while (' \t\n\r'.includes(text[at] ?? 'x')) at += 1; };
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found !== null;
  };
  const string = () => {
    at += 1;
    take(/(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y);
    if (text[at] === '"') at += 1;
    else fail(text[at] === '\\' ? 'this escape is not known' : 'the string is not closed');
  };

  // What is open is kept in a list, so that a deep text is no deep recursion.
  const open = [];
  const key = () => {
    blank();
    if (text[at] !== '"') fail('a key in double quotes is expected');
    string();
    blank();
    if (text[at] !== ':') fail('a colon is expected');
    at += 1;
  };
  const values = () => {
    for (;;) {
      blank();
      const c = text[at];
      if (c === '{' || c === '[') {
        at += 1;
        open.push(c);
        blank();
        if (text[at] !== (c === '{' ? '}' : ']')) {
          if (c === '{') key();
          continue;
        }
      } else if (c === '"') {
        string();
      } else if (!take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y)) {
        fail(at >= text.length ? 'it ends too early' : 'a value is expected');
      }
      for (;;) {
        blank();
        const inside = open.at(-1);
        if (inside === undefined) {
          if (at < text.length) fail('nothing may follow here');
          return;
        }
        if (text[at] === (inside === '{' ? '}' : ']')) {
          open.pop();
          at += 1;
        } else if (text[at] === ',') {
          at += 1;
          if (inside === '{') key();
          break;
        } else {
          fail(at >= text.length ? 'it ends too early' : `a comma or ${inside === '{' ? '}' : ']'} is expected`);
        }
      }
    }
  };

  try {
    values();
    return null;
  } catch (problem) {
    const lines = text.slice(0, at).split('\n');
    return { line: lines.length, column: lines.at(-1).length + 1, what: problem.what };
  }
}

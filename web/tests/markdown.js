import { blocks, GrowingMarkdown, markdown, safeAddress } from '../app/lib/markdown.js';

const renders = (cases) => {
  for (const [text, html] of cases) {
    try { same(markdown(text), html); } catch (error) { throw new Error(`${JSON.stringify(text)}: ${error.message}`); }
  }
};

test('headings, rules and paragraphs', () => renders([
  ['# One\n## Two ##\n###### Six', '<h3>One</h3>\n<h4>Two</h4>\n<h6>Six</h6>'],
  ['#hashtag', '<p>#hashtag</p>'],
  ['a\nb\n\nc', '<p>a<br>\nb</p>\n<p>c</p>'],
  ['---\n* * *', '<hr>\n<hr>'],
  ['', ''],
  ['a\r\nb', '<p>a<br>\nb</p>'],
]));

test('emphasis', () => renders([
  ['*a* **b** ***c*** ~~d~~', '<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> <del>d</del></p>'],
  ['_a_ __b__ snake_case_name 2*3*4', '<p><em>a</em> <strong>b</strong> snake_case_name 2<em>3</em>4</p>'],
  ['**a *b* c**', '<p><strong>a <em>b</em> c</strong></p>'],
  ['2 * 3 * 4, **open', '<p>2 * 3 * 4, **open</p>'],
  ['*a **b*', '<p>*a *<em>b</em></p>'],
  ['**"x"** and **y**.', '<p><strong>&quot;x&quot;</strong> and <strong>y</strong>.</p>'],
  ['\\*a\\*', '<p>*a*</p>'],
]));

test('code inside a line is taken as it is', () => renders([
  ['`a*b*c` ``x`y``', '<p><code>a*b*c</code> <code>x`y</code></p>'],
  ['`<b>` and ` a `', '<p><code>&lt;b&gt;</code> and <code>a</code></p>'],
  ['an open ` one', '<p>an open ` one</p>'],
]));

test('code blocks, also one that has not ended yet', () => renders([
  ['```swift\nlet x = 1 < 2\n```\nafter', '<pre data-language="swift"><code>let x = 1 &lt; 2</code></pre>\n<p>after</p>'],
  ['before\n```\n*not bold*\n\n# not a heading', '<p>before</p>\n<pre><code>*not bold*\n\n# not a heading</code></pre>'],
  ['````\n```\n````', '<pre><code>```</code></pre>'],
  ['~~~ "><script>\nx\n~~~', '<pre><code>x</code></pre>'],
  ['```', '<pre><code></code></pre>'],
  ['    indented\n\n    more\n\nafter', '<pre><code>indented\n\nmore</code></pre>\n<p>after</p>'],
  ['``` `a` ```', '<p><code>`a`</code></p>'],
]));

test('lists', () => renders([
  ['- a\n- b', '<ul><li>a</li><li>b</li></ul>'],
  ['3. a\n4. b', '<ol start="3"><li>a</li><li>b</li></ol>'],
  ['- a\n\n- b', '<ul><li><p>a</p></li><li><p>b</p></li></ul>'],
  ['- a\n  - b\n  - c\n- d', '<ul><li>a\n<ul><li>b</li><li>c</li></ul></li><li>d</li></ul>'],
  ['1. a\n  - b\n2. c', '<ol><li>a\n<ul><li>b</li></ul></li><li>c</li></ol>'],
  ['1. a\n   ```sh\n   ls\n   ```\n2. b', '<ol><li>a\n<pre data-language="sh"><code>ls</code></pre></li><li>b</li></ol>'],
  ['- [ ] open\n- [x] done', '<ul><li>☐ open</li><li>☑ done</li></ul>'],
  ['text\n- a\n\nafter', '<p>text</p>\n<ul><li>a</li></ul>\n<p>after</p>'],
  ['in\n1986. it was', '<p>in<br>\n1986. it was</p>'],
  ['- a\nlazy', '<ul><li>a<br>\nlazy</li></ul>'],
  ['-', '<ul><li></li></ul>'],
]));

test('quotes', () => renders([
  ['> a\n> b\n>\n> c', '<blockquote><p>a<br>\nb</p><p>c</p></blockquote>'],
  ['> - a\n> > b', '<blockquote><ul><li>a</li></ul><blockquote><p>b</p></blockquote></blockquote>'],
]));

test('tables', () => renders([
  ['| a | b |\n|---|--:|\n| 1 | `x\\|y` |\n\nafter', '<table><thead><tr><th>a</th><th align="right">b</th></tr></thead><tbody><tr><td>1</td><td align="right"><code>x|y</code></td></tr></tbody></table>\n<p>after</p>'],
  ['see:\na | b\n:-: | -\n1', '<p>see:</p>\n<table><thead><tr><th align="center">a</th><th>b</th></tr></thead></table>\n<p>1</p>'],
  ['| a | b |\n|---|', '<p>| a | b |<br>\n|---|</p>'],
]));

test('links lead only where links may lead', () => {
  renders([
    ['[a](https://x.y/z "t")', '<p><a href="https://x.y/z" title="t">a</a></p>'],
    ['[*a*](https://x.y/(b))', '<p><a href="https://x.y/(b)"><em>a</em></a></p>'],
    ['see https://x.y/z?a=1&b=2. (https://x.y)', '<p>see <a href="https://x.y/z?a=1&amp;b=2">https://x.y/z?a=1&amp;b=2</a>. (<a href="https://x.y">https://x.y</a>)</p>'],
    ['<https://x.y> <mailto:a@b.c>', '<p><a href="https://x.y">https://x.y</a> <a href="mailto:a@b.c">a@b.c</a></p>'],
    ['![alt](https://x.y/p.png)', '<p><a href="https://x.y/p.png">alt</a></p>'],
    ['[![i](https://a.b/i)](https://a.b/l)', '<p><a href="https://a.b/l"><a href="https://a.b/i">i</a></a></p>'],
    ['[a](b) [a](#/start) [a](//x.y)', '<p>a a a</p>'],
    ['[a] [b] (c) [', '<p>[a] [b] (c) [</p>'],
  ]);
  for (const address of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'java\u0000script:x', 'data:text/html,<script>', 'vbscript:x', 'file:///etc/passwd', '/x', '#x', 'https:x']) {
    same(safeAddress(address), null);
    const html = markdown(`[a](${address}) [b](<${address}>) <${address}>`);
    if (/href/i.test(html)) throw new Error(html);
  }
});

test('what only looks like an address is none', () => {
  same(['blob:https://x', '\u200bhttps://x.y', 'https://x\n.y', 'mailto:'].map(safeAddress), [null, null, null, null]);
});

test('markup in a text is text', () => {
  const evil = '<img src=x onerror=alert(1)><script>alert(1)</script><a href="javascript:alert(1)" style="x">';
  const frames = [(t) => t, (t) => `# ${t}`, (t) => `- ${t}`, (t) => `> ${t}`, (t) => `**${t}**`, (t) => `\`${t}\``, (t) => `\`\`\`${t}\n${t}`, (t) => `| ${t} |\n|---|\n| ${t} |`, (t) => `[${t}](https://x.y "${t}")`, (t) => `[x](https://x.y/${t})`, (t) => `    ${t}`, (t) => `\`\`\`x" onload="alert(1)\n`];
  for (const frame of frames) {
    const html = markdown(frame(evil));
    const tags = html.match(/<[^>]*>/g) ?? [];
    for (const tag of tags) {
      if (!/^<\/a>$|^<\/?(p|br|h[3-6]|ul|ol|li|blockquote|strong|em|del|code|pre|table|thead|tbody|tr|th|td)>$|^<a href="https:\/\/x\.y[^"<>]*"( title="[^"<>]*")?>$|^<pre data-language="[\w+#.-]+">$/.test(tag)) throw new Error(`${tag} in ${html}`);
    }
  }
});

test('a block that is complete stays as it is while more text comes', () => {
  const text = '# Title\n\nSome *text* here.\n\n- a\n- b\n\n```js\nlet a;\n\nlet b;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nThe end.';
  const all = blocks(text);
  for (let cut = 0; cut <= text.length; cut += 1) {
    const part = blocks(text.slice(0, cut)).slice(0, -1);
    same(part, all.slice(0, part.length));
  }
});

test('a text that grows is read as if it had always been whole', () => {
  const pieces = ['# h\n', '\n', 'text ', '*a*', '\n- b\n', '  - c\n', '```\n', 'x\n', '> q\n', '| a | b |\n|---|---|\n', '1. d\n', '    e\n', '\r\n', '\r', '---\n', '~~~ js\n'];
  let seed = 5;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
  for (let round = 0; round < 200; round += 1) {
    const growing = new GrowingMarkdown();
    let text = '';
    for (let n = 0; n < 25; n += 1) {
      text += pieces[random(pieces.length)];
      same([text, growing.blocks(text)], [text, blocks(text)]);
    }
    same(growing.blocks('another\n\ntext'), blocks('another\n\ntext'));
  }
});

test('no text takes long', () => {
  const long = 60_000;
  const nasty = ['*', '_', '**a ', '[', '](', '[a](', '![', '`', '` `` ', '~~', '> ', '- ', '  - ', '| a ', '|-', '<', '<https://', 'https://a(', '\\', '#', '1. ', 'a\n', '\n- a\n\n', '*a_b**c__', '[a](b)', '```\n', '(', '&'];
  for (const piece of nasty) {
    const text = piece.repeat(long / piece.length);
    const from = performance.now();
    markdown(text);
    const took = performance.now() - from;
    if (took > 2000) throw new Error(`${JSON.stringify(piece)} took ${Math.round(took)} ms`);
  }
});

// Markdown as models write it, as pieces of HTML.
//
// A part of CommonMark with tables, strikethrough and bare addresses: headings, lists, quotes, code, emphasis, links.
// HTML in the text is text. A line break is a line break. Underlined headings and reference links are left out, because
// while an answer streams in they would turn what is already on the screen into something else. Pictures become links:
// to load one would tell its server that it was looked at.
//
// Every character comes out escaped, in time proportional to the text. Whoever puts the result into a page sanitises it
// all the same: this file may have mistakes, and then they are only ugly.

const MAX_DEPTH = 12;
const MAX_ADDRESS = 2000;

// The HTML of each block of the text. A block that is complete stays the same when more text follows.
export const blocks = (text) => split(lineFeeds(text).split('\n'), 0);

export const markdown = (text) => blocks(text).join('\n');

// The same for a text that grows: what is complete is not read again.
export class GrowingMarkdown {
  #prefix = ''; // the text of the complete blocks
  #complete = [];

  blocks(text) {
    const whole = lineFeeds(text);
    if (!whole.startsWith(this.#prefix)) {
      this.#prefix = '';
      this.#complete = [];
    }
    const lines = whole.slice(this.#prefix.length).split('\n');
    const begins = [];
    const fresh = split(lines, 0, begins);
    const all = [...this.#complete, ...fresh];
    if (fresh.length > 1) {
      const length = lines.slice(0, begins.at(-1)).reduce((sum, line) => sum + line.length + 1, 0);
      this.#prefix = whole.slice(0, this.#prefix.length + length);
      this.#complete = all.slice(0, -1);
    }
    return all;
  }
}

const lineFeeds = (text) => text.replace(/\r\n?/g, '\n').replaceAll('\0', '\ufffd');

// --- blocks

const FENCE = /^( {0,3})(`{3,}(?=[^`]*$)|~{3,})\s*(\S*)/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*))?$/;
const RULE = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)])(?:( +)(\S.*)?)?$/;
const DELIMITERS = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

const blank = (line) => line.trim() === '';
const indent = (line) => line.length - line.trimStart().length;
const detab = (line) => (line.includes('\t') ? line.replace(/^[ \t]+/, (space) => space.replaceAll('\t', '    ')) : line);

function item(line) {
  const match = ITEM.exec(line);
  if (!match || match[1].length > 3 || RULE.test(line)) return null;
  const [, space, marker, gap = ' ', rest = ''] = match;
  // Five spaces after the marker begin code inside the item.
  const width = space.length + marker.length + (gap.length > 4 ? 1 : gap.length);
  return { base: space.length, width, ordered: /\d/.test(marker), kind: marker.at(-1), number: parseInt(marker, 10), rest: gap.length > 4 ? gap.slice(1) + rest : rest };
}

const begins = (line) => FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line);

// `starts` is given the line at which each block begins.
function split(lines, depth, starts = []) {
  const out = [];
  let i = 0;
  while (i < lines.length) {
    const line = detab(lines[i]);
    let match;
    if (blank(line)) {
      i += 1;
      continue;
    }
    starts.push(i);
    if ((match = FENCE.exec(line))) {
      const [, space, fence, language] = match;
      const close = new RegExp(`^ {0,3}${fence[0]}{${fence.length},}\\s*$`);
      const body = [];
      i += 1;
      while (i < lines.length && !close.test(lines[i])) {
        const raw = lines[i];
        body.push(raw.slice(Math.min(space.length, indent(raw))));
        i += 1;
      }
      // At the end of the text the fence is still open: the answer is on its way, and this is code already.
      i += 1;
      out.push(code(body.join('\n'), language));
    } else if ((match = HEADING.exec(line))) {
      // The page and the conversation have the first two levels.
      const level = Math.min(6, match[1].length + 2);
      out.push(`<h${level}>${inline((match[2] ?? '').replace(/(?:^|[ \t]+)#+[ \t]*$/, '').trim())}</h${level}>`);
      i += 1;
    } else if (RULE.test(line)) {
      out.push('<hr>');
      i += 1;
    } else if (depth < MAX_DEPTH && QUOTE.test(line)) {
      const body = [];
      while (i < lines.length && QUOTE.test(lines[i])) body.push(lines[i++].replace(QUOTE, ''));
      out.push(`<blockquote>${split(body, depth + 1).join('')}</blockquote>`);
    } else if (depth < MAX_DEPTH && item(line)) {
      i = list(lines, i, depth, out);
    } else if (line.startsWith('    ')) {
      const body = [];
      while (i < lines.length && (blank(lines[i]) || detab(lines[i]).startsWith('    '))) body.push(detab(lines[i++]).slice(4));
      while (body.length && blank(body.at(-1))) body.pop();
      out.push(code(body.join('\n'), ''));
    } else if (isTable(lines, i)) {
      i = table(lines, i, out);
    } else {
      const body = [];
      do body.push(lines[i++].trim());
      while (i < lines.length && !blank(lines[i]) && !begins(lines[i]) && !(depth < MAX_DEPTH && interrupts(lines[i])) && !isTable(lines, i));
      out.push(`<p>${inline(body.join('\n'))}</p>`);
    }
  }
  return out;
}

// A number other than 1 in the middle of a paragraph is more likely a sentence that was wrapped.
function interrupts(line) {
  const found = item(detab(line));
  return found !== null && found.rest !== '' && (!found.ordered || found.number === 1);
}

function code(text, language) {
  const name = /^[A-Za-z0-9_+#.-]{1,30}$/.test(language) ? ` data-language="${escape(language)}"` : '';
  return `<pre${name}><code>${escape(text)}</code></pre>`;
}

function list(lines, start, depth, out) {
  const head = item(detab(lines[start]));
  const items = [];
  let i = start;
  let loose = false;
  while (i < lines.length) {
    const mark = item(detab(lines[i]));
    if (!mark || mark.ordered !== head.ordered || mark.kind !== head.kind) break;
    const body = [mark.rest];
    let fence = FENCE.exec(mark.rest)?.[2] ?? null;
    let gap = false;
    i += 1;
    for (; i < lines.length; i += 1) {
      const line = detab(lines[i]);
      if (blank(line)) {
        gap = true;
        body.push('');
        continue;
      }
      const depthOf = indent(line);
      const inner = line.trimStart();
      // Two spaces are enough for a list inside a list, however wide the marker above is: that is how models write.
      const inside = depthOf >= mark.width || (depthOf >= mark.base + 2 && (ITEM.test(inner) || FENCE.test(inner)) && fence === null);
      const lazy = !gap && fence === null && !begins(line) && !item(line) && !blank(body.at(-1));
      if (!inside && !(fence !== null && depthOf > mark.base) && !lazy) break;
      if (gap && inside && fence === null) loose = true;
      body.push(line.slice(Math.min(depthOf, mark.width)));
      const bar = FENCE.exec(body.at(-1))?.[2];
      if (fence === null && bar) fence = bar;
      else if (fence !== null && body.at(-1).trim().startsWith(fence) && body.at(-1).trim() === fence[0].repeat(body.at(-1).trim().length)) fence = null;
      gap = false;
    }
    while (body.length > 1 && blank(body.at(-1))) body.pop();
    items.push(body);
    if (gap && i < lines.length) {
      const next = item(detab(lines[i]));
      if (next && next.ordered === head.ordered && next.kind === head.kind) loose = true;
    }
  }
  const contents = items.map((body) => {
    const task = /^\[([ xX])\][ \t]+/.exec(body[0]);
    if (task) body[0] = body[0].slice(task[0].length);
    const parts = split(body, depth + 1);
    // In a list whose items follow each other closely, their text is no paragraph.
    const text = parts.map((part, n) => (!loose && part.startsWith('<p>') ? part.slice(3, -4) + (n + 1 < parts.length ? '\n' : '') : part)).join('');
    return `<li>${task ? (task[1] === ' ' ? '☐ ' : '☑ ') : ''}${text}</li>`;
  });
  const from = head.ordered && head.number !== 1 ? ` start="${head.number}"` : '';
  out.push(head.ordered ? `<ol${from}>${contents.join('')}</ol>` : `<ul>${contents.join('')}</ul>`);
  return i;
}

function isTable(lines, i) {
  const [head, below] = [lines[i], lines[i + 1]];
  return below !== undefined && head.includes('|') && DELIMITERS.test(below) && cells(head).length === cells(below).length;
}

function cells(line) {
  const out = [];
  let cell = '';
  let text = line.trim();
  if (text.startsWith('|')) text = text.slice(1);
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '\\' && text[i + 1] === '|') { cell += '|'; i += 1; }
    else if (text[i] === '|') { out.push(cell.trim()); cell = ''; }
    else cell += text[i];
  }
  if (cell.trim() !== '' || !text.endsWith('|')) out.push(cell.trim());
  return out;
}

function table(lines, start, out) {
  const sides = cells(lines[start + 1]).map((cell) => (cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'right') : ''));
  const row = (tag, line) => {
    const found = cells(line);
    return `<tr>${sides.map((side, n) => `<${tag}${side ? ` align="${side}"` : ''}>${inline(found[n] ?? '')}</${tag}>`).join('')}</tr>`;
  };
  const head = row('th', lines[start]);
  const body = [];
  let i = start + 2;
  while (i < lines.length && !blank(lines[i]) && lines[i].includes('|') && !begins(lines[i])) body.push(row('td', lines[i++]));
  out.push(`<table><thead>${head}</thead>${body.length ? `<tbody>${body.join('')}</tbody>` : ''}</table>`);
  return i;
}

// --- what stands inside a line

const ESCAPED = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text) => text.replace(/[&<>"']/g, (c) => ESCAPED[c]);
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const isMark = (c) => /[\p{P}\p{S}]/u.test(c);
const isSpace = (c) => c === '' || /\s/.test(c);

// An address that may be followed, or null. Control characters and blanks hide schemes from a careless look.
export function safeAddress(address) {
  const clean = address.replace(/[\u0000-\u0020\u007f-\u009f\u200b-\u200f\u2028-\u202e]/g, '');
  return clean === address && /^(?:https?:\/\/[^/]|mailto:[^?]+@)/i.test(clean) ? clean : null;
}

function anchor(address, html, title = '') {
  const safe = safeAddress(address);
  return safe === null ? html : `<a href="${escape(safe)}"${title ? ` title="${escape(title)}"` : ''}>${html}</a>`;
}

export function inline(text) {
  const runs = backticks(text);
  let patience = 100_000; // characters that may be looked at for addresses that turn out to be none
  const nodes = []; // `{html}`, or `{mark, count, opens, closes}` for a run of * _ or ~, or `{bracket, image}`
  const brackets = []; // indices of brackets that may begin a link
  let plain = '';
  const flush = () => {
    if (plain) nodes.push({ html: escape(plain).replaceAll('\n', '<br>\n') });
    plain = '';
  };
  let i = 0;
  while (i < text.length) {
    const c = text[i];
    let match;
    if (c === '\\' && PUNCTUATION.test(text[i + 1] ?? '')) {
      plain += text[i + 1];
      i += 2;
    } else if (c === '`') {
      const [length, end] = runs.get(i);
      if (end < 0) {
        plain += '`'.repeat(length);
        i += length;
      } else {
        flush();
        let body = text.slice(i + length, end).replaceAll('\n', ' ');
        if (body.startsWith(' ') && body.endsWith(' ') && body.trim()) body = body.slice(1, -1);
        nodes.push({ html: `<code>${escape(body)}</code>` });
        i = end + length;
      }
    } else if (c === '<' && (match = at(/<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/iy, text, i))) {
      flush();
      nodes.push({ html: anchor(match[1], escape(match[1].replace(/^mailto:/i, ''))) });
      i += match[0].length;
    } else if ((c === 'h' || c === 'H') && !/[\p{L}\p{N}]/u.test(text[i - 1] ?? '') && brackets.length === 0 && (match = at(/https?:\/\/[^\s<>`]{1,2000}/iy, text, i))) {
      const address = trimmed(match[0]);
      flush();
      nodes.push({ html: anchor(address, escape(address)) });
      i += address.length;
    } else if (c === '*' || c === '_' || c === '~') {
      let end = i;
      while (text[end] === c) end += 1;
      flush();
      nodes.push(run(c, end - i, text, i, end));
      i = end;
    } else if (c === '[' || (c === '!' && text[i + 1] === '[')) {
      flush();
      brackets.push(nodes.length);
      nodes.push({ bracket: c === '!' ? '![' : '[', image: c === '!', dead: false });
      i += c === '!' ? 2 : 1;
    } else if (c === ']' && brackets.length) {
      flush();
      const from = brackets.pop();
      const opener = nodes[from];
      const target = opener.dead || patience < 0 ? null : destination(text, i + 1);
      if (!target && text[i + 1] === '(') patience -= MAX_ADDRESS;
      if (target) {
        const inner = nodes.splice(from).slice(1);
        const html = render(inner);
        nodes.push({ html: anchor(target.address, html || escape(target.address), target.title) });
        // A link cannot hold another.
        if (!opener.image) {
          for (let n = brackets.length - 1; n >= 0 && !nodes[brackets[n]].dead; n -= 1) nodes[brackets[n]].dead = !nodes[brackets[n]].image;
        }
        i = target.end;
      } else {
        plain += ']';
        i += 1;
      }
    } else {
      const next = /[\\`<hH*_~[\]!]/g;
      next.lastIndex = i + 1;
      const end = next.exec(text)?.index ?? text.length;
      plain += text.slice(i, end);
      i = end;
    }
  }
  flush();
  return render(nodes);
}

function at(pattern, text, i) {
  pattern.lastIndex = i;
  return pattern.exec(text);
}

// Where each run of backticks begins, how long it is, and where the next one of the same length is; -1 if there is none.
function backticks(text) {
  const found = [...text.matchAll(/`+/g)];
  const next = new Map();
  const out = new Map();
  for (const match of found.reverse()) {
    const length = match[0].length;
    out.set(match.index, [length, next.get(length) ?? -1]);
    next.set(length, match.index);
  }
  return out;
}

// A bare address ends before the punctuation of the sentence it stands in.
function trimmed(address) {
  let end = address.length;
  let open = 0;
  for (const c of address) open += c === '(' ? 1 : c === ')' ? -1 : 0;
  for (;;) {
    const c = address[end - 1];
    if (/[.,:;!?'"*_~\]}|]/.test(c)) end -= 1;
    else if (c === ')' && open < 0) { end -= 1; open += 1; }
    else return address.slice(0, end);
  }
}

// `(address "title")` after a bracket.
function destination(text, from) {
  if (text[from] !== '(') return null;
  const limit = Math.min(text.length, from + MAX_ADDRESS);
  let i = from + 1;
  while (i < limit && isSpace(text[i])) i += 1;
  let address = '';
  if (text[i] === '<') {
    const end = text.indexOf('>', i);
    if (end < 0 || end > limit) return null;
    address = text.slice(i + 1, end);
    i = end + 1;
  } else {
    let open = 0;
    for (; i < limit && !isSpace(text[i]); i += 1) {
      if (text[i] === '(') open += 1;
      else if (text[i] === ')' && open-- === 0) break;
      if (text[i] === '\\' && PUNCTUATION.test(text[i + 1] ?? '')) i += 1;
      address += text[i];
    }
  }
  while (i < limit && isSpace(text[i])) i += 1;
  let title = '';
  if (text[i] === '"' || text[i] === "'") {
    const end = text.indexOf(text[i], i + 1);
    if (end < 0 || end > limit) return null;
    title = text.slice(i + 1, end);
    i = end + 1;
    while (i < limit && isSpace(text[i])) i += 1;
  }
  return text[i] === ')' && i < limit ? { address, title, end: i + 1 } : null;
}

function run(mark, count, text, from, to) {
  const before = text[from - 1] ?? '';
  const after = text[to] ?? '';
  const left = !isSpace(after) && (!isMark(after) || isSpace(before) || isMark(before));
  const right = !isSpace(before) && (!isMark(before) || isSpace(after) || isMark(after));
  // Underscores inside words are part of names.
  const opens = mark === '_' ? left && (!right || isMark(before)) : left;
  const closes = mark === '_' ? right && (!left || isMark(after)) : right;
  return { mark, count, opens, closes, left: '', right: '' };
}

// Pairs the marks of emphasis, from the inside out, and joins everything.
function render(nodes) {
  const openers = []; // indices of runs that can open, oldest first
  const bottoms = new Map(); // below this height no opener for such a closer was found before
  nodes.forEach((node, index) => {
    if (!node.mark) return;
    if (node.closes) {
      const wanted = `${node.mark}${node.opens}${node.count % 3}`;
      let height = openers.length - 1;
      while (node.count > 0 && height >= (bottoms.get(wanted) ?? 0)) {
        const opener = nodes[openers[height]];
        const fits = opener.mark === node.mark && opener.count > 0
          && !((opener.closes || node.opens) && (opener.count + node.count) % 3 === 0 && (opener.count % 3 !== 0 || node.count % 3 !== 0))
          && (node.mark !== '~' || (opener.count === node.count && node.count <= 2));
        if (!fits) {
          height -= 1;
          continue;
        }
        const size = node.mark === '~' ? node.count : Math.min(2, opener.count, node.count);
        const tag = node.mark === '~' ? 'del' : size === 2 ? 'strong' : 'em';
        opener.right = `<${tag}>${opener.right}`;
        node.left += `</${tag}>`;
        opener.count -= size;
        node.count -= size;
        openers.length = opener.count > 0 ? height + 1 : height;
        height = openers.length - 1;
      }
      if (node.count > 0) bottoms.set(wanted, openers.length);
      for (const [key, value] of bottoms) if (value > openers.length) bottoms.set(key, openers.length);
    }
    if (node.opens && node.count > 0) openers.push(index);
  });
  return nodes.map((node) => {
    if (node.html !== undefined) return node.html;
    if (node.bracket) return node.bracket;
    // What closes comes before what is left over, what opens after it.
    return node.left + node.mark.repeat(node.count) + node.right;
  }).join('');
}

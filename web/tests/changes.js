import { jsonProblem } from '../app/lib/json-problem.js';
import { changes, diffLines } from '../app/lib/line-diff.js';
import { sha256 } from '../app/lib/sha256.js';

const marks = { same: ' ', removed: '-', added: '+' };
const shown = (a, b) => diffLines(a, b).map((line) => marks[line.kind] + line.text);

// Both sides can be read back from it, and the numbers are right.
function holds(a, b) {
  const diff = diffLines(a, b);
  same(diff.filter((l) => l.kind !== 'added').map((l) => l.text).join('\n'), a);
  same(diff.filter((l) => l.kind !== 'removed').map((l) => l.text).join('\n'), b);
  same(diff.filter((l) => l.before !== null).map((l) => l.before), a.split('\n').map((_, i) => i + 1));
  same(diff.filter((l) => l.after !== null).map((l) => l.after), b.split('\n').map((_, i) => i + 1));
  return diff;
}

test('a changed line is one taken away and one added', () => {
  same(shown('a\nb\nc', 'a\nB\nc'), [' a', '-b', '+B', ' c']);
  same(shown('a', 'a'), [' a']);
  same(shown('', 'a'), ['-', '+a']);
  same(shown('a\nc', 'a\nb\nc'), [' a', '+b', ' c']);
  same(shown('a\nb\nc\na\nb\nb\na', 'c\nb\na\nb\na\nc').filter((l) => l[0] !== ' ').length, 5);
});

test('a difference leads from one text to the other', () => {
  let seed = 3;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
  for (let round = 0; round < 300; round += 1) {
    const text = () => Array.from({ length: random(12) }, () => 'abc'[random(3)]).join('\n');
    holds(text(), text());
  }
  const long = (word) => Array.from({ length: 3000 }, (_, i) => `${word} ${i}`).join('\n');
  same(holds(long('x'), long('y')).length, 6000);
});

test('only what changes is shown, with its surroundings', () => {
  const before = Array.from({ length: 40 }, (_, i) => `line ${i}`);
  const after = before.map((line, i) => (i === 5 || i === 30 ? 'new' : line));
  const parts = changes(diffLines(before.join('\n'), after.join('\n')), 2);
  same(parts.map((line) => (line ? marks[line.kind] + line.text : '…')), ['…', ' line 3', ' line 4', '-line 5', '+new', ' line 6', ' line 7', '…', ' line 28', ' line 29', '-line 30', '+new', ' line 31', ' line 32', '…']);
  same(changes(diffLines('a', 'a')), []);
});

test('hashes are those of FIPS 180-4', () => {
  same(sha256(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  same(sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  same(sha256('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
  same(sha256('a'.repeat(1_000_000)), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
});

test('hashes are those of the browser at every length', async () => {
  if (!globalThis.crypto?.subtle) return;
  for (let n = 0; n < 140; n += 1) {
    const text = 'ü'.repeat(n >> 1) + 'x'.repeat(n & 1);
    const theirs = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
    same(sha256(text), [...theirs].map((b) => b.toString(16).padStart(2, '0')).join(''));
  }
});

test('a text that is no JSON is told with its place', () => {
  const place = (text) => { const p = jsonProblem(text); return p && [p.line, p.column, p.what]; };
  const cases = [
    ['', [1, 1, 'it ends too early']],
    ['{"a": ,}', [1, 7, 'a value is expected']],
    ['{\n  "a": 1,\n}', [3, 1, 'a key in double quotes is expected']],
    ['{"a" 1}', [1, 6, 'a colon is expected']],
    ['[1 2]', [1, 4, 'a comma or ] is expected']],
    ['{"a": 1', [1, 8, 'it ends too early']],
    ['{"a": "x\ny"}', [1, 9, 'the string is not closed']],
    ['"\\x"', [1, 2, 'this escape is not known']],
    ['1 2', [1, 3, 'nothing may follow here']],
    ['[01]', [1, 3, 'a comma or ] is expected']],
    ["{'a': 1}", [1, 2, 'a key in double quotes is expected']],
    ['// x', [1, 1, 'a value is expected']],
  ];
  for (const [text, expected] of cases) same([text, place(text)], [text, expected]);
  same(jsonProblem('[['.repeat(50_000) + ']]'.repeat(50_000)), null);
});

test('exactly what the browser takes for JSON is JSON here', () => {
  let seed = 11;
  const random = (n) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % n;
  const pieces = ['{', '}', '[', ']', ',', ':', '"a"', '"', '1', '-0', '1.5e3', '0', '.', 'true', 'null', ' ', '\n', '\\u00e9', '\\', '\t'];
  const base = ['{"a":[1,{"b":null}],"c":"d"}', '[]', '{}', '[true,false]', '"x"', '-1.5E+2'];
  for (let round = 0; round < 4000; round += 1) {
    let text = base[random(base.length)];
    for (let n = random(3); n > 0; n -= 1) {
      const at = random(text.length + 1);
      text = text.slice(0, at) + pieces[random(pieces.length)] + text.slice(at + random(2));
    }
    let valid = true;
    try { JSON.parse(text); } catch { valid = false; }
    same([text, jsonProblem(text) === null], [text, valid]);
  }
});

// What changes from one text to another, line by line.

const TOO_DIFFERENT = 1500;

// Lines in order, each `{kind: 'same' | 'removed' | 'added', text, before, after}` with line numbers from 1.
export function diffLines(before, after) {
  const a = before.split('\n');
  const b = after.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;

  const out = [];
  const same = (i, j) => out.push({ kind: 'same', text: a[i], before: i + 1, after: j + 1 });
  for (let i = 0; i < head; i += 1) same(i, i);
  for (const [kind, i, j] of middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail))) {
    if (kind === 'same') same(head + i, head + j);
    else if (kind === 'removed') out.push({ kind, text: a[head + i], before: head + i + 1, after: null });
    else out.push({ kind, text: b[head + j], before: null, after: head + j + 1 });
  }
  for (let t = tail; t > 0; t -= 1) same(a.length - t, b.length - t);
  return out;
}

// Myers' greedy search for the shortest way from one list to the other. Where they have little in common it would take
// long and tell nobody anything, so then everything is replaced.
function middle(a, b) {
  const replaced = () => [...a.map((_, i) => ['removed', i, 0]), ...b.map((_, j) => ['added', 0, j])];
  if (a.length === 0 || b.length === 0) return replaced();
  const furthest = new Map([[1, 0]]);
  const trace = [];
  for (let d = 0; d <= Math.min(a.length + b.length, TOO_DIFFERENT); d += 1) {
    trace.push(new Map(furthest));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && furthest.get(k - 1) < furthest.get(k + 1));
      let x = down ? furthest.get(k + 1) : furthest.get(k - 1) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) { x += 1; y += 1; }
      furthest.set(k, x);
      if (x >= a.length && y >= b.length) return walkBack(trace, a.length, b.length);
    }
  }
  return replaced();
}

function walkBack(trace, x, y) {
  const steps = [];
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const furthest = trace[d];
    const k = x - y;
    const down = k === -d || (k !== d && furthest.get(k - 1) < furthest.get(k + 1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = furthest.get(fromK);
    const fromY = fromX - fromK;
    while (x > fromX && y > fromY && x > 0 && y > 0) { x -= 1; y -= 1; steps.push(['same', x, y]); }
    if (d === 0) break;
    if (down) steps.push(['added', x, y - 1]);
    else steps.push(['removed', x - 1, y]);
    x = fromX;
    y = fromY;
  }
  return steps.reverse();
}

// The changes with some lines around them; `null` stands where lines were left out.
export function changes(diff, around = 3) {
  const near = new Array(diff.length).fill(false);
  diff.forEach((line, i) => {
    if (line.kind === 'same') return;
    for (let n = Math.max(0, i - around); n <= Math.min(diff.length - 1, i + around); n += 1) near[n] = true;
  });
  const out = [];
  let left = false;
  diff.forEach((line, i) => {
    if (near[i]) {
      if (left) out.push(null);
      left = false;
      out.push(line);
    } else {
      left = true;
    }
  });
  if (left && out.length) out.push(null);
  return out;
}

// Runs every test and reports in the title: "N passed, M failed". Serve the folder web/ and open tests/ in a browser.

const tests = [];
globalThis.test = (name, fn) => tests.push([name, fn]);
globalThis.same = (actual, expected) => {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) throw new Error(`expected ${e}\n       got ${a}`);
};

await import('./logic.js');
await import('./output-stream.js');
for (const part of ['event-stream', 'markdown', 'slash', 'transcript', 'changes', 'sessions']) await import(`./${part}.js`);

let failed = 0;
const lines = [];
for (const [name, fn] of tests) {
  try {
    await fn();
    lines.push(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    lines.push(`FAILED  ${name}\n       ${error.message}`);
  }
}
const title = `${tests.length - failed} passed, ${failed} failed`;
if (typeof document === 'undefined') console.log([...lines, title].join('\n'));
else {
  document.getElementById('report').textContent = lines.join('\n');
  document.title = title;
}

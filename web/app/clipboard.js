// Copying also works where the browser's clipboard interface is missing, as on plain HTTP from another machine.

import { toast } from './notices.js';

export async function copy(text, what) {
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'offscreen';
    document.body.append(area);
    area.select();
    done = document.execCommand('copy');
    area.remove();
  }
  toast(done ? { title: `${what} copied`, text } : { tone: 'warn', title: 'Could not copy', text });
}

// What terminals send for keys that a phone's keyboard lacks.

const ARROWS = { up: 'A', down: 'B', right: 'C', left: 'D' };

export function arrow(direction, applicationMode) {
  return `\x1b${applicationMode ? 'O' : '['}${ARROWS[direction]}`;
}

// Ctrl held with a character; characters that have no control code pass as they are.
export function ctrl(text) {
  if (text.length !== 1) return text;
  if (text === ' ' || text === '@') return '\0';
  if (text === '?') return '\x7f';
  const code = text.toUpperCase().charCodeAt(0);
  return code >= 0x41 && code <= 0x5f ? String.fromCharCode(code - 0x40) : text;
}

// The terminal's colours in the dark and in the light.

export const dark = matchMedia('(prefers-color-scheme: dark)');

const DARK = {
  background: '#0b0d11', foreground: '#d6dae2', cursor: '#e8eaf0', cursorAccent: '#0b0d11', selectionBackground: '#33467c', selectionInactiveBackground: '#2a3350',
  black: '#2a2f3a', red: '#f2777a', green: '#6fcf97', yellow: '#e6c07b', blue: '#7aa2f7', magenta: '#c792ea', cyan: '#6cd0e0', white: '#c8cdd8',
  brightBlack: '#737c8f', brightRed: '#ff9494', brightGreen: '#8ee6b0', brightYellow: '#ffd88a', brightBlue: '#9dbbff', brightMagenta: '#dcb0ff', brightCyan: '#93e6f2', brightWhite: '#f4f6fa',
};

const LIGHT = {
  background: '#ffffff', foreground: '#1f2430', cursor: '#1f2430', cursorAccent: '#ffffff', selectionBackground: '#b9ccff', selectionInactiveBackground: '#dbe4fb',
  black: '#1f2430', red: '#c2293a', green: '#1c7c46', yellow: '#8d6100', blue: '#2b57d3', magenta: '#8b3fb8', cyan: '#0e7484', white: '#5a6272',
  brightBlack: '#6b7385', brightRed: '#d83a4a', brightGreen: '#268f56', brightYellow: '#a47200', brightBlue: '#3d69e6', brightMagenta: '#a04fd0', brightCyan: '#16889a', brightWhite: '#30384a',
};

// Programs choose their colours for a dark background. In the light the emulator darkens what could not be read.
export function themeFor(isDark) {
  return { theme: isDark ? DARK : LIGHT, minimumContrastRatio: isDark ? 1 : 4.5 };
}

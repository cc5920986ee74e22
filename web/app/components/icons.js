// Icons as SVG elements. State icons differ in shape, so that they tell without colour.

import { h } from '/vendor/vue.js';

const line = (d) => h('path', { d, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.6, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' });
const solid = (d) => h('path', { d, fill: 'currentColor' });
const ring = () => h('circle', { cx: 8, cy: 8, r: 5.6, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.6 });

const SHAPES = {
  ring: () => [ring()],
  quarter: () => [ring(), solid('M8 8V4.6A3.4 3.4 0 0 1 11.4 8z')],
  half: () => [ring(), solid('M8 4.6a3.4 3.4 0 0 1 0 6.8z')],
  play: () => [h('circle', { cx: 8, cy: 8, r: 6.4, fill: 'currentColor' }), h('path', { class: 'knock', d: 'M6.6 5.3v5.4L11 8z' })],
  diamond: () => [solid('M8 .9 15.1 8 8 15.1.9 8z'), h('path', { class: 'knock-line', d: 'M8 4.8v3.6M8 10.9v.1', fill: 'none', 'stroke-width': 1.7, 'stroke-linecap': 'round' })],
  pause: () => [ring(), line('M6.4 6v4M9.6 6v4')],
  stop: () => [ring(), solid('M6 6h4v4H6z')],
  check: () => [ring(), line('M5.6 8.2 7.3 10l3.2-3.8')],
  cross: () => [h('rect', { x: 1.8, y: 1.8, width: 12.4, height: 12.4, rx: 3, fill: 'currentColor' }), h('path', { class: 'knock-line', d: 'M5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6', fill: 'none', 'stroke-width': 1.7, 'stroke-linecap': 'round' })],
  logo: () => [line('M2.5 3.5 7 8l-4.5 4.5M8.5 12.5h5')],
  plus: () => [line('M8 3v10M3 8h10')],
  back: () => [line('M9.8 3.2 5 8l4.8 4.8')],
  copy: () => [line('M5.5 5.5h7v8h-7zM3.5 10.5v-8h7')],
  download: () => [line('M8 2.5v8M4.8 7.6 8 10.8l3.2-3.2M3 13.5h10')],
  bell: () => [line('M4 11.2V7.3a4 4 0 0 1 8 0v3.9l1 1H3zM6.8 13.8h2.4')],
  flask: () => [line('M6.4 2.5h3.2M7 2.5v4L3.4 12.4c-.4.7 0 1.4.8 1.4h7.6c.8 0 1.2-.7.8-1.4L9 6.5v-4')],
  hand: () => [line('M8 2.2 13.8 8 8 13.8 2.2 8zM8 5.2v3.4M8 10.6v.1')],
  search: () => [h('circle', { cx: 7, cy: 7, r: 4.2, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.6 }), line('M10.2 10.2 13.5 13.5')],
  close: () => [line('M4 4l8 8M12 4l-8 8')],
  info: () => [ring(), line('M8 7.6v3M8 5.3v.1')],
  send: () => [line('M8 13V3.5M3.8 7.4 8 3.2l4.2 4.2')],
  down: () => [line('M8 3v10M3.8 8.8 8 13l4.2-4.2')],
  reload: () => [line('M13 8a5 5 0 1 1-1.6-3.7M13 2.6v2.6h-2.6')],
  trash: () => [line('M3 4.5h10M6.5 4V2.7h3V4M4.4 4.5l.6 8.8h6l.6-8.8')],
  chevron: () => [line('M6.2 3.8 10.4 8l-4.2 4.2')],
  fit: () => [line('M6 2.5H2.5V6M10 2.5h3.5V6M6 13.5H2.5V10M10 13.5h3.5V10')],
};

export function icon(name, extra = '') {
  return h('svg', { class: `icon ${extra}`, viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' }, (SHAPES[name] ?? SHAPES.ring)());
}

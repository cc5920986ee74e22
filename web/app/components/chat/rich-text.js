// Markdown on the page: rendered, sanitised, and put in block by block, so that what is complete stays in place while the
// rest of an answer streams in.

import DOMPurify from '/vendor/dompurify.js';
import { computed, h, onMounted, ref, watch } from '/vendor/vue.js';
import { copy } from '../../clipboard.js';
import { GrowingMarkdown } from '../../lib/markdown.js';

const RULES = {
  ALLOWED_TAGS: ['p', 'br', 'hr', 'h3', 'h4', 'h5', 'h6', 'ul', 'ol', 'li', 'blockquote', 'strong', 'em', 'del', 'code', 'pre', 'a', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ALLOWED_ATTR: ['href', 'title', 'start', 'align', 'data-language'],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  // Whose values are no addresses, and are not held against the pattern below.
  ADD_URI_SAFE_ATTR: ['title', 'start', 'align', 'data-language'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i,
  RETURN_DOM_FRAGMENT: true,
};

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

// What is left of the markup, as nodes.
export const sanitised = (html) => DOMPurify.sanitize(html, RULES);

function fragment(html) {
  const content = sanitised(html);
  for (const link of content.querySelectorAll('a')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
  }
  for (const table of content.querySelectorAll('table')) {
    const frame = make('div', 'table-frame');
    frame.tabIndex = 0;
    frame.setAttribute('role', 'region');
    frame.setAttribute('aria-label', 'Table');
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const pre of content.querySelectorAll('pre')) {
    const button = make('button', 'button small quiet', 'Copy');
    button.type = 'button';
    button.addEventListener('click', () => copy(pre.textContent, 'Code'));
    pre.tabIndex = 0;
    const frame = make('div', 'code-block', make('div', 'code-head', make('span', 'faint', pre.dataset.language ?? ''), button));
    pre.replaceWith(frame);
    frame.append(pre);
  }
  return content;
}

const Block = {
  props: { html: String },
  setup(props) {
    const place = ref(null);
    const show = () => {
      const next = fragment(props.html);
      const [old, fresh] = [place.value.querySelectorAll('pre'), next.querySelectorAll('pre')];
      // A code block that grows keeps its element, and with it the selection, the scroll position and the focus of its button.
      if (old.length === 1 && fresh.length === 1 && next.childElementCount === 1 && next.firstElementChild.className === 'code-block'
        && place.value.firstElementChild?.className === 'code-block' && old[0].dataset.language === fresh[0].dataset.language) {
        const [was, is] = [old[0].textContent, fresh[0].textContent];
        const node = old[0].firstElementChild?.firstChild;
        if (is.startsWith(was) && node?.nodeType === Node.TEXT_NODE) node.appendData(is.slice(was.length));
        else old[0].replaceChildren(...fresh[0].childNodes);
        return;
      }
      place.value.replaceChildren(next);
    };
    onMounted(show);
    watch(() => props.html, show, { flush: 'post' });
    return () => h('div', { ref: place, class: 'rich-block' });
  },
};

export const RichText = {
  props: { text: String },
  setup(props) {
    const growing = new GrowingMarkdown();
    const parts = computed(() => growing.blocks(props.text));
    return () => h('div', { class: 'rich' }, parts.value.map((html, i) => h(Block, { key: i, html })));
  },
};

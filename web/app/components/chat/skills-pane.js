// What the agent can be taught for one message, by `/activate`.

import { h, onMounted, reactive } from '/vendor/vue.js';
import * as client from '../../chat/client.js';
import { RichText } from './rich-text.js';

const view = reactive({ items: null, text: null, open: null, bodies: {} });

async function load() {
  view.text = null;
  try {
    view.items = await client.skills();
  } catch (error) {
    view.items = [];
    view.text = error.status === 404 ? 'This daemon offers no skills.' : error.message;
  }
}

async function toggle(event, skill) {
  if (!event.target.open || view.bodies[skill.id] !== undefined) return;
  try {
    view.bodies[skill.id] = (await client.skill(skill.id)).body;
  } catch (error) {
    view.bodies[skill.id] = error.message;
  }
}

export const SkillsPane = {
  emits: ['use'],
  setup(props, { emit }) {
    onMounted(load);
    return () => h('div', { class: 'pane-body' }, view.items === null ? h('p', { class: 'none' }, 'Loading…') : view.items.length === 0 ? h('p', { class: 'none' }, view.text ?? 'No skills are installed.') : view.items.map((skill) => h('details', { key: skill.id, class: 'tool', onToggle: (event) => toggle(event, skill) }, [
      h('summary', [h('span', { class: 'grow' }, [h('strong', skill.name ?? skill.id), h('span', { class: 'skill-what faint' }, skill.description)])]),
      h('div', { class: 'tool-body' }, [
        h('button', { class: 'button small', type: 'button', onClick: () => emit('use', skill.id) }, `/activate ${skill.id}`),
        view.bodies[skill.id] === undefined ? h('p', { class: 'none' }, 'Loading…') : h(RichText, { text: view.bodies[skill.id] }),
      ]),
    ])));
  },
};

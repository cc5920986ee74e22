// Talking to the daemon's own agent: sessions, the conversation, and beside it what happens and how it is configured.

import { computed, h, nextTick, onBeforeUnmount, onMounted, reactive, watch } from '/vendor/vue.js';
import { config, model, models, reload, useModel } from '../chat/config.js';
import { chat, checkHealth, conversations, create, list, load, loadList, NEW, note, say, send, setDraft, turns, watchList } from '../chat/state.js';
import { Composer } from '../components/chat/composer.js';
import { ConfigPane } from '../components/chat/config-pane.js';
import { Conversation } from '../components/chat/conversation.js';
import { EventsPane } from '../components/chat/events-pane.js';
import { SessionRail } from '../components/chat/session-rail.js';
import { SkillsPane } from '../components/chat/skills-pane.js';
import { icon } from '../components/icons.js';
import { digest, helpLines, parseDraft } from '../lib/slash.js';
import { connection } from '../live.js';
import { toast } from '../notices.js';
import { to } from '../router.js';

const WIDE = '(min-width: 980px)';
const HEALTH_MS = 30_000;
const PANES = [['chat', 'Chat'], ['sessions', 'Sessions'], ['events', 'Events'], ['config', 'Config'], ['skills', 'Skills']];
const SIDES = PANES.slice(2);

// Kept while one looks elsewhere.
const view = reactive({ mode: 'desktop', pane: 'chat', side: 'events', problem: null });

export const ChatView = {
  props: { id: String },
  setup(props) {
    const key = computed(() => props.id ?? NEW);
    const wide = matchMedia(WIDE);
    const arrange = () => {
      const mode = wide.matches ? 'desktop' : 'mobile';
      if (mode === 'desktop' && view.mode !== 'desktop') view.pane = 'chat';
      view.mode = mode;
    };
    arrange();

    // iOS lays its keyboard over the page without making it smaller; this is the part that can be seen.
    const fitKeyboard = () => {
      const seen = window.visualViewport;
      if (seen) document.documentElement.style.setProperty('--seen', `${Math.round(seen.height)}px`);
    };

    // Without an id one comes back to where one was.
    const place = () => {
      if (props.id) chat.last = props.id;
      else if (chat.last && !turns.has(NEW)) location.replace(to.chat(chat.last));
    };
    const open = async () => {
      place();
      view.problem = null;
      if (props.id && !turns.has(props.id)) await load(props.id);
    };
    watch(() => props.id, open);
    watch(() => connection.phase, (phase, before) => {
      if (phase !== 'live' || before === 'live') return;
      checkHealth();
      loadList({ quiet: true });
      if (props.id) load(props.id, { quiet: true });
    });

    const onKey = (event) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.matches?.('input, textarea, select, dialog, dialog *')) return;
      if (event.key === 't') {
        event.preventDefault();
        focusComposer();
      }
    };
    let timer = null;
    let unwatch = null;
    onMounted(() => {
      wide.addEventListener('change', arrange);
      addEventListener('resize', arrange);
      addEventListener('keydown', onKey);
      window.visualViewport?.addEventListener('resize', fitKeyboard);
      fitKeyboard();
      unwatch = watchList();
      timer = setInterval(() => { if (!document.hidden) checkHealth(); }, HEALTH_MS);
      checkHealth();
      loadList();
      reload({ quiet: true, keepText: config.state !== null });
      open();
      // With a real keyboard people come here to write. On a phone it would cover half of what they came to read.
      if (!matchMedia('(pointer: coarse)').matches) focusComposer();
    });
    onBeforeUnmount(() => {
      wide.removeEventListener('change', arrange);
      removeEventListener('resize', arrange);
      removeEventListener('keydown', onKey);
      window.visualViewport?.removeEventListener('resize', fitKeyboard);
      document.documentElement.style.removeProperty('--seen');
      clearInterval(timer);
      unwatch();
    });

    async function focusComposer() {
      if (view.mode === 'mobile') view.pane = 'chat';
      await nextTick();
      document.getElementById('composer')?.focus();
    }

    // --- what was written

    const submit = (draft) => {
      view.problem = null;
      const meant = parseDraft(draft);
      if (meant.kind === 'error') view.problem = meant.message;
      else if (meant.kind === 'chat') send(meant.text, key.value);
      else if (meant.kind === 'command') run(meant);
    };

    const tell = (title, text) => {
      note(text ? `${title}: ${text}` : title);
      toast({ title, text });
      say(`${title} ${text ?? ''}`);
    };

    const COMMANDS = {
      help() {
        for (const line of helpLines().reverse()) note(line);
        showEvents();
      },
      async model() {
        if (!config.state) await reload({ quiet: true });
        const { provider, model: name } = model();
        tell(`${provider} · ${name}`);
      },
      async models({ set }) {
        if (set) {
          const { ok, text } = await useModel(set);
          if (ok) tell(text);
          else view.problem = text;
          return ok;
        }
        if (!config.state) await reload({ quiet: true });
        const current = model().model;
        for (const id of models().reverse()) note(`[models] ${id}${id === current ? ' (in use)' : ''}`);
        showEvents();
      },
      async new() {
        return (await create()) !== null && jump();
      },
      async compact() {
        const text = props.id ? digest(conversations.get(props.id)) : null;
        const id = await create();
        if (id === null) return false;
        jump();
        if (text) send(text, id);
        return true;
      },
      clear() {},
      sessions() {
        if (view.mode === 'mobile') view.pane = 'sessions';
        else tell('The sessions are on the left');
      },
    };

    // The draft goes when the command has done its work, and stays when it could not.
    async function run(command) {
      const from = key.value;
      if ((await COMMANDS[command.name](command)) !== false) setDraft(from, '');
    }

    function showEvents() {
      if (view.mode === 'mobile') view.pane = 'events';
      else view.side = 'events';
    }

    function jump() {
      view.pane = 'chat';
      focusComposer();
      return true;
    }

    const use = (skill) => {
      setDraft(key.value, `/activate ${skill} `);
      focusComposer();
    };

    // --- drawing

    const tabs = (label, all, chosen, choose, prefix) => {
      const onKeys = (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1, Home: -all.length, End: all.length }[event.key];
        if (!step) return;
        event.preventDefault();
        const now = all.findIndex(([name]) => name === chosen);
        const next = Math.abs(step) === 1 ? (now + step + all.length) % all.length : step < 0 ? 0 : all.length - 1;
        choose(all[next][0]);
        nextTick(() => document.getElementById(`${prefix}-${all[next][0]}`)?.focus());
      };
      return h('div', { class: 'segments chat-tabs', role: 'tablist', 'aria-label': label, onKeydown: onKeys }, all.map(([name, word]) => h('button', {
        key: name, id: `${prefix}-${name}`, type: 'button', role: 'tab', 'aria-selected': name === chosen ? 'true' : 'false', 'aria-controls': `pane-${name}`, tabindex: name === chosen ? 0 : -1, onClick: () => choose(name),
      }, word)));
    };

    const panel = (name, shown, content) => h('div', { key: name, id: `pane-${name}`, class: `pane pane-${name}`, role: 'tabpanel', 'aria-label': PANES.find(([id]) => id === name)[1], hidden: !shown }, shown || name === 'chat' ? content : null);

    return () => {
      const mobile = view.mode === 'mobile';
      const inPane = (name) => !mobile || view.pane === name;
      const inSide = (name) => (mobile ? view.pane === name : view.side === name);
      const { provider, model: name } = model();
      const conversing = inPane('chat');
      return h('main', { id: 'main', class: ['chat', view.mode], tabindex: -1 }, [
        h('h1', { class: 'offscreen' }, 'Chat'),
        chat.banner ? h('div', { class: 'banner chat-banner', role: 'alert' }, [
          icon('cross'),
          h('span', [h('code', chat.banner.code), `: ${chat.banner.message}`]),
          h('button', { class: 'plain', type: 'button', 'aria-label': 'Dismiss', onClick: () => { chat.banner = null; } }, icon('close')),
        ]) : null,
        mobile ? tabs('Part of the chat', PANES, view.pane, (pane) => { view.pane = pane; }, 'tab') : null,
        h('div', { class: 'chat-body' }, [
          h('section', { id: 'pane-sessions', class: 'pane rail', role: mobile ? 'tabpanel' : undefined, 'aria-label': 'Sessions', hidden: !inPane('sessions') }, h(SessionRail, { id: props.id, onCreated: jump, onChosen: () => { if (mobile) view.pane = 'chat'; } })),
          h('section', { id: 'pane-chat', class: 'pane conversation', role: mobile ? 'tabpanel' : undefined, 'aria-label': 'Conversation', hidden: !conversing }, [
            h(Conversation, { id: props.id, hidden: !conversing, model: config.state ? `${provider} · ${name}` : null }),
            props.id && chat.missing === props.id
              ? h('div', { class: 'composer' }, h('button', { class: 'button', type: 'button', onClick: async () => { if (await create()) jump(); } }, 'New session'))
              : h(Composer, { id: props.id, problem: view.problem, brief: mobile, onSubmit: submit, onEdited: () => { view.problem = null; } }),
          ]),
          h('aside', { class: 'chat-side', 'aria-label': 'Events and configuration', hidden: mobile && !SIDES.some(([side]) => side === view.pane) }, [
            mobile ? null : tabs('Beside the conversation', SIDES, view.side, (side) => { view.side = side; }, 'side'),
            panel('events', inSide('events'), h(EventsPane)),
            panel('config', inSide('config'), h(ConfigPane)),
            panel('skills', inSide('skills'), h(SkillsPane, { onUse: use })),
          ]),
        ]),
        // Only for those who cannot see the list change.
        h('p', { class: 'offscreen', role: 'status' }, chat.loaded ? `${list.length} sessions` : ''),
      ]);
    };
  },
};

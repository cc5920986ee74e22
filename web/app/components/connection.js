// Tells live from stale: a pill in the bar while all is well, a banner as soon as it is not.

import { h } from '/vendor/vue.js';
import { duration } from '../lib/time.js';
import { connection, retry } from '../live.js';
import { now } from '../now.js';
import { fleet } from '../store.js';

const WORDS = { connecting: 'Connecting', live: 'Live', unanswered: 'No answer', reconnecting: 'Reconnecting', offline: 'Offline' };

export const ConnectionPill = {
  setup: () => () => h('span', { class: `pill phase-${connection.phase}`, title: connection.rtt !== null ? `Round trip ${connection.rtt.toFixed(1)} ms` : undefined }, [
    h('span', { class: 'pill-dot', 'aria-hidden': 'true' }),
    h('span', WORDS[connection.phase]),
    connection.phase === 'live' && connection.rtt !== null ? h('span', { class: 'faint rtt' }, `${connection.rtt < 9.95 ? connection.rtt.toFixed(1) : Math.round(connection.rtt)} ms`) : null,
  ]),
};

export const ConnectionBanner = {
  setup: () => () => {
    const phase = connection.phase;
    void now.value;
    // The first moments of a connection are not worth a banner.
    const since = Date.now() - connection.since;
    const shown = phase !== 'live' && !(phase === 'connecting' && since < 2500);
    const freshness = Math.max(connection.heard, fleet.at);
    const age = freshness ? `What you see is ${duration(Date.now() - freshness)} old.` : 'Nothing has been received yet.';
    const text = {
      connecting: 'Connecting to the daemon…',
      unanswered: 'Connected, but the daemon does not answer.',
      reconnecting: `Connection lost ${duration(since)} ago, reconnecting…`,
      offline: navigator.onLine ? `The daemon has been out of reach for ${duration(since)}. Is it running? Start it with: drover up` : `This device has been offline for ${duration(since)}.`,
    }[phase];
    return h('div', { class: 'banner-place' }, [
      shown ? h('div', { class: `banner phase-${phase}` }, [
        h('span', { class: 'pill-dot', 'aria-hidden': 'true' }),
        h('span', [h('strong', text), ' ', h('span', { class: 'banner-age' }, age)]),
        h('button', { class: 'button small', onClick: retry }, 'Try now'),
      ]) : null,
      // The ticking text is not read out; a change of the phase is.
      h('p', { class: 'offscreen', role: 'status' }, phase === 'live' ? 'Connected to the daemon' : WORDS[phase]),
    ]);
  },
};

// Asks for the access token when the daemon wants one.

import { h, ref } from '/vendor/vue.js';
import { reconnectWithToken } from '../live.js';
import { loadFleet } from '../store.js';
import { setToken, token } from '../token.js';

export const TokenPrompt = {
  setup() {
    const value = ref('');
    const submit = (event) => {
      event.preventDefault();
      setToken(value.value.trim());
      reconnectWithToken();
      void loadFleet();
    };
    return () => h('main', { id: 'main', class: 'page narrow-page', tabindex: -1 }, [
      h('h1', 'Access token'),
      h('p', token.value ? 'The daemon did not accept the token. It may have expired.' : 'This daemon asks who you are.'),
      h('form', { class: 'form', onSubmit: submit }, [
        h('div', { class: 'form-row' }, [
          h('label', { for: 'token' }, 'Token'),
          h('input', { id: 'token', class: 'field mono', type: 'password', autocomplete: 'off', required: true, value: value.value, onInput: (event) => { value.value = event.target.value; } }),
        ]),
        h('button', { class: 'button primary' }, 'Continue'),
      ]),
    ]);
  },
};

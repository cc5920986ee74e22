// The access token, when the daemon asks for one. It lives as long as the browser tab: whoever closes the tab is out.

import { ref } from '/vendor/vue.js';

const KEY = 'drover.token';

export const token = ref(read());
export const wanted = ref(false);

export function needToken() {
  wanted.value = true;
}

export function setToken(value) {
  token.value = value;
  wanted.value = false;
  try {
    sessionStorage.setItem(KEY, value);
  } catch {
    // Storage can be forbidden; the token then lasts until the page is reloaded.
  }
}

function read() {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

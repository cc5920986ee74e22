// A view of `document` for xterm.js that works without 'unsafe-inline' in the page's style-src.
//
// xterm.js writes its theme and cell sizes into <style> elements and true colours into style="" attributes. The policy
// blocks both, because to the browser they look like injected markup. Constructed style sheets and the CSS object model
// are not markup and stay allowed, so this hands xterm.js elements that take the same calls along those ways. Only
// elements that xterm.js itself creates are touched; the page's document is left as it is.

export function cspDocument(real = document) {
  const sheets = new Set();

  const view = new Proxy(real, {
    get(target, key) {
      if (key === 'createElement') return create;
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set(target, key, value) {
      return Reflect.set(target, key, value, target);
    },
  });

  function create(name, options) {
    if (name === 'style') return styleElement();
    const element = real.createElement(name, options);
    if (name === 'span') element.setAttribute = setAttribute;
    return element;
  }

  // Stands where the <style> would, and owns a constructed sheet in its place.
  function styleElement() {
    const element = real.createElement('span');
    const sheet = new CSSStyleSheet();
    element.hidden = true;
    Object.defineProperty(element, 'textContent', {
      get: () => '',
      set(css) {
        sheet.replaceSync(css);
        if (!sheets.has(sheet)) {
          sheets.add(sheet);
          real.adoptedStyleSheets = [...real.adoptedStyleSheets, sheet];
        }
      },
    });
    element.remove = () => {
      drop(new Set([sheet]));
      Element.prototype.remove.call(element);
    };
    return element;
  }

  function drop(gone) {
    real.adoptedStyleSheets = real.adoptedStyleSheets.filter((sheet) => !gone.has(sheet));
    for (const sheet of gone) sheets.delete(sheet);
  }

  return { document: view, dispose: () => drop(new Set(sheets)) };
}

function setAttribute(name, value) {
  if (name === 'style') this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

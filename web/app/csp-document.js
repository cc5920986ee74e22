// A view of `document` for xterm.js that works without 'unsafe-inline' in the page's style-src.
//
// xterm.js writes its theme and cell sizes into <style> elements and true colours into style="" attributes. The policy
// blocks both, because to the browser they look like injected markup. Constructed style sheets and the CSS object model
// are not markup and stay allowed, so what xterm.js writes is led there. Only xterm.js is concerned; the page's own
// document is left as it is.

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
    return name === 'style' ? styleElement() : real.createElement(name, options);
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

// The part of xterm.js that draws rows takes the global document whatever it is told, and sets true colours as style=""
// attributes. Its one function for that is replaced; it is not public, which is tolerable as the file is pinned by hash.
export function cspRows(term) {
  const rows = term._core?._renderService?._renderer?.value?._rowFactory;
  if (typeof rows?._addStyle !== 'function') {
    console.warn('This version of xterm.js draws rows in another way: true colours will be missing');
    return;
  }
  rows._addStyle = (element, css) => { element.style.cssText += `${css};`; };
}

// A 400 carries field errors in `details`. Several shapes are in use; this turns each into {"field.path": "sentence"}.

export function fieldErrors(details) {
  const out = {};
  collect(details, '', out);
  return out;
}

function collect(value, path, out) {
  if (value === null || value === undefined) return;
  if (typeof value === 'string') {
    if (path) out[path] ??= value;
    return;
  }
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'string') {
        if (path) out[path] ??= item;
      } else if (item && typeof item === 'object') {
        const field = item.path ?? item.field ?? item.name;
        const message = item.message ?? item.error ?? item.reason;
        if (field !== undefined && message) out[Array.isArray(field) ? field.join('.') : String(field)] ??= message;
      }
    }
    return;
  }
  if (typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'formErrors') continue;
      const wrapper = key === 'fieldErrors' || key === 'fields' || key === 'errors';
      collect(inner, wrapper ? path : path ? `${path}.${key}` : key, out);
    }
  }
}

// The message for one form field, which may answer to several paths (also below them: `command.argv.0`).
export function errorFor(errors, ...paths) {
  for (const path of paths) {
    if (errors[path]) return errors[path];
    const below = Object.keys(errors).find((key) => key.startsWith(`${path}.`));
    if (below) return errors[below];
  }
  return null;
}

import { expect, test, vi } from 'vitest';
import { shell } from './register.svelte';

test('a version that takes over is shown, also by the page that installed the first', async () => {
  const worker = Object.assign(new EventTarget(), { controller: null, register: async () => new EventTarget() });
  const reload = vi.fn();
  vi.stubGlobal('navigator', { serviceWorker: worker });
  vi.stubGlobal('document', new EventTarget());
  vi.stubGlobal('location', { reload });
  await shell.register();
  worker.dispatchEvent(new Event('controllerchange'));
  expect(reload).not.toHaveBeenCalled();
  worker.dispatchEvent(new Event('controllerchange'));
  expect(reload).toHaveBeenCalledOnce();
});

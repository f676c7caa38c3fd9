// What no page may ever do: break its content security policy, reach a foreign host, or throw.
import type { BrowserContext, Page } from '@playwright/test';

/** A refused request is part of many stories; the browser reports it in the console all the same. */
const REFUSED_REQUEST = /^Failed to load resource/;

/** Notes everything that a context's pages do wrong. `address` is the only host they may know. */
export async function watch(context: BrowserContext, address: string, faults: string[]): Promise<void> {
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  context.on('page', (page) => { watchPage(page, faults); });
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (/^https?:|^wss?:/.test(url.protocol) && url.origin !== address) faults.push(`foreign request: ${url.href}`);
  });
}

function watchPage(page: Page, faults: string[]): void {
  page.on('pageerror', (error) => { faults.push(`uncaught: ${error.stack ?? error.message}`); });
  page.on('console', (message) => {
    if (message.type() === 'error' && !REFUSED_REQUEST.test(message.text())) faults.push(`console: ${message.text()}`);
  });
}

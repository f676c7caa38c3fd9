// Registers the service worker, and finds out when a new version of the page is ready.

const ADDRESS = '/phone/sw.js';
const SCOPE = '/phone';

/** The worker of this page. */
class Shell {
  /** A new version waits to take over. */
  waiting: ServiceWorker | null = $state.raw(null);

  /** Registers it; without HTTPS the page works without one. */
  async register(): Promise<void> {
    if (!('serviceWorker' in navigator)) return;
    let hadOne = navigator.serviceWorker.controller !== null;
    // A new version has taken over: show it. The first worker of all shows nothing new.
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      if (hadOne) location.reload();
      hadOne = true;
    });
    try {
      const registration = await navigator.serviceWorker.register(trusted(ADDRESS), { scope: SCOPE, updateViaCache: 'none' });
      this.#watch(registration);
      document.addEventListener('visibilitychange', () => { if (!document.hidden) void registration.update().catch(() => undefined); });
    } catch (thrown) {
      console.warn('The page is not stored for use without a network.', thrown);
    }
  }

  /** Lets the new version take over; the page is then loaded anew. */
  takeOver(): void {
    this.waiting?.postMessage('take over');
  }

  #watch(registration: ServiceWorkerRegistration): void {
    const look = () => { this.waiting = navigator.serviceWorker.controller ? registration.waiting : null; };
    look();
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look));
  }
}

/** The policy of the page lets only addresses through that are vouched for. */
function trusted(address: string): string {
  const types = (globalThis as { trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string } } }).trustedTypes;
  return types?.createPolicy('nearhand-worker', { createScriptURL: (url) => url }).createScriptURL(address) ?? address;
}

/** The shell of this page. */
export const shell = new Shell();

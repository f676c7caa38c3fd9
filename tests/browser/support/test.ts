// The test function of all stories: an office to work with, and pages that are watched.
import { test as base, type BrowserContext, type BrowserContextOptions, type Page } from '@playwright/test';
import { Api, serverUrl } from './api';
import { Cable } from './cable';
import { ADMIN, Office, type Login, type Place } from './office';
import { watch } from './watch';

export { expect } from '@playwright/test';

/** How a page is opened. */
export type Opening = BrowserContextOptions & {
  /** The part of the map that is seen first. */
  around?: Place;
};

type Fixtures = {
  office: Office;
  /** Opens a page in a browser of its own; somebody is logged in there, or nobody. */
  open: (who: Login | null, path: string, opening?: Opening) => Promise<Page>;
  /** A way to the server that can be cut; open a page with its address as `baseURL`. */
  cable: Cable;
};

type WorkerFixtures = {
  /** The API as the admin. */
  admin: Api;
  /** A town that no story has had. */
  nextPlace: () => Place;
};

/** On the phone page. */
export const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true };

export const test = base.extend<Fixtures, WorkerFixtures>({
  admin: [async ({}, use) => {
    await use(await Api.logIn(ADMIN.email, ADMIN.password));
  }, { scope: 'worker' }],

  nextPlace: [async ({}, use, workerInfo) => {
    let stories = 0;
    await use(() => {
      // Far enough apart that nobody of one town is near a case of another.
      const place = { lat: -58 + stories * 2, lng: -150 + 3 * ((firstTown() + workerInfo.workerIndex) % 100) };
      stories += 1;
      return place;
    });
  }, { scope: 'worker' }],

  office: async ({ admin, nextPlace }, use) => {
    await use(new Office(admin, nextPlace()));
  },

  cable: async ({}, use) => {
    const cable = await Cable.plugIn();
    await use(cable);
    cable.close();
  },

  open: async ({ browser }, use) => {
    const faults: string[] = [];
    const contexts: BrowserContext[] = [];
    await use(async (who, path, { around, ...options } = {}) => {
      const address = options.baseURL ?? serverUrl();
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options, baseURL: address });
      contexts.push(context);
      await watch(context, address, faults);
      if (around) await showFirst(context, around);
      if (who) await logIn(context, who);
      const page = await context.newPage();
      await page.goto(path);
      return page;
    });
    for (const context of contexts) await context.close();
    if (faults.length > 0) throw new Error(`pages did what they must not:\n${faults.join('\n')}`);
  },
});

/** A server that has seen other runs has people at the first places already. */
function firstTown(): number {
  return Number(process.env.NEARHAND_TEST_TOWN ?? 0);
}

/** Gives a context the cookie of a session, as the login form does. */
export async function logIn(context: BrowserContext, { login, password }: Login): Promise<void> {
  const response = await context.request.post('/v1/sessions', {
    data: { login, password, cookie: true },
    headers: { 'sec-fetch-site': 'same-origin' },
  });
  if (!response.ok()) throw new Error(`login of ${login}: ${response.status()} ${await response.text()}`);
}

/** Makes the map begin with a few streets around a place, as if they had been shown last. */
async function showFirst(context: BrowserContext, { lat, lng }: Place): Promise<void> {
  await context.addInitScript((kept) => {
    // The script runs in about:blank, too, which has no storage.
    if (location.protocol.startsWith('http') && !sessionStorage.getItem('nearhand.viewport')) sessionStorage.setItem('nearhand.viewport', kept);
  }, JSON.stringify({ center: { lat, lng }, zoom: 14 }));
}

/** The admin's login. */
export const ADMIN_LOGIN: Login = { login: ADMIN.email, password: ADMIN.password };

/** Opens the menu of one's account. */
export async function openMenu(page: Page): Promise<void> {
  await page.getByRole('banner').locator('summary').click();
}

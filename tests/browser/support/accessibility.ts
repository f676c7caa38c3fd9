// axe on a page as it is shown. Its source is evaluated: a script element is refused by the pages'
// content security policy.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOnly } from 'axe-core';
import { expect, type Page } from '@playwright/test';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** WCAG 2.2, levels A and AA. */
const ALL: RunOnly = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };
/** What changes with the colours; everything else is the same page in the other scheme. */
const COLOURS: RunOnly = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };

/** The widths and schemes in which every page is looked at. */
const LOOKS = [
  { width: 1280, height: 800, colorScheme: 'light', rules: ALL },
  { width: 1280, height: 800, colorScheme: 'dark', rules: COLOURS },
  { width: 390, height: 844, colorScheme: 'dark', rules: COLOURS },
  { width: 390, height: 844, colorScheme: 'light', rules: ALL },
] as const;

/** What is wrong with a page in all its looks, a line each. */
export async function faultsOf(page: Page, name: string): Promise<string[]> {
  const faults: string[] = [];
  await page.evaluate(source);
  for (const { width, height, colorScheme, rules } of LOOKS) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    await shown(page, width, colorScheme);
    await settled(page);
    const look = `${name}, ${width} px, ${colorScheme}`;
    faults.push(...(await run(page, rules)).map((fault) => `${look}: ${fault}`));
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (beyond > 0) faults.push(`${look}: the page is ${beyond} px wider than the window`);
    const headings = await page.locator('h1').count();
    if (headings !== 1) faults.push(`${look}: ${headings} headings of level 1`);
  }
  return faults;
}

/** Waits until nothing is being loaded. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator('h1').first()).toBeAttached();
  await expect(page.getByText('Loading …', { exact: true })).toHaveCount(0);
}

/** Waits until a page is as wide and as dark as it was told to be. Waits for no frame: a map that is
 *  drawn without a graphics card may keep one back for minutes. */
async function shown(page: Page, width: number, colorScheme: string): Promise<void> {
  await page.waitForFunction(
    (look) => window.innerWidth === look.width && matchMedia(`(prefers-color-scheme: ${look.colorScheme})`).matches,
    { width, colorScheme },
    { polling: 100 },
  );
}

async function run(page: Page, rules: RunOnly): Promise<string[]> {
  const { violations } = await page.evaluate((runOnly) => {
    const { axe } = window as unknown as { axe: { run: (where: Document, how: object) => Promise<AxeResults> } };
    return axe.run(document, { runOnly, resultTypes: ['violations'] });
  }, rules);
  return violations.map((one) => `${one.id} (${one.help}) at ${one.nodes.map((node) => node.target.join(' ')).join(' | ')}`);
}

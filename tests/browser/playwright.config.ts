// How the stories run: one server for all, two workers, Debian's Chromium, no retries.
import { defineConfig } from '@playwright/test';

const chromium = process.env.CHROMIUM;
if (!chromium) throw new Error('CHROMIUM must name the browser; `./dev test --browser` finds it.');

const asRoot = process.getuid?.() === 0;
/** Chromium must reach nobody but the server under test. */
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--no-default-browser-check'];

export default defineConfig({
  testDir: './stories',
  outputDir: './results',
  globalSetup: './support/global-setup.ts',
  workers: 2,
  fullyParallel: true,
  // A story that fails once in ten runs is a fault.
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  // Long enough for a busy machine; stories wait on conditions, so a fast one does not wait.
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    actionTimeout: 30_000,
    navigationTimeout: 60_000,
    locale: 'en-GB',
    timezoneId: 'Europe/Lisbon',
    // Without animations, which only cost time; maps are drawn without a graphics card here.
    contextOptions: { reducedMotion: 'reduce' },
    screenshot: 'only-on-failure',
    trace: { mode: 'retain-on-failure', screenshots: false, snapshots: true, sources: false },
    launchOptions: { executablePath: chromium, args: [...QUIET, ...(asRoot ? ['--no-sandbox'] : [])] },
  },
  projects: [
    // Makes the organisation in which all other stories happen.
    { name: 'first run', testMatch: 'first-run.spec.ts' },
    { name: 'stories', testIgnore: 'first-run.spec.ts', dependencies: ['first run'] },
  ],
});

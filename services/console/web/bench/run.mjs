// Runs the bench of the live map in a browser without a GPU: builds the page, serves it, and prints
// what it reports. `CHROMIUM` is the browser, `/usr/bin/chromium` unless given.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const TARGET_MS = 300;
/** How many times faster than giving the map everybody anew. */
const TARGET_RATIO = 1.2;
const PATIENCE_MS = 300_000;
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };

const load = loadavg()[0];
const folder = await mkdtemp(join(tmpdir(), 'console-bench-'));
try {
  await build({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    plugins: [svelte({ configFile: false, compilerOptions: { runes: true } })],
    build: { outDir: join(folder, 'page'), target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 2_000 },
    logLevel: 'warn',
  });
  print(await measure());
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Opens the page, and waits for its report. */
async function measure() {
  let arrive;
  const arrived = new Promise((resolve) => { arrive = resolve; });
  const server = createServer((request, response) => void answer(request, response, arrive));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = spawn(process.env.CHROMIUM ?? '/usr/bin/chromium', [
    '--headless=new', '--no-sandbox', '--disable-gpu', '--enable-unsafe-swiftshader', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--no-first-run', '--window-size=1280,800', `--user-data-dir=${join(folder, 'profile')}`, `http://127.0.0.1:${server.address().port}/index.html`,
  ], { stdio: 'ignore' });
  const failed = new Promise((_, reject) => {
    browser.once('error', (error) => reject(new Error(`the browser cannot be started (${error.message}); set CHROMIUM to its path`)));
    browser.once('exit', (code) => reject(new Error(`the browser ended with ${code} before it reported`)));
  });
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error('the page did not report in time')), PATIENCE_MS).unref());
  try {
    return await Promise.race([arrived, failed, late]);
  } finally {
    browser.removeAllListeners('exit');
    const ended = new Promise((resolve) => browser.once('exit', resolve));
    if (browser.exitCode === null && browser.kill()) await ended;
    server.close();
    server.closeAllConnections();
  }
}

async function answer(request, response, arrive) {
  if (request.method === 'POST') {
    let text = '';
    for await (const part of request) text += part;
    response.end();
    arrive(JSON.parse(text));
    return;
  }
  try {
    const path = normalize(new URL(request.url, 'http://bench').pathname);
    const content = await readFile(join(folder, 'page', path));
    response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
    response.end(content);
  } catch {
    response.statusCode = 404;
    response.end();
  }
}

function print(result) {
  if (result.error) throw new Error(result.error);
  const round = (number) => Math.round(number * 100) / 100;
  console.log(`# console: ${result.people} people, ${result.moved} of them moved in one update, 1280 x 800, software rendering; ${availableParallelism()} cores, load ${load.toFixed(2)} at the start`);
  console.log(`value console_update_p50 ${Math.round(result.update_p50)} ms target none`);
  console.log(`value console_update_p95 ${Math.round(result.update_p95)} ms target <=${TARGET_MS}`);
  console.log(`value console_set_data_p95 ${Math.round(result.whole_p95)} ms target none`);
  console.log(`ratio console_update_over_set_data ${round(result.whole_p50 / result.update_p50)} target >=${TARGET_RATIO}`);
}

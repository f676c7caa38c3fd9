// How the two pages are built into ../dist, byte for byte the same each time.
import { phoneWorker } from './build/phone-worker.ts';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// A running `nearhand up`, for `npm run dev`.
const server = process.env.NEARHAND_URL ?? 'http://127.0.0.1:8080';
const passedOn = ['/v1', '/console/settings.json', '/openapi.json', '/docs', '/invite', '/reset', '/offer', '/confirm-email', '/pages', '/dev'];

// The addresses of the pages, as the binary has them.
const addresses: Plugin = {
  name: 'nearhand-addresses',
  configureServer(development) {
    development.middlewares.use((request, _response, next) => {
      const page = /^\/(console|phone)(\/[^.]*)?(\?|$)/.exec(request.url ?? '')?.[1];
      if (page) request.url = `/${page}.html`;
      next();
    });
  },
};

export default defineConfig({
  plugins: [svelte(), addresses, phoneWorker('phone.html', here('./src/phone/worker/sw.js'), 'phone/sw.js')],
  resolve: { alias: { $lib: here('./src') } },
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2022',
    // Everything is a file of its own: the content security policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.txt' },
    rollupOptions: { input: { console: here('./console.html'), phone: here('./phone.html') } },
  },
  server: {
    proxy: Object.fromEntries(passedOn.map((path) => [path, { target: server, changeOrigin: false }])),
  },
  test: { include: ['src/**/*.test.ts'], passWithNoTests: true },
});
